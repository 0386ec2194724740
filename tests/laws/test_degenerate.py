"""Degenerate data: never a crash, never a NaN, and a warning that says what happened where."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from simulate import ALL_TYPES, TYPES, clusters

from softmix import DegenerateComponentWarning, GaussianMixture

each_type = pytest.mark.parametrize("covariance_type", ALL_TYPES)
# One volume: a component on a repeated row is as large as the others.
EQUAL_VOLUME = ("tied", *(name for name in ALL_TYPES if name[0] == "E"))
STARTS = ["auto", "hierarchical", "kmeans", "k-means++", "random", "random_from_data"]


def fit(X, k, covariance_type, **params):
    """The fitted model and its warnings about components; whatever it is, it is finite."""
    model = GaussianMixture(k, covariance_type=covariance_type, random_state=0, **params)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X)
    caught = [w for w in caught if "reference kernel" not in str(w.message)]
    assert {w.category.__name__ for w in caught} <= {"DegenerateComponentWarning", "ConvergenceWarning"}
    for name in ("weights_", "means_", "covariances_", "precisions_cholesky_"):
        assert np.isfinite(getattr(model, name)).all(), name
    assert model.weights_.sum() == pytest.approx(1)
    resp = model.predict_proba(X)
    np.testing.assert_allclose(resp.sum(axis=1), 1.0, atol=1e-9)
    assert np.isfinite(model.score_samples(X)).all()
    assert np.isfinite([model.bic(X), model.aic(X), model.icl(X), model.lower_bound_]).all()
    assert np.isfinite(model.sample(5)[0]).all()
    return model, [str(w.message) for w in caught if w.category is DegenerateComponentWarning]


@each_type
@pytest.mark.parametrize("init_params", STARTS)
def test_fewer_distinct_rows_than_components(covariance_type, init_params):
    X = np.repeat([[0.0, 1.0], [5.0, -2.0]], 10, axis=0)
    model, messages = fit(X, 4, covariance_type, init_params=init_params)
    assert messages
    if init_params != "random":  # random memberships give each component a share of every row
        empty = np.flatnonzero(model.weights_ == 0)
        assert len(empty) == 2
        assert f"Components {empty[0]}, {empty[1]} are empty: no row belongs to them." in messages
        assert len(set(model.labels_)) == 2


@each_type
def test_one_distinct_row(covariance_type):
    model, messages = fit(np.full((6, 2), 3.25), 2, covariance_type)
    np.testing.assert_allclose(model.means_[model.weights_ > 0], 3.25)
    assert messages


@pytest.mark.parametrize("covariance_type", TYPES[:3])
@pytest.mark.parametrize("constant", [0.0, 7.0, 1e8])
def test_constant_column(covariance_type, constant):
    """It is named, and the other columns cluster as they would without it."""
    X, _ = clusters(n=200, d=2)
    model, messages = fit(np.c_[X, np.full(200, constant)], 3, covariance_type, tol=1e-12, max_iter=2000)
    (message,) = messages
    assert re.match(
        r"Components 0 \(effective count [\d.]+\), 1 .*, 2 .* have no spread in column 2:", message
    )
    without, _ = fit(X, 3, covariance_type, tol=1e-12, max_iter=2000)
    np.testing.assert_allclose(
        model.predict_proba(np.c_[X, np.full(200, constant)]), without.predict_proba(X), atol=1e-6
    )


@pytest.mark.parametrize("covariance_type", ["full", "tied"])
def test_collinear_columns(covariance_type):
    X, _ = clusters(n=200, d=2)
    doubled = np.c_[X, 3 * X[:, 0] - 5]
    model, messages = fit(doubled, 3, covariance_type, tol=1e-12, max_iter=2000)
    (message,) = messages
    assert "no spread in columns 0, 2: the covariance is held at the floor" in message
    without, _ = fit(X, 3, covariance_type, tol=1e-12, max_iter=2000)
    np.testing.assert_allclose(model.predict_proba(doubled), without.predict_proba(X), atol=1e-5)


@each_type
@pytest.mark.parametrize("k", [2, 4])
def test_half_the_rows_identical(covariance_type, k):
    X, _ = clusters(n=100, d=2, k=1)
    X[::2] = X[0]
    model, messages = fit(X, k, covariance_type, max_iter=500)
    if covariance_type not in EQUAL_VOLUME:
        # Its likelihood has no bound without the floor: a component sits on the repeated row.
        owner = model.labels_[0]
        np.testing.assert_allclose(model.means_[owner], X[0], atol=1e-6)
        assert any(re.search(rf"\b{owner} \(effective count (49|50)", message) for message in messages)


@each_type
@pytest.mark.parametrize("init_params", STARTS)
def test_as_many_components_as_rows(covariance_type, init_params):
    X, _ = clusters(n=8, d=2)
    fit(X, 8, covariance_type, init_params=init_params)


@each_type
def test_single_feature(covariance_type):
    X, labels = clusters(n=200, d=1, k=2, separation=8.0)
    model, messages = fit(X, 2, covariance_type)
    assert not messages
    assert len(set(zip(model.labels_, labels, strict=True))) == 2


@each_type
@pytest.mark.parametrize(("n", "k"), [(2, 1), (2, 2), (3, 1), (3, 2)])
def test_tiny(covariance_type, n, k):
    fit(np.random.default_rng(0).standard_normal((n, 5)), k, covariance_type)


@given(
    X=arrays(np.float64, st.tuples(st.integers(2, 12), st.integers(1, 4)), elements=st.integers(-2, 2)),
    k=st.integers(1, 6),
    covariance_type=st.sampled_from(ALL_TYPES),
    init_params=st.sampled_from(STARTS),
    scale=st.sampled_from([1.0, 1e-8, 1e8]),
)
def test_small_grids(X, k, covariance_type, init_params, scale):
    """Rows of a few integers: ties, duplicates, constant and collinear columns, all at once."""
    fit(X * scale, min(k, len(X)), covariance_type, init_params=init_params)


def test_a_spurious_maximum_is_not_the_best_start():
    """Three equal rows among the others win on likelihood alone."""
    X, _ = clusters(n=60, d=2, k=2, separation=6.0)
    X[:3] = X[0]
    rng, runs = np.random.RandomState(0), []
    for _ in range(30):
        model = GaussianMixture(4, init_params="random_from_data", max_iter=500, random_state=rng)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(X)
        degenerate = any(w.category is DegenerateComponentWarning for w in caught)
        runs.append((model.lower_bound_, degenerate))
    assert max(runs)[1]
    sound = max(bound for bound, degenerate in runs if not degenerate)
    best = GaussianMixture(
        4, init_params="random_from_data", max_iter=500, random_state=np.random.RandomState(0), n_init=30
    ).fit(X)
    assert best.lower_bound_ == pytest.approx(sound, rel=1e-12)


def test_warnings_name_the_columns_of_a_frame():
    X, _ = clusters(n=90, d=2)
    frame = pd.DataFrame(np.c_[X, np.zeros(90)], columns=["length", "width", "depth"])
    with pytest.warns(DegenerateComponentWarning, match=r"no spread in column 'depth'") as caught:
        GaussianMixture(2, random_state=0).fit(frame)
    # The warning points at the line that called fit.
    assert {w.filename for w in caught} == {__file__}


@each_type
@pytest.mark.parametrize("value", [1e160, -1e200, 1e308])
def test_huge_values_are_refused_by_name(covariance_type, value):
    X, _ = clusters(n=50, d=3)
    X[7, 1] = value
    with pytest.raises(ValueError, match="variance of column 1 overflows: its values are too large"):
        GaussianMixture(2, covariance_type=covariance_type).fit(X)


@each_type
def test_a_column_that_begins_constant(covariance_type):
    """Sorted rows: a column without spread in the first block, with some in a later one."""
    X, _ = clusters(n=40_000, d=2, k=2)
    X[:, 0] = np.where(np.arange(len(X)) < 39_000, 0.0, X[:, 0])
    fit(X, 2, covariance_type, max_iter=5)


@each_type
def test_huge_weights_are_refused(covariance_type):
    X, _ = clusters(n=50)
    with pytest.raises(ValueError, match="sample_weight sums to infinity"):
        GaussianMixture(2, covariance_type=covariance_type).fit(X, sample_weight=np.full(50, 1e308))
