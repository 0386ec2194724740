"""Ctrl-C keeps the best so far once there is something; before that, and the second time, it raises."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulate import clusters
from simulate_stops import At, ctrl_c
from sklearn.exceptions import ConvergenceWarning

from softmix import FitInterruptedWarning, GaussianMixture, MixtureSearch, SearchInterruptedWarning, scan

pytest.importorskip("sklearn.callback", reason="the tests stop fits by scikit-learn's callbacks")
X, _ = clusters(n=300, d=2, k=4, separation=2.0)
PARAMS = {"n_components": 4, "random_state": 0, "tol": 0}


def interrupted(sweep, **params):
    model = GaussianMixture(**{**PARAMS, **params}).set_callbacks(At(sweep, ctrl_c))
    with pytest.warns(FitInterruptedWarning, match="interrupted after"):
        return model.fit(X)


@given(
    sweep=st.integers(2, 40),
    acceleration=st.sampled_from([None, "squarem"]),
    covariance_type=st.sampled_from(["full", "tied", "diag", "spherical"]),
)
def test_it_keeps_what_that_many_sweeps_would_have_found(sweep, acceleration, covariance_type):
    params = {"acceleration": acceleration, "covariance_type": covariance_type}
    model = interrupted(sweep, **params)
    with pytest.warns(ConvergenceWarning):
        # The sweep under way when Ctrl-C came is not counted.
        short = GaussianMixture(**PARAMS, **params, max_iter=model.n_iter_).fit(X)
    for name in ("weights_", "means_", "covariances_", "labels_", "lower_bounds_", "lower_bound_"):
        np.testing.assert_array_equal(getattr(model, name), getattr(short, name), err_msg=name)
    assert not model.converged_
    assert model.fit_report_.stopped == "interrupted"
    assert model.fit_report_.runs[0].stopped == "interrupted"
    assert model.score(X) == model.lower_bound_


def test_it_is_a_convergence_warning_that_says_how_to_go_on():
    with pytest.warns(ConvergenceWarning, match=r"after 6 sweeps .* warm_start=True goes on") as caught:
        model = GaussianMixture(**PARAMS, acceleration=None).set_callbacks(At(7, ctrl_c)).fit(X)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    bound = model.lower_bound_
    model.set_params(warm_start=True, tol=1e-5).set_callbacks().fit(X)
    assert model.converged_
    assert model.lower_bound_ > bound


def test_the_best_of_all_runs_is_kept():
    params = {"init_params": "random", "n_init": 3, "tol": 1e-5}
    whole = GaussianMixture(**{**PARAMS, **params}).fit(X)
    first = whole.fit_report_.runs[0]
    n_seen = first.sweeps - first.sweeps_refused
    model = interrupted(n_seen + 3, **params)  # early in the second run
    assert [run.stopped for run in model.fit_report_.runs] == [first.stopped, "interrupted"]
    assert model.fit_report_.runs[0].chosen
    assert model.n_iter_ == first.sweeps
    assert not model.converged_
    assert model.fit_report_.stopped == "interrupted"


@pytest.mark.parametrize("fitted", [False, True])
def test_before_a_sweep_of_all_rows_it_raises(fitted):
    model = GaussianMixture(**{**PARAMS, "tol": 1e-5})
    if fitted:
        model.fit(X)
    before = dict(vars(model))
    with pytest.raises(KeyboardInterrupt):
        model.set_callbacks(At(1, ctrl_c)).fit(X)
    assert vars(model.set_callbacks()).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())


class Twice(At):
    """Ctrl-C in a sweep, and again when the fit ends."""

    def on_fit_task_end(self, estimator, context):
        super().on_fit_task_end(estimator, context)
        if context.task_name == "run":
            ctrl_c()


def test_the_second_time_it_raises():
    model = GaussianMixture(**PARAMS).set_callbacks(Twice(5, ctrl_c))
    before = dict(vars(model))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert vars(model) == before


class Rows:
    """Rows whose pass number `at` brings Ctrl-C."""

    def __init__(self, at=0):
        self.at, self.passes = at, 0

    def __call__(self):
        self.passes += 1
        if self.passes == self.at:
            ctrl_c()
        return iter([X[:150], X[150:]])


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_whenever_it_comes_there_is_a_sound_model_or_none(n_jobs):
    params = {"init_params": "random", "n_init": 2, "max_iter": 4, "random_state": 0, "n_jobs": n_jobs}
    rows = Rows()
    with pytest.warns(ConvergenceWarning):
        GaussianMixture(3, **params).fit(scan(rows, spool=False))
    kept = []
    for at in range(2, rows.passes + 1):
        model = GaussianMixture(3, **params)
        try:
            with pytest.warns(FitInterruptedWarning):
                model.fit(scan(Rows(at), spool=False))
        except KeyboardInterrupt:
            assert not hasattr(model, "means_")
            kept.append(False)
            continue
        assert model.fit_report_.stopped == "interrupted"
        assert not model.converged_
        assert model.score(X) == pytest.approx(model.lower_bound_, rel=1e-12)
        kept.append(True)
    # Once there is something to keep, it is kept to the last pass, which is for the bound alone.
    assert kept == sorted(kept)
    assert kept[-8:] == [True] * 8


def test_a_search_over_models_still_ends():
    """Its fits are interrupted, not ended early one after the other."""
    seen = []

    def progress(record, n_done, n_models):
        seen.append(record)
        if n_done == 3:
            ctrl_c()

    search = MixtureSearch(range(1, 9), covariance_type=["VVV", "EEE"], random_state=0, progress=progress)
    with pytest.warns(SearchInterruptedWarning):
        search.fit(X)
    assert len(seen) < 16


LONG_FIT = """
import sys, threading, warnings
import numpy as np
from softmix import GaussianMixture

rows = np.random.default_rng(0).standard_normal((200_000, 8))
model = GaussianMixture(
    16, tol=0, max_iter=1_000_000, random_state=0, init_params="random", n_jobs=int(sys.argv[1])
)

class Tell:
    def setup(self, estimator, context): pass
    def teardown(self, estimator, context): pass
    def on_fit_task_begin(self, estimator, context): pass
    def on_fit_task_end(self, estimator, context):
        if context.task_name == "sweep" and context.task_id == 3:
            print("fitting", flush=True)

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    model.set_callbacks(Tell()).fit(rows)
threads = [thread.name for thread in threading.enumerate() if thread.name.startswith("softmix")]
print([warning.category.__name__ for warning in caught], model.converged_, model.n_iter_ >= 3, threads)
print(model.score(rows) == model.lower_bound_, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
@pytest.mark.parametrize("n_jobs", ["1", "2"])
def test_a_long_fit_ends_soon(n_jobs):
    process = subprocess.Popen([sys.executable, "-c", LONG_FIT, n_jobs], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "fitting\n"
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "['FitInterruptedWarning'] False True []\n"
    # One block, one addition, and a sweep for the labels; the fit itself would take days.
    assert time.monotonic() - begin < 20
    assert process.stdout.readline() == "True\n"
    assert process.wait() == 0
