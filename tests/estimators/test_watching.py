"""What a fit tells while it lasts: `progress`, scikit-learn's callbacks, and logging."""

import io
import logging
import subprocess
import sys

import numpy as np
import pytest
from simulate import clusters
from simulate_stops import At
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from softmix import GaussianMixture
from softmix.blocks import ArrayBlocks
from softmix.estimators.progress import ProgressWatcher

X, _ = clusters(n=300, d=2)


# The line of `progress`


def test_the_line_has_run_sweep_height_gain_to_come_and_rate():
    lines, seconds = [], iter([0.0, 10.0, 10.125, 10.625, 10.65])
    watcher = ProgressWatcher(lines.append, ArrayBlocks(X), lambda: next(seconds))
    watcher.run_begins(1)
    for iteration, bound in ((1, -5.0), (2, -4.5), (3, -4.4), (4, -4.3)):
        watcher.iteration_ends(iteration, bound, 0.1)
    assert lines == [
        "run 2, finding a start",
        "run 2, sweep 1 · -5.000000 nats/row",
        "run 2, sweep 2 · -4.500000 nats/row · 2.4k rows/s",
        # Steps of 0.5 and 0.1 promise 0.1 × 0.9 / (1 − 0.9) more, by the ratio 0.9 that counts at least.
        "run 2, sweep 3 · -4.400000 nats/row · 9.0e-01 to come · 600 rows/s",
        # The fourth came too soon after the third for eyes.
    ]


def test_sweeps_that_were_refused_count_in_the_rate():
    lines, seconds = [], iter([0.0, 1.0, 2.0])
    watcher = ProgressWatcher(lines.append, ArrayBlocks(X), lambda: next(seconds))
    watcher.run_begins(0)
    watcher.iteration_ends(1, -5.0, np.inf)
    watcher.iteration_ends(4, -4.0, 1.0)
    assert lines[-1] == "run 1, sweep 4 · -4.000000 nats/row · 900 rows/s"


@pytest.mark.parametrize("progress", [True, "auto"])
def test_a_terminal_shows_it(progress, monkeypatch):
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    model = GaussianMixture(3, random_state=0, progress=progress).fit(X)
    assert "run 1, sweep" in sys.stderr.getvalue()
    np.testing.assert_array_equal(model.means_, GaussianMixture(3, random_state=0).fit(X).means_)


@pytest.mark.parametrize("progress", [False, "auto"])
def test_elsewhere_there_is_none(progress, capfd):
    GaussianMixture(3, random_state=0, progress=progress).fit(X)
    assert capfd.readouterr() == ("", "")


WITHOUT = """
import sys
sys.modules[{module!r}] = None
import numpy as np
from softmix import GaussianMixture
X = np.random.default_rng(0).standard_normal((100, 2))
GaussianMixture(2, random_state=0, progress={progress!r}).fit(X)
"""


@pytest.mark.parametrize(
    ("module", "progress", "said"),
    [
        ("rich", True, 'progress=True needs rich, which is not installed: pip install "softmix[cli]"'),
        ("rich", "auto", ""),
        ("rich", False, ""),
        ("sklearn.callback", False, ""),  # scikit-learn before 1.9
    ],
)
def test_what_may_be_missing_is_missed_only_where_it_is_asked_for(module, progress, said):
    code = WITHOUT.format(module=module, progress=progress)
    # scikit-learn 1.9 itself wants its callbacks, but not before fit is called.
    if module == "sklearn.callback":
        code = code.replace("import sys", "import sys, sklearn.base, sklearn.callback", 1).replace(
            "GaussianMixture(2", "del sys.modules['sklearn.callback']\nGaussianMixture(2"
        )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert said in run.stderr
    assert bool(run.returncode) == bool(said)
    assert run.stdout == ""


# scikit-learn's callbacks


class Tasks:
    """Writes down what it is told."""

    max_propagation_depth = None

    def __init__(self):
        self.told = []

    def setup(self, estimator, context):
        self.told.append(("setup", context.task_name))

    def teardown(self, estimator, context):
        self.told.append(("teardown", context.task_name))

    def on_fit_task_begin(self, estimator, context):
        self.told.append(("begin", context.task_name))

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.told.append(("end", context.task_name))
        if context.task_name == "fit":
            self.fitted = fitted_estimator


def names(told, event):
    return [name for happened, name in told if happened == event]


@pytest.fixture
def callbacks():
    return pytest.importorskip("sklearn.callback")


