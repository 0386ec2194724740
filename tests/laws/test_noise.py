"""With a noise component every law of a mixture holds: of height, units, weights, order and threads."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulate import ALL_TYPES, TYPES, clusters

from softmix import GaussianMixture, scan
from softmix.structures import STRUCTURES, Equivariance

ROTATIONS = [name for name in ALL_TYPES if STRUCTURES[name].equivariance is Equivariance.ROTATIONS]
OTHERS = [name for name in ALL_TYPES if name not in ROTATIONS]
STARTS = ["auto", "hierarchical", "kmeans", "k-means++", "random", "random_from_data"]
FITTED = ("weights_", "means_", "covariances_", "noise_weight_", "noise_log_density_")


def noisy(n=240, d=3, share=0.15, seed=2, separation=6.0):
    """Clusters, the last rows of them replaced by uniform noise."""
    X, labels = clusters(n=n, d=d, seed=seed, separation=separation)
    count = int(share * n)
    rng = np.random.default_rng(seed)
    X[-count:] = rng.uniform(X.min(axis=0) - 3, X.max(axis=0) + 3, (count, d))
    labels[-count:] = -1
    return X, labels


X, LABELS = noisy()
GUESSES = st.sampled_from([True, 0.1, LABELS < 0])


def fit(rows, covariance_type, noise, sample_weight=None, **params):
    params = {"random_state": 0, "tol": 1e-10, "max_iter": 2000, **params}
    model = GaussianMixture(3, covariance_type=covariance_type, noise=noise, **params)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(rows, sample_weight=sample_weight)


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
@given(
    noise=GUESSES,
    init_params=st.sampled_from(STARTS),
    prior=st.sampled_from([None, "default"]),
    weights=st.sampled_from(["free", "equal"]),
    reg_covar=st.sampled_from([1e-14, 1e-2]),
    acceleration=st.sampled_from(["squarem", None]),
    dtype=st.sampled_from([np.float64, np.float32]),
    seed=st.integers(0, 99),
)
@settings(max_examples=8)
def test_the_likelihood_never_falls(covariance_type, noise, dtype, seed, **params):
    rows, _ = noisy(seed=seed, separation=1.5)
    model = fit(rows.astype(dtype), covariance_type, noise, max_iter=150, **params)
    bounds = np.array([*model.lower_bounds_, *([] if params["prior"] else [model.lower_bound_])])
    rounding = 1e-5 if dtype == np.float32 else 1e-10 if STRUCTURES[covariance_type].iterative else 1e-12
    assert np.diff(bounds).min(initial=0) >= -rounding * np.abs(bounds).max()
    assert model.weights_.sum() + model.noise_weight_ == pytest.approx(1.0, abs=1e-6)
    if params["weights"] == "equal":
        np.testing.assert_allclose(model.weights_, (1 - model.noise_weight_) / 3, rtol=1e-6)


@given(covariance_type=st.sampled_from(TYPES), seed=st.integers(0, 99), noise=GUESSES)
def test_memberships_sum_to_one(covariance_type, seed, noise):
    model = fit(X, covariance_type, noise)
    rows = np.concatenate([X, 10.0 ** np.random.default_rng(seed).uniform(-3, 9, (50, 3))])
    for dtype, atol in ((np.float64, 1e-12), (np.float32, 1e-5)):
        resp = model.predict_proba(rows.astype(dtype))
        assert resp.shape == (len(rows), 4)
        np.testing.assert_allclose(resp.sum(axis=1), 1.0, atol=atol)
        labels = resp.argmax(axis=1)
        np.testing.assert_array_equal(model.predict(rows.astype(dtype)), np.where(labels == 3, -1, labels))


def test_far_rows_are_noise():
    """However far: their density is the noise's, and finite."""
    model = fit(X, "full", noise=True)
    far = np.array([[1e300, 0.0, 0.0], [1e9, -1e9, 1e9]])
    np.testing.assert_array_equal(model.predict(far), -1)
    expected = np.log(model.noise_weight_) + model.noise_log_density_
    np.testing.assert_allclose(model.score_samples(far), expected, rtol=1e-14)


