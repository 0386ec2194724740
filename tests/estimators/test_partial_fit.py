"""`partial_fit`: how a stream begins, goes on, forgets and ends."""

import pickle
import warnings

import numpy as np
import pytest
from simulate import ALL_TYPES, ATTRIBUTES, clusters
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from softmix import DegenerateComponentWarning, GaussianMixture, load, scan
from softmix.blocks.block import block_rows

X, LABELS = clusters(n=900, d=2, separation=6.0)
FIRST, SECOND, THIRD = X[:400], X[400:650], X[650:]
MODEL = GaussianMixture(3, random_state=0)
NAMES = ATTRIBUTES[:-1]


def streamed(model, *blocks):
    for block in blocks:
        model.partial_fit(block)
    return model


def assert_same_bits(one, other):
    for name in (*NAMES, "n_samples_seen_", "lower_bound_"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


# Beginning


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
def test_the_first_block_is_fitted(covariance_type):
    model = clone(MODEL).set_params(covariance_type=covariance_type)
    fitted, begun = clone(model).fit(FIRST), clone(model).partial_fit(FIRST)
    for name in NAMES:
        np.testing.assert_array_equal(getattr(begun, name), getattr(fitted, name))
    assert begun.lower_bound_ == pytest.approx(fitted.lower_bound_, rel=1e-12)
    assert begun.n_samples_seen_ == fitted.n_samples_seen_ == 400


def test_few_rows_are_gathered():
    """Also from an array that the caller writes over."""
    buffer, model = np.empty((60, 2)), clone(MODEL)  # 10 (d + 2) K = 120
    for start in (0, 60):
        buffer[...] = FIRST[start : start + 60]
        if start:
            with pytest.raises(NotFittedError, match="gathered 60 rows, and partial_fit begins with 120"):
                model.predict(FIRST)
            with pytest.raises(NotFittedError, match="gathered 60 rows"):
                model.sample()
        model.partial_fit(buffer)
    assert_same_bits(model, clone(MODEL).partial_fit(FIRST[:120]))


def test_row_by_row_from_the_first():
    model = clone(MODEL).set_params(init_size=150)
    for row in X:
        model.partial_fit(row[None])
    assert model.n_iter_ == 751
    assert model.n_samples_seen_ == 900
    assert model.score(X) > clone(MODEL).fit(X).score(X) - 0.02


def test_rows_of_weight_0_do_not_begin():
    model = clone(MODEL).partial_fit(FIRST[:150], sample_weight=np.r_[np.ones(80), np.zeros(70)])
    assert not hasattr(model, "means_")
    assert hasattr(model.partial_fit(FIRST[150:200]), "means_")
    assert model.n_samples_seen_ == 130


# Going on


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
def test_passes_over_shuffled_blocks_reach_the_fit(covariance_type):
    rng = np.random.default_rng(0)
    model = clone(MODEL).set_params(covariance_type=covariance_type, random_state=1)
    fitted = clone(model).set_params(tol=1e-9).fit(X)
    for _ in range(30):
        streamed(model, *np.split(rng.permutation(X), 6))
    assert model.score(X) == pytest.approx(fitted.score(X), abs=3e-4)


# 60 passes of shrinking steps are some 13 iterations of EM, which climbs these slowly itself.
_SLOWLY = {"full": 0.06, "EEV": 0.04, "EVV": 0.03, "diag": 4e-3}


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
def test_passes_over_iris_reach_the_fit_from_there(covariance_type):
    iris = pytest.importorskip("sklearn.datasets").load_iris().data
    rng = np.random.default_rng(0)
    model = GaussianMixture(
        3, covariance_type=covariance_type, random_state=0, init_size=100, learning_decay=0.6
    )
    for _ in range(60):
        streamed(model, *np.split(rng.permutation(iris), 3))
    streamed_score = model.score(iris)
    fitted = model.set_params(warm_start=True, tol=1e-7, max_iter=5000).fit(iris)
    tolerance = _SLOWLY.get(covariance_type, 2e-3)
    assert fitted.score(iris) - tolerance < streamed_score < fitted.score(iris) + 1e-6


@pytest.mark.parametrize("weights", ["free", "equal"])
@pytest.mark.parametrize("prior", [None, "default"])
def test_what_holds_for_the_fit_holds_for_the_stream(weights, prior):
    model = clone(MODEL).set_params(weights=weights, prior=prior, learning_decay=1.0)
    rng = np.random.default_rng(0)
    for _ in range(4):
        streamed(model, *np.split(rng.permutation(X), 9))
    repeated = clone(model).fit(np.tile(X, (4, 1)))
    if weights == "equal":
        np.testing.assert_array_equal(model.weights_, 1 / 3)
    np.testing.assert_allclose(model.covariances_, repeated.covariances_, rtol=0.02, atol=0.01)


def test_a_small_block_moves_less_than_a_large_one():
    begun = clone(MODEL).partial_fit(FIRST)
    small, large = (pickle.loads(pickle.dumps(begun)) for _ in range(2))  # noqa: S301 (made here)
    small.partial_fit(SECOND[:10] + 5.0)
    large.partial_fit(SECOND + 5.0)
    moved = [np.abs(model.means_ - begun.means_).max() for model in (small, large)]
    assert 0 < 5 * moved[0] < moved[1]


def test_after_a_fit_it_goes_on_from_there():
    """Nearly as if the first rows had been streamed: they count as rows like the mixture's."""
    fitted = clone(MODEL).fit(FIRST).partial_fit(SECOND)
    begun = streamed(clone(MODEL), FIRST, SECOND)
    for name in NAMES:
        np.testing.assert_allclose(getattr(fitted, name), getattr(begun, name), rtol=1e-4, atol=1e-4)
    assert fitted.n_samples_seen_ == 650
    assert fitted.n_iter_ == 1


def test_a_fit_forgets_the_stream():
    model = streamed(clone(MODEL), FIRST, SECOND).fit(X)
    assert_same_bits(model, clone(MODEL).fit(X))
    assert_same_bits(model.partial_fit(SECOND), clone(MODEL).fit(X).partial_fit(SECOND))
    assert_same_bits(clone(MODEL).partial_fit(FIRST[:20]).fit(X).partial_fit(SECOND), model)


def test_a_fit_can_go_on_from_a_stream():
    model = streamed(clone(MODEL), FIRST, SECOND).set_params(warm_start=True)
    assert model.fit(X).fit_report_.runs[0].start == "resumed"
    assert model.score(X) == pytest.approx(clone(MODEL).fit(X).score(X), abs=1e-5)


def test_attributes_that_the_user_set_are_where_it_goes_on():
    model = streamed(clone(MODEL), FIRST, SECOND)
    model.means_ = model.means_ + 100.0
    assert np.abs(model.partial_fit(X[:2]).means_ - 100.0).max() < 30.0
    built = GaussianMixture(3)
    for name in ("weights_", "means_", "precisions_cholesky_"):
        setattr(built, name, getattr(clone(MODEL).fit(FIRST), name))
    with pytest.raises(ValueError, match="without n_samples_seen_ and lower_bound_"):
        built.partial_fit(SECOND)


def test_what_a_stream_says_of_itself():
    model = streamed(clone(MODEL).fit(FIRST), SECOND, THIRD)
    assert model.n_iter_ == 2
    assert not model.converged_
    assert not {"labels_", "lower_bounds_", "fit_report_"} & set(vars(model))
    before = streamed(clone(MODEL), FIRST, SECOND)
    lower_bound = before.lower_bound_
    now = before.score(THIRD)
    assert lower_bound != now
    assert min(lower_bound, now) < before.partial_fit(THIRD).lower_bound_ < max(lower_bound, now)


# Forgetting


def drifting(n_blocks):
    """Two clusters that move by 10 deviations."""
    rng = np.random.default_rng(0)
    for t in np.linspace(0.0, 1.0, n_blocks):
        rows = rng.standard_normal((100, 2))
        rows[::2] += 8.0
        yield rows + 10.0 * t


def test_a_half_life_follows_drift():
    late = np.array([[10.0, 10.0], [18.0, 18.0]])
    lags = []
    for half_life in (300.0, None):
        model = GaussianMixture(2, random_state=0, half_life=half_life)
        streamed(model, *drifting(100))
        lags.append(np.abs(np.sort(model.means_, axis=0) - late).max())
    assert lags[0] < 1.0 < lags[1]


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
def test_a_component_without_rows_waits_for_them(covariance_type):
    """For a thousand half-lives; then single rows find it where it was, and as wide."""
    rng = np.random.default_rng(0)
    model = GaussianMixture(2, covariance_type=covariance_type, random_state=0, half_life=200.0)
    place = np.array([9.0, 0.0])
    model.partial_fit(np.r_[rng.standard_normal((200, 2)), place + rng.standard_normal((200, 2))])
    gone = model.means_[:, 0].argmax()
    for _ in range(200):
        model.partial_fit(rng.standard_normal((1000, 2)))
    assert 0 < model.weights_[gone] < 0.05
    for row in place + rng.standard_normal((40, 2)):
        model.partial_fit(row[None])
        assert model.predict(row[None]) == gone
    np.testing.assert_allclose(model.means_[gone], place, atol=1.0)
    assert 0.2 < model.sample(4000)[0][:, 1].var() < 3.0


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
@pytest.mark.parametrize("value", [0.0, 7.0])
def test_equal_rows_for_ever_end_in_a_warning(covariance_type, value):
    model = clone(MODEL).set_params(covariance_type=covariance_type, half_life=20.0).partial_fit(FIRST)
    equal = [np.full((20, 2), value)] * 100
    with pytest.warns(DegenerateComponentWarning, match="no spread"), np.errstate(over="raise"):
        streamed(model, *equal)
    assert np.isfinite(model.score_samples(X)).all()
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)


