"""Who is told of a search, who may end it, and what is kept and gone on from."""

import pickle
import warnings

import pytest
from simulate_searches import FOUR, Interrupting, three_clusters

from softmix import MixtureSearch
from softmix.selection.cell_fits import CellFits

sklearn_callback = pytest.importorskip("sklearn.callback", reason="scikit-learn has callbacks from 1.9 on")


class Recorder:
    """A callback that notes its tasks, and asks to stop after so many models."""

    def __init__(self, stop_after=None):
        self.events, self.stop_after = [], stop_after

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.events.append(("begin", context.task_name, context.max_subtasks))

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.parent is None:
            assert fitted_estimator.best_params_ == estimator.best_params_
        self.events.append(("end", context.task_name))
        return self.models_ended == self.stop_after

    @property
    def models_ended(self):
        return sum(event[0] == "end" and event[1] != "search" for event in self.events)


def test_callbacks_are_told_of_each_model():
    recorder = Recorder()
    MixtureSearch((1, 2), covariance_type=["full", "VEE"], random_state=0).set_callbacks(recorder).fit(
        three_clusters()
    )
    assert recorder.events[:3] == ["setup", ("begin", "search", 4), ("begin", "full, 1", 0)]
    assert recorder.events[-2:] == [("end", "search"), "teardown"]
    assert recorder.models_ended == 4


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_a_callback_ends_the_search_and_what_is_fitted_is_kept(n_jobs):
    search = MixtureSearch(
        range(1, 5), covariance_type=FOUR, random_state=0, n_jobs=n_jobs, warm_start=True
    ).set_callbacks(Recorder(stop_after=5))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        search.fit(three_clusters())
    assert search.stopped_ == "callback"
    kept = len(search.results_)
    assert 5 <= kept < 5 + n_jobs
    recorder = Recorder()
    search.set_callbacks(recorder).fit(three_clusters())
    assert recorder.events[1] == ("begin", "search", 16 - kept)
    assert len(search.results_) == 16


def test_callbacks_are_taken_down_when_the_search_fails():
    recorder = Recorder()
    with pytest.raises(ValueError, match="No model"):
        MixtureSearch(9, covariance_type="spherical").set_callbacks(recorder).fit(three_clusters(6))
    assert recorder.events[-1] == "teardown"


def test_the_progress_bars_of_scikit_learn_and_of_softmix_work(capsys):
    pytest.importorskip("rich")
    search = MixtureSearch((1, 2), covariance_type="full", random_state=0, progress=True)
    search.set_callbacks(sklearn_callback.ProgressBar()).fit(three_clusters())
    told = capsys.readouterr()
    assert "MixtureSearch" in told.out + told.err
    assert "Best of the models so far: full, " in told.err


def test_a_bar_that_nobody_sees_is_not_drawn(capsys):
    MixtureSearch((1, 2), covariance_type="full", random_state=0, progress="auto").fit(three_clusters())
    assert capsys.readouterr().err == ""


def test_a_search_goes_on_in_another_process():
    search = MixtureSearch(range(1, 5), covariance_type=FOUR, random_state=0, n_jobs=1, warm_start=True)
    with pytest.warns(UserWarning, match="6 of 16"):
        search.set_params(progress=Interrupting(6)).fit(three_clusters())
    told = []
    revived = pickle.loads(pickle.dumps(search.set_params(progress=False)))  # noqa: S301 (our own)
    revived.set_params(progress=lambda record, n_done, n_models: told.append((n_done, n_models)))
    assert search.stopped_ == "interrupted"
    assert revived.fit(three_clusters()).stopped_ == "completed"
    assert told == [(n, 16) for n in range(7, 17)]
    whole = MixtureSearch(range(1, 5), covariance_type=FOUR, random_state=0).fit(three_clusters())
    assert [r.bic for r in revived.results_] == [r.bic for r in whole.results_]


def test_a_model_that_needs_too_much_memory_is_a_failure_with_its_reason(monkeypatch):
    fit = CellFits.fit

    def short_of_memory(self, cell, **how):
        if cell.n_components == 2:
            raise MemoryError
        return fit(self, cell, **how)

    monkeypatch.setattr(CellFits, "fit", short_of_memory)
    search = MixtureSearch((1, 2), covariance_type="full", random_state=0).fit(three_clusters())
    assert [str(r.status) for r in search.results_] == ["converged", "failed"]
    assert search.results_[1].reason == "MemoryError"