def assert_same_clustering(model, rows, other, other_rows, log_volume):
    np.testing.assert_allclose(model.predict_proba(rows), other.predict_proba(other_rows), atol=1e-5)
    np.testing.assert_allclose(
        model.score_samples(rows) + log_volume, other.score_samples(other_rows), atol=1e-3
    )
    assert model.noise_log_density_ + log_volume == pytest.approx(other.noise_log_density_, abs=1e-5)
    assert model.noise_weight_ == pytest.approx(other.noise_weight_, abs=1e-5)


SCALES = st.floats(-8, 8).map(lambda exponent: 10.0**exponent)
OFFSETS = st.sampled_from([0.0, 1.0, -1e4])


@given(
    covariance_type=st.sampled_from(OTHERS),
    scale=st.tuples(SCALES, SCALES, SCALES),
    offset=st.tuples(OFFSETS, OFFSETS, OFFSETS),
    noise=GUESSES,
)
def test_units_of_columns(covariance_type, scale, offset, noise):
    """The log-density shifts by the log-Jacobian, and nothing else changes."""
    moved = (X + offset) * scale
    model, other = (fit(rows, covariance_type, noise, tol=1e-13, max_iter=5000) for rows in (moved, X))
    assert_same_clustering(model, moved, other, X, np.log(scale).sum())


@given(covariance_type=st.sampled_from(ROTATIONS), scale=SCALES, offset=OFFSETS, noise=GUESSES)
def test_a_common_unit(covariance_type, scale, offset, noise):
    moved = (X + offset) * scale
    model, other = (fit(rows, covariance_type, noise, tol=1e-13, max_iter=5000) for rows in (moved, X))
    assert_same_clustering(model, moved, other, X, 3 * np.log(scale))


@given(covariance_type=st.sampled_from(ALL_TYPES), seed=st.integers(0, 9), noise=GUESSES)
def test_repeated_rows_in_any_order(covariance_type, seed, noise):
    rng = np.random.default_rng(seed)
    times = rng.integers(0, 4, len(X))
    order = rng.permutation(times.sum())
    in_order = np.repeat(np.arange(len(X)), times)[order]
    mask = noise[in_order] if isinstance(noise, np.ndarray) else noise
    repeated = fit(X[in_order], covariance_type, mask)
    weighted = fit(X, covariance_type, noise, sample_weight=times)
    for name in FITTED:
        np.testing.assert_allclose(
            getattr(weighted, name), getattr(repeated, name), rtol=1e-6, atol=1e-8, err_msg=name
        )
    np.testing.assert_array_equal(weighted.labels_[in_order], repeated.labels_)
    assert weighted.bic(X, sample_weight=times) == pytest.approx(repeated.bic(X[in_order]), rel=1e-9)


@pytest.mark.parametrize("worst", [0.0, 1e300])
def test_rows_of_weight_0_are_in_no_box(worst):
    weights = np.ones(len(X))
    weights[::3] = 0
    dirty = X.copy()
    dirty[::3] = worst
    model = fit(dirty, "full", noise=True, sample_weight=weights)
    kept = fit(X[weights > 0], "full", noise=True)
    for name in FITTED:
        np.testing.assert_allclose(getattr(model, name), getattr(kept, name), rtol=1e-6, err_msg=name)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_same_bits_for_any_threads_and_from_a_scan(covariance_type, dtype, tmp_path):
    rows = noisy(n=50_000, seed=1)[0].astype(dtype)  # three blocks
    np.save(tmp_path / "rows.npy", rows)
    one, *others = (
        fit(source, covariance_type, noise=True, n_jobs=n_jobs, max_iter=6, tol=0)
        for source, n_jobs in ((rows, 1), (rows, 3), (scan(tmp_path / "rows.npy"), 2))
    )
    for other in others:
        for name in (*FITTED, "noise_box_", "lower_bounds_", "lower_bound_"):
            np.testing.assert_array_equal(getattr(other, name), getattr(one, name), err_msg=name)
        np.testing.assert_array_equal(other.predict_proba(rows), one.predict_proba(rows))
        np.testing.assert_array_equal(other.predict(rows), one.labels_)
