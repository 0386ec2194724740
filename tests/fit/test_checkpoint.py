"""A fit that was stopped goes on from its checkpoint, and comes to the bits of one that never was."""

import shutil
import signal
import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file
from simulate import ATTRIBUTES, clusters
from simulate_many import many, rows_of
from simulate_stops import At, ctrl_c, stopped_at
from sklearn.exceptions import ConvergenceWarning

from softmix import GaussianMixture, scan
from softmix.exceptions import CheckpointError
from softmix.parameters import FactorShape

pytest.importorskip("sklearn.callback", reason="the tests stop fits by scikit-learn's callbacks")

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::softmix.DegenerateComponentWarning"),
]
X, _ = clusters(n=300, d=2)
WEIGHTS = np.random.default_rng(0).uniform(0.0, 2.0, len(X))


def assert_same(model, other):
    for name in (*ATTRIBUTES, "lower_bounds_", "lower_bound_", "n_iter_", "converged_"):
        np.testing.assert_array_equal(getattr(model, name), getattr(other, name), err_msg=name)
    assert model.fit_report_ == other.fit_report_


def assert_resumes(params, rows, stops, path, every="1 sweep", **fit):
    """A fit that is stopped at each of `stops`, and then goes on, is the fit that never was."""
    whole = GaussianMixture(**params).fit(rows, **fit)
    stopped = 0
    for stop in stops:
        model = GaussianMixture(**params, checkpoint=path, checkpoint_every=every)
        stopped += stopped_at(stop, model, rows, **fit)
    resumed = GaussianMixture(**params, checkpoint=path, checkpoint_every=every).fit(rows, **fit)
    assert_same(resumed, whole)
    assert not list(path.parent.iterdir())
    return stopped


@pytest.fixture
def path(tmp_path):
    return tmp_path / "fit.checkpoint"


@settings(max_examples=10)
@given(
    covariance_type=st.sampled_from(["full", "tied", "diag", "spherical", "VVE", "VEV"]),
    acceleration=st.sampled_from([None, "squarem"]),
    weights=st.sampled_from([None, WEIGHTS]),
    dtype=st.sampled_from([np.float64, np.float32]),
    prior=st.sampled_from([None, "default"]),
    init_params=st.sampled_from(["auto", "random", "kmeans"]),
    stops=st.lists(st.integers(1, 40), min_size=1, max_size=3),
    every=st.sampled_from(["1 sweep", "3 sweeps", 0, 3600]),
    tol=st.sampled_from([0.0, 1e-5]),
)
def test_a_fit_that_goes_on_has_the_bits_of_one_that_never_stopped(
    covariance_type, acceleration, weights, dtype, prior, init_params, stops, every, tol, path
):
    params = {
        "n_components": 4,
        "covariance_type": covariance_type,
        "acceleration": acceleration,
        "prior": prior,
        "init_params": init_params,
        "n_init": 2,
        "max_iter": 30,
        "tol": tol,
        "random_state": 0,
    }
    assert_resumes(params, X.astype(dtype), stops, path, every, sample_weight=weights)


@settings(max_examples=4)
@given(seed=st.integers(0, 11), stops=st.lists(st.integers(1, 60), min_size=1, max_size=3))
@example(seed=1, stops=[40, 30, 5])
def test_it_does_so_while_collapsed_components_are_placed_anew(seed, stops, path):
    rows, _ = clusters(n=300, d=2, k=3, separation=8.0, seed=seed)
    rows[:6] = rows.mean(axis=0) + 30.0
    params = {"n_components": 6, "init_params": "random", "random_state": seed, "max_iter": 40}
    if seed == 1:
        assert GaussianMixture(**params).fit(rows).fit_report_.runs[0].reseeded
    assert_resumes(params, rows, stops, path)


def test_it_does_so_in_groups_of_rows(path):
    """The order in which grouped rows are added depends on sweeps long past."""
    truth = many(FactorShape.FULL, k=60, d=2, separation=10.0, seed=3)
    rows = rows_of(truth, 120_000)
    params = {
        "n_components": 60,
        "means_init": truth.means + 0.1,
        "max_iter": 30,
        "tol": 0,
        "reg_covar": 1e-6,
        "acceleration": None,
        "random_state": 0,
    }
    model = GaussianMixture(**params, checkpoint=path, checkpoint_every="1 sweep")
    assert stopped_at(15, model, rows)
    assert path.stat().st_size > 4 * len(rows)  # the groups are in it
    assert assert_resumes(params, rows, [8], path) == 1


