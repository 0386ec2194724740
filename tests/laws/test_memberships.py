"""Memberships: they sum to one, near and far, and every numeric type gives the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulate import TYPES, clusters, start_at
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from softmix import GaussianMixture

X, LABELS = clusters(n=200, d=3)


@given(covariance_type=st.sampled_from(TYPES), k=st.integers(1, 5), seed=st.integers(0, 99))
def test_sum_to_one(covariance_type, k, seed):
    model = GaussianMixture(k, covariance_type=covariance_type, random_state=seed, max_iter=500).fit(X)
    rows = 10.0 ** np.random.default_rng(seed).uniform(-3, 3, (50, 3))
    for dtype, atol in ((np.float64, 1e-12), (np.float32, 1e-5)):
        resp = model.predict_proba(rows.astype(dtype))
        assert resp.dtype == dtype
        assert (resp >= 0).all()
        np.testing.assert_allclose(resp.sum(axis=1), 1.0, atol=atol)


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("deviations", [1e3, 1e6, 1e9])
def test_far_rows(covariance_type, deviations):
    """Finite log-densities and right memberships, where every density underflows."""
    model = start_at(LABELS, X, covariance_type).fit(X)
    directions = np.random.default_rng(0).standard_normal((40, 3))
    far = deviations * directions / np.linalg.norm(directions, axis=1, keepdims=True)
    scores, resp = model.score_samples(far), model.predict_proba(far)
    assert np.isfinite(scores).all()
    assert scores.max() < -1e4
    np.testing.assert_allclose(resp.sum(axis=1), 1.0, atol=1e-12)
    # The definition, in numpy's long double.
    P = model.precisions_cholesky_.astype(np.longdouble)
    P = {"tied": lambda: np.broadcast_to(P, (3, 3, 3)), "full": lambda: P}.get(
        covariance_type, lambda: np.einsum("kj,ij->kij", np.broadcast_to(P.reshape(3, -1), (3, 3)), np.eye(3))
    )()
    z = np.einsum("nki,kij->nkj", far[:, None, :].astype(np.longdouble) - model.means_, P)
    log_joint = (
        np.log(model.weights_)
        + np.log(np.diagonal(P, axis1=1, axis2=2)).sum(axis=1)
        - 0.5 * (z * z).sum(axis=2)
        - 1.5 * np.log(2 * np.pi)
    )
    top = log_joint.max(axis=1)
    norm = top + np.log(np.exp(log_joint - top[:, None]).sum(axis=1))
    np.testing.assert_allclose(scores, norm.astype(float), rtol=1e-12)
    if covariance_type != "tied":  # a tied boundary is a plane: far rows can be near it
        np.testing.assert_allclose(resp, np.exp(log_joint - norm[:, None]).astype(float), atol=1e-3)
    np.testing.assert_array_equal(model.predict(far), log_joint.argmax(axis=1))


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_float32_is_near_float64(covariance_type, offset):
    """To what float32 holds: 1e-7 of the offset, in units of the spread, after the same steps."""
    rows = (X + offset).astype(np.float32)
    model = GaussianMixture(3, covariance_type=covariance_type, random_state=0, tol=0, max_iter=40)
    with pytest.warns(ConvergenceWarning):
        single, double = clone(model).fit(rows), clone(model).fit(rows.astype(np.float64))
    for name in ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_"):
        assert getattr(single, name).dtype == np.float32
        np.testing.assert_allclose(
            getattr(single, name), getattr(double, name), rtol=1e-4, atol=1e-4, err_msg=name
        )
    np.testing.assert_allclose(
        single.predict_proba(rows), double.predict_proba(rows.astype(float)), atol=1e-4
    )
    assert single.score(rows) == pytest.approx(double.score(rows), abs=1e-4)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_float32_keeps_the_mean_that_it_cannot_hold(covariance_type):
    """Clusters narrower than the rounding of their means: F (μ − c) restores what is lost.

    At 2²² a float32 resolves a half; a mean between two such values must not be rounded.
    """
    rng = np.random.default_rng(0)
    rows = (2.0**22 + rng.integers(0, 3, (400, 2)) + 8.0 * rng.integers(0, 2, (400, 1))).astype(np.float32)
    single = GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(rows)
    double = GaussianMixture(2, covariance_type=covariance_type, random_state=0).fit(rows.astype(np.float64))
    # From the same parameters, the same densities: the model in double, the rows in float32.
    np.testing.assert_allclose(
        double.score_samples(rows), double.score_samples(rows.astype(float)), rtol=1e-4
    )
    assert single.lower_bounds_[-1] == pytest.approx(double.lower_bounds_[-1], abs=1e-4)


@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.uint16, bool, np.float16, ">f8", np.longdouble])
def test_other_types_are_computed_in_float64(dtype):
    rows = np.abs(np.round(4 * X)).astype(np.int8).astype(dtype)
    if dtype is bool:
        rows = X.mean(axis=0) < X
    twin = GaussianMixture(1).fit(rows.astype(np.float64))
    model = GaussianMixture(1).fit(rows)
    assert model.means_.dtype == np.float64
    np.testing.assert_array_equal(model.means_, twin.means_)
    for method in ("predict_proba", "score_samples", "predict", "transform"):
        np.testing.assert_array_equal(
            getattr(model, method)(rows), getattr(twin, method)(rows.astype(np.float64))
        )
    assert model.predict_proba(rows).dtype == np.float64