def test_a_warning_is_not_repeated():
    model = GaussianMixture(1, random_state=0)
    with pytest.warns(DegenerateComponentWarning, match="no spread in column 1"):
        model.partial_fit(np.c_[FIRST[:, 0], np.ones(400)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.partial_fit(np.c_[SECOND[:, 0], np.ones(250)])


# Sources, types, copies


def test_each_block_of_a_scan_is_a_step():
    rows = np.tile(X, (60, 1)) + np.random.default_rng(0).standard_normal((54000, 2))
    step = block_rows(2)
    model = clone(MODEL).partial_fit(scan(rows))
    assert_same_bits(model, streamed(clone(MODEL), *np.split(rows, range(step, len(rows), step))))
    assert model.n_iter_ == -(-54000 // step)
    model.partial_fit(scan(rows))
    with pytest.raises(ValueError, match="sample_weight goes with arrays"):
        model.partial_fit(scan(rows), sample_weight=np.ones(len(rows)))


def test_a_scan_is_named_and_weighted(tmp_path):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"a": X[:, 0], "b": X[:, 1], "w": 2.0})
    table.to_csv(tmp_path / "rows.csv", index=False)
    model = clone(MODEL).partial_fit(scan(tmp_path / "rows.csv", weights="w"))
    assert model.feature_names_in_.tolist() == ["a", "b"]
    assert model.n_samples_seen_ == 1800
    model.partial_fit(table[["a", "b"]])
    with pytest.raises(ValueError, match="feature names should match"):
        model.partial_fit(scan(tmp_path / "rows.csv", columns=["a", "w"]))
    few = clone(MODEL).partial_fit(scan(table[["a", "b"]][:30]))
    with pytest.raises(ValueError, match="has 3 features"):
        few.partial_fit(scan(table.to_numpy()))


def test_float32_streams():
    model = streamed(clone(MODEL), FIRST.astype(np.float32), SECOND.astype(np.float32))
    assert model.means_.dtype == np.float32
    in_double = streamed(clone(MODEL), FIRST, SECOND)
    np.testing.assert_allclose(model.means_, in_double.means_, rtol=1e-3, atol=1e-3)
    assert model.partial_fit(THIRD).means_.dtype == np.float64


@pytest.mark.parametrize("n_rows", [50, 400])
def test_pickles_go_on_to_the_same_bits(n_rows):
    model = clone(MODEL).partial_fit(X[:n_rows])
    twin = pickle.loads(pickle.dumps(model))  # noqa: S301 (made here)
    assert_same_bits(streamed(twin, SECOND, THIRD), streamed(model, SECOND, THIRD))


def test_a_clone_knows_nothing():
    twin = clone(streamed(clone(MODEL), FIRST, SECOND))
    assert_same_bits(twin.partial_fit(FIRST), clone(MODEL).partial_fit(FIRST))


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
def test_saved_models_go_on(covariance_type, tmp_path):
    model = streamed(clone(MODEL).set_params(covariance_type=covariance_type), FIRST, SECOND)
    model.save(tmp_path / "model.softmix")
    loaded = load(tmp_path / "model.softmix")
    assert_same_bits(loaded, model)
    model.partial_fit(THIRD)
    loaded.partial_fit(THIRD)
    assert loaded.n_samples_seen_ == model.n_samples_seen_
    assert loaded.score(X) == pytest.approx(model.score(X), abs=2e-3)


# Refusals


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_components": 4}, "partial_fit goes on from the last fit"),
        ({"covariance_type": "EVE"}, "partial_fit goes on from the last fit"),
        ({"learning_decay": 0.5}, "'learning_decay' parameter of GaussianMixture must be a float"),
        ({"half_life": 0.0}, "'half_life' parameter of GaussianMixture must be a float"),
        ({"reg_covar": -1.0}, "'reg_covar' parameter of GaussianMixture must be a float"),
        ({"covariance_type": "VVX"}, "'covariance_type' parameter of GaussianMixture must be a str"),
    ],
)
def test_parameters_that_do_not_go_on(change, message):
    model = clone(MODEL).partial_fit(FIRST)
    with pytest.raises(ValueError, match=message):
        model.set_params(**change).partial_fit(SECOND)