@pytest.mark.parametrize("covariance_type", ["full", "diag", "VVE"])
def test_it_does_so_where_values_are_missing(covariance_type, path):
    params = {
        "n_components": 3,
        "covariance_type": covariance_type,
        "missing": "marginal",
        "init_params": "random",
        "n_init": 2,
        "random_state": 0,
        "max_iter": 20,
    }
    lacking = np.where(np.random.default_rng(0).random(X.shape) < 0.2, np.nan, X)
    assert assert_resumes(params, lacking, [4, 9, 18], path) == 3


def test_it_does_so_for_streams(path):
    params = {"n_components": 3, "random_state": 0, "tol": 0, "max_iter": 20, "checkpoint": path}
    rows = scan(lambda: iter([X[:100], X[100:]]))
    whole = GaussianMixture(**{**params, "checkpoint": None}).fit(rows)
    assert stopped_at(9, GaussianMixture(**params, checkpoint_every="1 sweep"), rows)
    resumed = GaussianMixture(**params).fit(rows)
    np.testing.assert_array_equal(resumed.means_, whole.means_)
    assert resumed.fit_report_ == whole.fit_report_


def test_checkpoints_change_nothing(path):
    params = {"n_components": 3, "random_state": 0}
    assert_same(GaussianMixture(**params, checkpoint=path).fit(X), GaussianMixture(**params).fit(X))


def test_any_number_of_threads_goes_on(path):
    rows, _ = clusters(n=70_000, d=3)
    params = {"n_components": 3, "random_state": 0, "init_params": "random", "max_iter": 12, "tol": 0}
    whole = GaussianMixture(**params, n_jobs=1).fit(rows)
    model = GaussianMixture(**params, n_jobs=1, checkpoint=path, checkpoint_every="1 sweep")
    assert stopped_at(6, model, rows)
    assert_same(GaussianMixture(**params, n_jobs=3, checkpoint=path).fit(rows), whole)


# Random states


@pytest.mark.parametrize("generator", [np.random.MT19937, np.random.PCG64])
def test_a_generator_is_left_as_the_whole_fit_leaves_it(generator, path):
    params = {"n_components": 4, "n_init": 3, "init_params": "random"}

    def seeded():
        return np.random.RandomState(generator(7))

    whole, resumed = seeded(), seeded()
    expected = GaussianMixture(**params, random_state=whole).fit(X)
    model = GaussianMixture(**params, random_state=seeded(), checkpoint=path, checkpoint_every="1 sweep")
    assert stopped_at(5, model, X)
    assert_same(GaussianMixture(**params, random_state=resumed, checkpoint=path).fit(X), expected)
    assert resumed.randint(1 << 30) == whole.randint(1 << 30)


def test_the_shared_generator_is_not_set_back(path):
    params = {"n_components": 4, "n_init": 3, "init_params": "random"}
    np.random.seed(5)  # noqa: NPY002 (what random_state=None draws from)
    expected = GaussianMixture(**params).fit(X)
    np.random.seed(5)  # noqa: NPY002
    model = GaussianMixture(**params, checkpoint=path, checkpoint_every="1 sweep")
    assert stopped_at(5, model, X)
    np.random.seed(8)  # noqa: NPY002
    assert_same(GaussianMixture(**params, checkpoint=path).fit(X), expected)
    assert np.random.randint(1 << 30) == np.random.RandomState(8).randint(1 << 30)  # noqa: NPY002


# What is refused

