"""missing='marginal': the laws of complete rows hold for rows that lack values too."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from simulate import ALL_TYPES, ATTRIBUTES, TYPES, clusters
from simulate_missing import log_joint_by_row, with_holes

from softmix import GaussianMixture, scan
from softmix.estimators.fitted import get_parameters
from softmix.structures import STRUCTURES


def mixture(k=3, **params):
    return GaussianMixture(k, **{"missing": "marginal", "random_state": 0, **params})


def quietly(model, X, **fit_params):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, **fit_params)


def assert_same_fit(one, other, rtol=1e-5, atol=1e-6):
    for name in ("weights_", "means_", "covariances_"):
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol=rtol, atol=atol, err_msg=name
        )


SEPARATED, _ = clusters(n=400, d=4, separation=8.0)
HOLES = with_holes(SEPARATED, 0.3)
HOLES[:5] = np.nan


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
@given(
    acceleration=st.sampled_from(["squarem", None]),
    reg_covar=st.sampled_from([1e-14, 1e-6, 1e-2]),
    prior=st.sampled_from([None, "default"]),
    k=st.integers(1, 4),
    d=st.integers(1, 4),
    rate=st.sampled_from([0.1, 0.3, 0.6]),
    dtype=st.sampled_from([np.float64, np.float32]),
    seed=st.integers(0, 99),
)
@settings(max_examples=6)
def test_the_observed_likelihood_never_falls(
    covariance_type, acceleration, reg_covar, prior, k, d, rate, dtype, seed
):
    X, _ = clusters(n=80, d=d, seed=seed, separation=1.5)
    X = with_holes(X.astype(dtype), rate, seed)
    model = mixture(
        k,
        covariance_type=covariance_type,
        acceleration=acceleration,
        reg_covar=reg_covar,
        prior=prior,
        init_params="k-means++",
        tol=1e-7,
        max_iter=60,
        random_state=seed,
    )
    bounds = np.array(quietly(model, X).lower_bounds_)
    rounding = 1e-10 if STRUCTURES[covariance_type].iterative else 1e-12
    slack = rounding if dtype == np.float64 else 1e-5
    assert np.diff(bounds).min(initial=0) >= -slack * np.abs(bounds).max()


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
def test_the_likelihood_is_that_of_what_is_observed(covariance_type):
    """Row by row, by SciPy's marginals."""
    X = HOLES[:60]
    model = quietly(mixture(2, covariance_type=covariance_type, max_iter=5), X)
    joint = log_joint_by_row(get_parameters(model, STRUCTURES[covariance_type].shape), X)
    expected = logsumexp(joint, axis=1)
    np.testing.assert_allclose(model.score_samples(X), expected, rtol=1e-10, atol=1e-10)
    assert model.score(X) == pytest.approx(expected.mean(), rel=1e-11)
    assert model.lower_bound_ == pytest.approx(expected.mean(), rel=1e-11)
    np.testing.assert_array_equal(model.labels_, model.predict(X))
    np.testing.assert_allclose(model.predict_proba(X), np.exp(joint - expected[:, None]), atol=1e-10)
    total, n_parameters = 2 * expected.sum(), STRUCTURES[covariance_type].n_parameters(2, 4)
    assert model.bic(X) == pytest.approx(n_parameters * np.log(60) - total, rel=1e-10)
    assert model.aic(X) == pytest.approx(2 * n_parameters - total, rel=1e-10)
    classified = 2 * joint.max(axis=1).sum()
    assert model.icl(X) == pytest.approx(n_parameters * np.log(60) - classified, rel=1e-10)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("covariance_type", ALL_TYPES)
