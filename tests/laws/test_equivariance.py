"""A linear map of the rows that a structure follows changes the answer only as it changes the rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulate import ALL_TYPES, clusters

from softmix import GaussianMixture
from softmix.structures import STRUCTURES, Equivariance

X, _ = clusters(n=240, d=3, seed=2, separation=2.0)
SCALES = st.floats(-8, 8).map(lambda exponent: 10.0**exponent)
OFFSETS = st.sampled_from([0.0, 1.0, -1e4, 1e8])
FOLLOWING = {
    maps: [name for name in ALL_TYPES if STRUCTURES[name].equivariance is maps] for maps in Equivariance
}
AFFINE, COLUMNS = FOLLOWING[Equivariance.AFFINE], FOLLOWING[Equivariance.COLUMNS]
ROTATIONS = FOLLOWING[Equivariance.ROTATIONS]
FROM_ROWS = ["hierarchical", "kmeans", "k-means++", "random", "random_from_data"]
STARTS = st.sampled_from(["auto", *FROM_ROWS])
# Fits end where steps gain 1e-14: at a top, parameters may differ by many times its square root, the
# more so where M-steps iterate and steps are short.
FLAT, FLATTER = 1e-5, 1e-4


def fitted(rows, covariance_type, init_params="auto", acceleration="squarem"):
    return GaussianMixture(
        3,
        covariance_type=covariance_type,
        init_params=init_params,
        acceleration=acceleration,
        tol=1e-13,
        max_iter=5000,
        random_state=0,
    ).fit(rows)


def assert_same_clustering(model, rows, other, other_rows, log_volume, *, far=False):
    """`far`: at an offset of 1e8 deviations, eight digits of every value are left."""
    iterates = STRUCTURES[model.covariance_type].iterative
    atol, of_height = (1e-4, 1e-6) if far else (FLATTER if iterates else FLAT, 1e-10)
    assert model.lower_bound_ + log_volume == pytest.approx(other.lower_bound_, abs=of_height)
    np.testing.assert_allclose(model.predict_proba(rows), other.predict_proba(other_rows), atol=atol)
    np.testing.assert_allclose(
        model.score_samples(rows) + log_volume, other.score_samples(other_rows), atol=100 * atol
    )
    np.testing.assert_allclose(model.weights_, other.weights_, atol=atol)


@given(
    covariance_type=st.sampled_from(AFFINE + COLUMNS),
    scale=st.tuples(SCALES, SCALES, SCALES),
    offset=st.tuples(OFFSETS, OFFSETS, OFFSETS),
    init_params=STARTS,
)
def test_column_scales_and_offsets(covariance_type, scale, offset, init_params):
    """From every start, not only from the same one. Each offset is in the column's own units."""
    moved = (X + offset) * scale
    model, other = fitted(moved, covariance_type, init_params), fitted(X, covariance_type, init_params)
    far = 1e8 in offset
    assert_same_clustering(model, moved, other, X, np.log(scale).sum(), far=far)
    np.testing.assert_allclose(
        model.means_ / scale - offset, other.means_, atol=1e-3 if far else 10 * FLATTER
    )


@given(
    covariance_type=st.sampled_from(ROTATIONS),
    scale=SCALES,
    offset=OFFSETS,
    seed=st.integers(0, 999),
    init_params=STARTS,
)
def test_rotations_and_a_common_scale(covariance_type, scale, offset, seed, init_params):
    """Rounding differs in all values here, and may decide whether a leap is taken: EM alone."""
    axes = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))[0]
    moved = (X @ axes.T + offset) * scale
    model, other = (fitted(rows, covariance_type, init_params, None) for rows in (moved, X))
    assert_same_clustering(model, moved, other, X, 3 * np.log(scale), far=offset == 1e8)


def affinely_moved(seed):
    """X under a map that mixes columns, and the logarithm of its volume."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.standard_normal((3, 3)))[0] * 10.0 ** rng.uniform(-2, 2, 3)
    axes = axes @ np.linalg.qr(rng.standard_normal((3, 3)))[0]
    return X @ axes.T + rng.uniform(-10, 10, 3), np.linalg.slogdet(axes)[1]


@given(
    covariance_type=st.sampled_from(AFFINE),
    seed=st.integers(0, 999),
    init_params=st.sampled_from(FROM_ROWS),
)
def test_affine_maps(covariance_type, seed, init_params):
    moved, log_volume = affinely_moved(seed)
    model, other = fitted(moved, covariance_type, init_params), fitted(X, covariance_type, init_params)
    assert_same_clustering(model, moved, other, X, log_volume)
    np.testing.assert_array_equal(model.labels_, other.labels_)


@given(covariance_type=st.sampled_from(AFFINE), seed=st.integers(0, 999))
def test_affine_maps_and_the_search(covariance_type, seed):
    """A search also begins in units of columns, which such a map mixes: it ends as high, within 0.01."""
    moved, log_volume = affinely_moved(seed)
    model, other = fitted(moved, covariance_type), fitted(X, covariance_type)
    assert model.lower_bound_ + log_volume == pytest.approx(other.lower_bound_, abs=0.01)


@pytest.mark.parametrize("covariance_type", ["full", "tied"])
def test_badly_conditioned_columns(covariance_type):
    """Nearly collinear columns lose nothing.

    The second is the first, in other units, plus a thousandth of a signal of its own.
    """
    mixed = np.c_[X[:, 0], 1e6 * (X[:, 0] + 1e-3 * X[:, 1]), X[:, 2]]
    model, other = fitted(mixed, covariance_type), fitted(X, covariance_type)
    assert_same_clustering(model, mixed, other, X, np.log(1e6 * 1e-3))