PARAMS = {"n_components": 3, "random_state": 0, "tol": 0, "max_iter": 20}
OTHER_ROWS = X.copy()
OTHER_ROWS[17, 1] += 1e-9
OTHER_FITS = {
    "n_components was 3 and is 4": lambda m: m.set_params(n_components=4).fit(X),
    "covariance_type was 'VVV' and is 'EEE'": lambda m: m.set_params(covariance_type="tied").fit(X),
    r"tol was 0 and is 0\.1": lambda m: m.set_params(tol=0.1).fit(X),
    "reg_covar was 1e-14 and is 0.001": lambda m: m.set_params(reg_covar=1e-3).fit(X),
    "max_iter was 20 and is 21": lambda m: m.set_params(max_iter=21).fit(X),
    "n_init was 1 and is 2": lambda m: m.set_params(n_init=2).fit(X),
    "init_params was 'auto' and is 'random'": lambda m: m.set_params(init_params="random").fit(X),
    "acceleration was 'squarem' and is None": lambda m: m.set_params(acceleration=None).fit(X),
    "random_state was '0' and is '1'": lambda m: m.set_params(random_state=1).fit(X),
    "random_state was '0' and is None": lambda m: m.set_params(random_state=None).fit(X),
    "means_init was None and is given": lambda m: m.set_params(means_init=X[:3]).fit(X),
    "weights='equal' was False and is True": lambda m: m.set_params(weights="equal").fit(X),
    r"prior.shrinkage was None and is 0\.01": lambda m: m.set_params(prior="default").fit(X),
    "the number of rows was 300 and is 200": lambda m: m.fit(X[:200]),
    "the number of columns was 2 and is 1": lambda m: m.fit(X[:, :1]),
    "the dtype of X was 'float64' and is 'float32'": lambda m: m.fit(X.astype(np.float32)),
    r"the total weight was 300\.0 and is": lambda m: m.fit(X, sample_weight=WEIGHTS),
    "another fit: X has other values": lambda m: m.fit(OTHER_ROWS),
    "the kind of X was 'an array' and is 'a scan'": lambda m: m.fit(scan(lambda: iter([X]))),
}


@pytest.fixture
def left(path):
    """The path of a checkpoint that a stopped fit of PARAMS to X left."""
    assert stopped_at(9, GaussianMixture(**PARAMS, checkpoint=path, checkpoint_every=0), X)
    return path


@pytest.mark.parametrize("found", OTHER_FITS)
def test_another_fit_is_refused_and_named(found, left):
    before = left.read_bytes()
    model = GaussianMixture(**PARAMS, checkpoint=left)
    with pytest.raises(CheckpointError, match=found) as caught:
        OTHER_FITS[found](model)
    assert "\n" not in str(caught.value)
    assert str(left) in str(caught.value)
    assert not hasattr(model, "means_")
    assert left.read_bytes() == before


def test_all_that_differs_is_named(left):
    with pytest.raises(CheckpointError, match="n_components was 3 and is 4; tol was 0 and is 1"):
        GaussianMixture(**{**PARAMS, "n_components": 4, "tol": 1}, checkpoint=left).fit(X)


def test_what_does_not_decide_the_answer_may_differ(left):
    model = GaussianMixture(**PARAMS, checkpoint=left, n_jobs=2, verbose_interval=3, checkpoint_every=5)
    assert_same(model.fit(X), GaussianMixture(**PARAMS).fit(X))


def test_given_values_may_not_differ(path):
    params = {"n_components": 3, "tol": 0, "max_iter": 20, "checkpoint": path, "checkpoint_every": 0}
    assert stopped_at(9, GaussianMixture(**params, means_init=X[:3]), X)
    with pytest.raises(CheckpointError, match="means_init has other values"):
        GaussianMixture(**params, means_init=X[1:4]).fit(X)


@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_checkpoint_is_one_clear_error(data, left):
    content = left.read_bytes()
    if data.draw(st.booleans()):
        damaged = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        place = data.draw(st.integers(0, len(content) - 1))
        damaged = bytearray(content)
        damaged[place] ^= data.draw(st.integers(1, 255))
    try:
        left.write_bytes(damaged)
        with pytest.raises(CheckpointError) as caught:
            GaussianMixture(**PARAMS, checkpoint=left).fit(X)
        assert "\n" not in str(caught.value)
    finally:
        left.write_bytes(content)


def test_a_file_of_another_kind_is_not_overwritten(path):
    for write in (
        lambda: save_file({"a": np.zeros(3)}, path),
        lambda: GaussianMixture(2, random_state=0).fit(X).save(path),
        lambda: path.write_text("notes"),
    ):
        write()
        with pytest.raises(CheckpointError, match=r"is not a usable checkpoint.*another path"):
            GaussianMixture(**PARAMS, checkpoint=path).fit(X)