@pytest.mark.usefixtures("callbacks")
def test_callbacks_are_told_of_runs_and_sweeps():
    tasks = Tasks()
    model = GaussianMixture(3, init_params="random", n_init=2, random_state=0).set_callbacks(tasks).fit(X)
    seen = sum(run.sweeps - run.sweeps_refused for run in model.fit_report_.runs)
    assert names(tasks.told, "begin")[:3] == ["fit", "run", "sweep"]
    assert names(tasks.told, "end").count("sweep") >= seen - 2  # a last step may fall by rounding
    assert names(tasks.told, "end").count("run") == 2
    assert names(tasks.told, "end")[-1] == "fit"
    assert tasks.told[0] == ("setup", "fit")
    assert tasks.told[-1] == ("teardown", "fit")
    np.testing.assert_array_equal(tasks.fitted.predict(X), model.labels_)


@pytest.mark.usefixtures("callbacks")
def test_components_placed_anew_belong_to_their_run():
    rows, _ = clusters(n=300, d=2, k=3, separation=8.0, seed=1)
    rows[:6] = rows.mean(axis=0) + 30.0
    tasks = Tasks()
    model = GaussianMixture(6, init_params="random", random_state=1).set_callbacks(tasks)
    with pytest.warns(UserWarning, match="no spread"):
        model.fit(rows)
    assert model.fit_report_.runs[0].reseeded
    assert names(tasks.told, "begin").count("run") == 1


@pytest.mark.usefixtures("callbacks")
def test_they_are_taken_down_after_a_failure_too():
    tasks = Tasks()
    with pytest.raises(ValueError, match="NaN"):
        GaussianMixture(3).set_callbacks(tasks).fit(np.full((9, 2), np.nan))
    assert tasks.told[-1] == ("teardown", "fit")


@pytest.mark.usefixtures("callbacks")
def test_one_may_stop_a_run(recwarn):
    model = GaussianMixture(3, random_state=0, tol=0).set_callbacks(At(5, lambda: True)).fit(X)
    assert model.fit_report_.stopped == "callback"
    assert not model.converged_
    assert len(model.lower_bounds_) == 5
    assert not [warning for warning in recwarn if "converge" in str(warning.message)]


@pytest.mark.usefixtures("callbacks")
def test_a_run_that_one_stopped_is_over():
    rows, _ = clusters(n=300, d=2, k=3, separation=8.0, seed=1)
    rows[:6] = rows.mean(axis=0) + 30.0
    model = GaussianMixture(6, init_params="random", random_state=1, tol=0).set_callbacks(
        At(40, lambda: True)
    )
    with pytest.warns(UserWarning, match="no spread"):
        model.fit(rows)
    assert model.fit_report_.runs[0].reseeded == 0
    assert len(model.lower_bounds_) == 40


@pytest.mark.usefixtures("callbacks")
def test_they_pass_through_pipelines_and_clones():
    tasks = Tasks()
    make_pipeline(StandardScaler(), GaussianMixture(3, random_state=0)).set_callbacks(tasks).fit(X)
    assert "sweep" in names(tasks.told, "end")
    again = clone(GaussianMixture(3, random_state=0).set_callbacks(tasks))
    tasks.told.clear()
    again.fit(X)
    assert tasks.told


def test_the_progress_bar_of_scikit_learn(callbacks, capfd):
    pytest.importorskip("rich")
    GaussianMixture(3, random_state=0, n_init=2).set_callbacks(callbacks.ProgressBar()).fit(X)
    assert "GaussianMixture - run #1" in capfd.readouterr().out


# Logging


def test_the_log_tells_of_runs_and_sweeps(caplog, tmp_path):
    caplog.set_level(logging.DEBUG, "softmix")
    model = GaussianMixture(3, random_state=0, tol=0, max_iter=9, checkpoint=tmp_path / "fit")
    with pytest.warns(UserWarning, match="not converge"):
        model.fit(X)
    said = [record.getMessage() for record in caplog.records if record.name == "softmix"]
    assert said[0] == "run 0 begins at a start by auto"
    assert any(line.startswith("sweep 9: ") for line in said)
    assert any("written before sweep 1" in line for line in said)
    assert said[-1].startswith("run at ")
    assert said[-1].endswith("after 9 sweeps: max_iter")


def test_the_log_is_silent_unless_asked_for(capfd):
    GaussianMixture(3, random_state=0).fit(X)
    assert logging.getLogger("softmix").handlers
    assert capfd.readouterr() == ("", "")