@pytest.mark.parametrize("n_rows", [50, 400])
@pytest.mark.parametrize(
    ("rows", "message"),
    [(np.ones((3, 3)), "X has 3 features"), (np.full((3, 2), np.nan), "NaN"), (np.empty((0, 2)), "0 sample")],
)
def test_bad_rows_change_nothing(n_rows, rows, message):
    model = clone(MODEL).partial_fit(X[:n_rows])
    with pytest.raises(ValueError, match=message):
        model.partial_fit(rows)
    again = clone(MODEL).partial_fit(X[:n_rows])
    assert_same_bits(streamed(model, SECOND), streamed(again, SECOND))


def test_a_scan_that_breaks_changes_nothing():
    rows = np.tile(X, (60, 1)).copy()
    rows[40000] = np.nan
    model = clone(MODEL).partial_fit(FIRST)
    with pytest.raises(ValueError, match="1 missing value"):
        model.partial_fit(scan(rows))
    assert_same_bits(model, clone(MODEL).partial_fit(FIRST))


def test_without_a_floor_a_collapse_is_refused():
    model = GaussianMixture(1, reg_covar=0.0, half_life=1.0).partial_fit(FIRST)
    before = model.covariances_
    with pytest.raises(ValueError, match="No spread"):
        model.partial_fit(np.ones((1000, 2)))
    assert model.covariances_ is before