def test_a_checkpoint_of_another_softmix_is_refused(left, monkeypatch):
    monkeypatch.setattr("softmix.__version__", "9.0")
    with pytest.raises(CheckpointError, match=r"written by softmix 0\S+, and this is softmix 9\.0"):
        GaussianMixture(**PARAMS, checkpoint=left).fit(X)


def test_places_without_room_for_a_file(tmp_path):
    with pytest.raises(CheckpointError, match="is a directory"):
        GaussianMixture(checkpoint=tmp_path).fit(X)
    with pytest.raises(CheckpointError, match=r"there is no directory .*Make it first"):
        GaussianMixture(checkpoint=tmp_path / "no" / "fit").fit(X)


@pytest.mark.parametrize("every", ["ten", "0 sweeps", "10", -1, "10 minutes", True])
def test_intervals_that_are_none(every, path):
    with pytest.raises(ValueError, match=r"'checkpoint_every' parameter .* number of seconds"):
        GaussianMixture(checkpoint=path, checkpoint_every=every).fit(X)


def test_a_disk_that_fails_later_does_not_end_the_fit(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    model = GaussianMixture(**PARAMS, checkpoint=folder / "fit", checkpoint_every="1 sweep")
    model.set_callbacks(At(5, lambda: shutil.rmtree(folder)))
    with pytest.warns(RuntimeWarning, match="could not be written"):
        model.fit(X)
    assert_same(model, GaussianMixture(**PARAMS).fit(X))


# Ctrl-C and kill -9


@pytest.mark.parametrize("sweep", [2, 7, 19])
def test_ctrl_c_leaves_a_checkpoint_to_go_on_from(sweep, path):
    model = GaussianMixture(**PARAMS, checkpoint=path, checkpoint_every=3600)
    with pytest.warns(ConvergenceWarning, match="interrupted .* same checkpoint"):
        model.set_callbacks(At(sweep, ctrl_c)).fit(X)
    assert model.fit_report_.stopped == "interrupted"
    assert path.exists()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        assert_same(model.set_callbacks().fit(X), GaussianMixture(**PARAMS).fit(X))
    assert not path.exists()


LONG_FIT = """
import hashlib, sys
import numpy as np
from softmix import GaussianMixture

class Tell:
    def setup(self, estimator, context): pass
    def teardown(self, estimator, context): pass
    def on_fit_task_begin(self, estimator, context): pass
    def on_fit_task_end(self, estimator, context):
        if context.task_name == "sweep":
            print("sweep", flush=True)

rows = np.random.default_rng(0).standard_normal((30_000, 4)).cumsum(axis=1)
checkpoint = sys.argv[1] if len(sys.argv) > 1 else None
model = GaussianMixture(6, tol=0, max_iter=60, n_init=2, init_params="random", random_state=0,
                        checkpoint=checkpoint, checkpoint_every="2 sweeps")
model.set_callbacks(Tell()).fit(rows)
digest = hashlib.sha256()
for name in ("weights_", "means_", "covariances_", "labels_"):
    digest.update(getattr(model, name).tobytes())
digest.update(repr((model.lower_bounds_, model.fit_report_)).encode())
print(digest.hexdigest(), flush=True)
"""


def run_long_fit(*arguments, kill_after=None):
    """What the fit said: a line a sweep, then what it came to; killed when it has said so many."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", LONG_FIT, *arguments], stdout=subprocess.PIPE, text=True
    )
    said = [process.stdout.readline() for _ in range(kill_after or 0)]
    if kill_after is not None:
        process.send_signal(signal.SIGKILL)
    said += process.stdout.readlines()
    process.wait()
    return [line.strip() for line in said]


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGKILL")
def test_kill_9_loses_an_interval_and_no_bit(path):
    *_, whole = expected = run_long_fit()
    rng = np.random.default_rng(1)
    killed, made = 0, 0
    for _ in range(2):
        *sweeps, last = run_long_fit(str(path), kill_after=rng.integers(1, 40))
        finished = last != "sweep"
        made += len(sweeps) + (not finished)
        killed += not finished
        if finished:
            break
    else:
        *sweeps, last = run_long_fit(str(path))
        made += len(sweeps)
    assert killed > 0
    assert last == whole
    # Each kill loses the sweeps since the last checkpoint, two at most, and the one under way, which
    # did not tell; each run had been told of all its own.
    assert made - (len(expected) - 1) <= 2 * killed
    assert not list(path.parent.iterdir())
