"""The problems that structures share, against a general optimiser and against known answers."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from softmix.m_step.common_orientation import FIRST_ROUNDS, OrientationProblem, shared_axes
from softmix.m_step.equal_volumes import equal_volumes
from softmix.m_step.scaled_shape import scaled_shape


def misfit(variances, along, count):
    """−2 times the expected log-likelihood, up to a constant."""
    return count @ np.log(variances).sum(axis=1) + (along / variances).sum()


def _scatters(seed, k=3, d=3):
    rng = np.random.default_rng(seed)
    return rng.uniform(10, 100, k), 10.0 ** rng.uniform(-2, 2, (k, d))


@given(seed=st.integers(0, 299), lowest=st.sampled_from([1e-9, 1e-3, 0.1, 1.0]))
def test_equal_volumes(seed, lowest):
    """No point that satisfies the constraints does better; SLSQP is given the problem as it is."""
    count, along = _scatters(seed)
    found = equal_volumes(along, count.sum(), lowest)
    logs = np.log(found)
    np.testing.assert_allclose(logs.sum(axis=1), logs.sum(axis=1)[0], rtol=1e-10, atol=1e-10)
    assert found.min() >= lowest * (1 - 1e-12)
    best = minimize(
        lambda x: misfit(np.exp(x.reshape(3, 3)), along, count) / count.sum(),
        np.full(9, max(logs.mean(), np.log(lowest))),
        bounds=[(np.log(lowest), None)] * 9,
        constraints={"type": "eq", "fun": lambda x: np.diff(x.reshape(3, 3).sum(axis=1))},
        method="SLSQP",
        options={"maxiter": 500, "ftol": 1e-12},
    )
    assert misfit(found, along, count) / count.sum() <= best.fun + 1e-6


@given(seed=st.integers(0, 99))
def test_equal_volumes_without_scatter(seed):
    """A component without any scatter is a ball as large as the others, and nothing overflows."""
    count, along = _scatters(seed)
    along[1] = 0.0
    found = equal_volumes(along, count.sum(), 1e-6)
    np.testing.assert_allclose(found[1], found[0].prod() ** (1 / 3), rtol=1e-9)
    np.testing.assert_allclose(equal_volumes(np.zeros((2, 3)), 10.0, 1e-6), 1e-6)


@given(seed=st.integers(0, 299), lowest=st.sampled_from([1e-9, 1e-3, 0.1, 1.0]))
def test_scaled_shape(seed, lowest):
    """The same from any start, and no better point for L-BFGS in the box that it is equivalent to."""
    count, along = _scatters(seed)
    starts = 10.0 ** np.random.default_rng(seed).uniform(-3, 3, (2, 3))
    one, other = (scaled_shape(lambda _: (np.eye(3), along), count, v, lowest).variances for v in starts)
    assert one.min() >= lowest * (1 - 1e-9)
    np.testing.assert_allclose(misfit(one, along, count), misfit(other, along, count), rtol=1e-7)
    best = minimize(
        lambda x: misfit(np.exp(np.add.outer(x[:3], x[3:])), along, count) / count.sum(),
        np.r_[np.full(3, max(0.0, np.log(lowest))), np.zeros(3)],
        bounds=[(np.log(lowest), None)] * 3 + [(0.0, None)] * 3,
        method="L-BFGS-B",
        options={"ftol": 1e-14, "maxiter": 2000},
    )
    assert misfit(one, along, count) / count.sum() <= best.fun + 1e-6


@given(seed=st.integers(0, 99), d=st.integers(1, 6))
def test_axes_that_are_common_are_found(seed, d):
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.standard_normal((d, d)))[0]
    variances = 10.0 ** rng.uniform(-2, 2, (3, d))
    sigma = np.einsum("ij,kj,lj->kil", axes, variances, axes)
    problem = OrientationProblem(sigma, np.ones(3), lambda along: along)
    for start in (problem.first_axes(), np.linalg.qr(rng.standard_normal((d, d)))[0]):
        found, along = problem.climb(start, FIRST_ROUNDS)
        np.testing.assert_allclose(
            np.einsum("ij,kj,lj->kil", found, along, found), sigma, atol=1e-4 * sigma.max()
        )
    factors = np.linalg.cholesky(np.linalg.inv(sigma)).swapaxes(1, 2)
    np.testing.assert_allclose(np.abs(shared_axes(factors).T @ axes).max(axis=0), 1.0, atol=1e-9)