def test_without_missing_values_it_has_the_same_bits(covariance_type, dtype):
    X = SEPARATED.astype(dtype)
    with_option = mixture(covariance_type=covariance_type, max_iter=20)
    model = quietly(GaussianMixture(**{**with_option.get_params(), "missing": None}), X)
    quietly(with_option, X)
    for name in ATTRIBUTES:
        np.testing.assert_array_equal(getattr(with_option, name), getattr(model, name))
    assert with_option.lower_bounds_ == model.lower_bounds_
    np.testing.assert_array_equal(with_option.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize("covariance_type", TYPES)
def test_nor_does_a_scan_of_complete_rows(covariance_type):
    with_option = mixture(covariance_type=covariance_type, max_iter=20)
    model = quietly(GaussianMixture(**{**with_option.get_params(), "missing": None}), scan(SEPARATED))
    quietly(with_option, scan(SEPARATED))
    for name in ATTRIBUTES[:-1]:
        np.testing.assert_array_equal(getattr(with_option, name), getattr(model, name))
    assert with_option.score(scan(SEPARATED)) == model.score(scan(SEPARATED))


@pytest.mark.parametrize("covariance_type", TYPES)
def test_any_number_of_threads_and_a_scan_have_the_same_bits(covariance_type):
    """Over several wide blocks."""
    X = with_holes(clusters(n=70_000, d=8, separation=6.0)[0], 0.2)
    weights = np.random.default_rng(0).integers(0, 3, len(X)).astype(float)
    params = {"covariance_type": covariance_type, "max_iter": 3, "init_params": "random_from_data"}
    one = quietly(mixture(n_jobs=1, **params), X, sample_weight=weights)
    three = quietly(mixture(n_jobs=3, **params), X, sample_weight=weights)
    streamed = quietly(mixture(n_jobs=2, **params), scan(np.c_[X, weights], weights=8))
    for name in ATTRIBUTES[:-1]:
        np.testing.assert_array_equal(getattr(three, name), getattr(one, name))
        np.testing.assert_array_equal(getattr(streamed, name), getattr(one, name))
    assert streamed.lower_bound_ == three.lower_bound_ == one.lower_bound_
    np.testing.assert_array_equal(three.labels_, one.labels_)


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
def test_neither_order_nor_repetition_of_rows_counts(covariance_type):
    rng = np.random.default_rng(1)
    times = rng.integers(0, 3, len(HOLES))
    repeated = np.repeat(HOLES, times, axis=0)[rng.permutation(times.sum())]
    params = {"covariance_type": covariance_type, "tol": 1e-10, "max_iter": 3000}
    weighted = quietly(mixture(**params), HOLES, sample_weight=times)
    plain = quietly(mixture(**params), repeated)
    assert_same_fit(plain, weighted)
    assert plain.lower_bound_ == pytest.approx(weighted.lower_bound_, rel=1e-8)
    assert weighted.score(HOLES, sample_weight=times) == pytest.approx(weighted.score(repeated), rel=1e-11)


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "VEE", "EVV", "VEI"])
def test_units_and_offsets_of_columns_do_not_matter(covariance_type):
    scale, offset = np.array([1e-6, 1.0, 1e3, 1e6]), np.array([0.0, 1e3, -1e6, 1e7])
    params = {"covariance_type": covariance_type, "tol": 1e-9, "max_iter": 2000}
    model = quietly(mixture(**params), HOLES)
    moved = quietly(mixture(**params), HOLES * scale + offset)
    np.testing.assert_allclose(moved.weights_, model.weights_, rtol=1e-5)
    resp, expected = moved.predict_proba(HOLES * scale + offset), model.predict_proba(HOLES)
    np.testing.assert_allclose(resp, expected, atol=1e-4)


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
def test_truth_is_recovered_where_three_in_ten_are_missing_at_random(covariance_type):
    """Values are missing more often where the first column, which is observed, is large.

    The means of what is observed are biased then; the estimates are near those of the complete rows.
    """
    X, _ = clusters(n=4000, d=4, separation=8.0)
    rng = np.random.default_rng(2)
    chance = np.where(X[:, :1] > np.median(X[:, 0]), 0.5, 0.1)
    holes = rng.random(X.shape) < chance
    holes[:, 0] = False
    M = np.where(holes, np.nan, X)
    assert abs(np.isnan(M[:, 1:]).mean() - 0.3) < 0.02
    complete = GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(X)
    model = mixture(covariance_type=covariance_type).fit(M)
    order = [int(np.abs(model.means_ - mean).sum(axis=1).argmin()) for mean in complete.means_]
    np.testing.assert_allclose(model.weights_[order], complete.weights_, atol=0.01)
    np.testing.assert_allclose(model.means_[order], complete.means_, atol=0.15)
    np.testing.assert_allclose(model.score(X), complete.score(X), atol=0.02)
    assert (np.argsort(order)[model.labels_] == complete.labels_).mean() > 0.97


def test_one_full_component_is_the_fixed_point_of_em():
    """The mean and covariance of one normal distribution, by EM written out."""
    X = HOLES[5:]
    model = quietly(mixture(1, tol=1e-12, max_iter=2000), X)
    mean, covariance = model.means_[0], model.covariances_[0]
    sums, products = np.zeros(4), np.zeros((4, 4))
    for row in X:
        o = ~np.isnan(row)
        filled, residual = mean.copy(), np.zeros((4, 4))
        filled[o] = row[o]
        if o.any():
            slopes = covariance[np.ix_(~o, o)] @ np.linalg.inv(covariance[np.ix_(o, o)])
            filled[~o] += slopes @ (row - mean)[o]
            residual[np.ix_(~o, ~o)] = covariance[np.ix_(~o, ~o)] - slopes @ covariance[np.ix_(o, ~o)]
        else:
            residual = covariance
        sums += filled
        products += np.outer(filled - mean, filled - mean) + residual
    np.testing.assert_allclose(sums / len(X), mean, atol=1e-6)
    np.testing.assert_allclose(products / len(X), covariance, rtol=1e-5, atol=1e-6)


@given(
    n=st.integers(6, 60),
    d=st.integers(1, 5),
    rate=st.floats(0.0, 0.98),
    covariance_type=st.sampled_from(ALL_TYPES),
    seed=st.integers(0, 999),
)
@settings(max_examples=25)
def test_whatever_is_missing_the_fit_is_finite(n, d, rate, covariance_type, seed):
    X = with_holes(np.random.default_rng(seed).standard_normal((n, d)).round(1), rate, seed)
    model = quietly(mixture(2, covariance_type=covariance_type, max_iter=30, random_state=seed), X)
    assert np.isfinite(model.means_).all()
    assert np.isfinite(model.covariances_).all()
    assert np.isfinite(model.lower_bound_)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0)
    filled = model.impute(X)
    assert np.isfinite(filled).all()
    np.testing.assert_array_equal(filled[~np.isnan(X)], X[~np.isnan(X)])
