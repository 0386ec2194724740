"""The conjugate prior: published formulas, the posterior at its maximum, and EM that never loses it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulate import MCLUST_TYPES, clusters, covariance_matrices, floor_of

from softmix.blocks import ArrayBlocks
from softmix.e_step import statistics_from_resp
from softmix.m_step import ConjugatePrior
from softmix.parameters import FactorShape, GaussianParameters
from softmix.structures import STRUCTURES
from softmix.sweep import ThreadSweep

KAPPA, NU = 0.5, 6.0
SCALES = {
    FactorShape.FULL: np.array([[2.0, 0.3, 0.0], [0.3, 1.0, 0.1], [0.0, 0.1, 0.5]]),
    FactorShape.SHARED: np.array([[2.0, 0.3, 0.0], [0.3, 1.0, 0.1], [0.0, 0.1, 0.5]]),
    FactorShape.DIAGONAL: np.array([2.0, 1.0, 0.5]),
    FactorShape.SCALAR: np.array(0.7),
}


def prior_for(structure, shrinkage=KAPPA):
    scale = SCALES[structure.shape]
    mean = np.array([0.5, -0.5, 1.0])
    return ConjugatePrior(shrinkage, mean, NU, scale, structure.shape, structure.one_covariance)


def _case(seed):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((40, 3)) @ rng.standard_normal((3, 3)), rng.dirichlet(np.ones(2), 40)


@given(name=st.sampled_from(["EII", "VII", "EEI", "VVI", "EEE", "VVV"]), seed=st.integers(0, 99))
def test_published_formulas(name, seed):
    """Fraley & Raftery (2007), tables 1 and 2."""
    X, resp = _case(seed)
    structure = STRUCTURES[name]
    prior = prior_for(structure)
    found = structure.m_step(
        statistics_from_resp(structure.shape, X, resp), floor_of(structure, X, 1e-12), prior=prior
    )
    n, d, K = resp.sum(axis=0), 3, 2
    m = resp.T @ X / n[:, None]
    y = X[:, None, :] - m
    W = np.einsum("nk,nki,nkj->kij", resp, y, y)
    u = m - prior.mean
    T = W + (KAPPA * n / (KAPPA + n))[:, None, None] * u[:, :, None] * u[:, None, :]
    scale, eye = SCALES[structure.shape], np.eye(d)
    traces, diagonals = np.trace(T, axis1=1, axis2=2), np.diagonal(T, axis1=1, axis2=2)
    expected = {
        "EII": lambda: (scale + traces.sum()) / (n.sum() * d + NU + K * d + 2) * np.stack([eye] * K),
        "VII": lambda: ((scale + traces) / (n * d + NU + d + 2))[:, None, None] * eye,
        "EEI": lambda: np.stack([np.diag((scale + diagonals.sum(axis=0)) / (n.sum() + NU + K + 2))] * K),
        "VVI": lambda: ((scale + diagonals) / (n + NU + 3)[:, None])[:, :, None] * eye,
        "EEE": lambda: np.stack([(scale + T.sum(axis=0)) / (n.sum() + NU + d + K + 1)] * K),
        "VVV": lambda: (scale + T) / (n + NU + d + 2)[:, None, None],
    }[name]()
    np.testing.assert_allclose(found.weights, n / 40, rtol=1e-12)
    np.testing.assert_allclose(found.means, (n[:, None] * m + KAPPA * prior.mean) / (n + KAPPA)[:, None])
    np.testing.assert_allclose(covariance_matrices(found), expected, rtol=1e-9, atol=1e-12)


def _log_posterior(X, resp, parameters, prior):
    sigma = covariance_matrices(parameters)
    y = X[:, None, :] - parameters.means
    distances = np.einsum("nki,kij,nkj->nk", y, np.linalg.inv(sigma), y)
    return -0.5 * (resp * (np.linalg.slogdet(sigma)[1] + distances)).sum() + prior.log_density(parameters)


@given(
    name=st.sampled_from(MCLUST_TYPES), seed=st.integers(0, 99), shrinkage=st.sampled_from([0.0, 0.01, 5.0])
)
def test_the_expected_posterior_is_at_its_maximum(name, seed, shrinkage):
    """Means and covariances that other memberships give, on the way to them, are no better."""
    X, resp = _case(seed)
    structure = STRUCTURES[name]
    prior, floor = prior_for(structure, shrinkage), floor_of(structure, X, 1e-9)
    found = structure.m_step(statistics_from_resp(structure.shape, X, resp), floor, prior=prior)
    best = _log_posterior(X, resp, found, prior)
    rng = np.random.default_rng(seed)
    for step in (1e-3, 1e-2, 0.1, 1.0):
        mixed = (1 - step) * resp + step * rng.dirichlet(np.ones(2), len(X))
        other = structure.m_step(statistics_from_resp(structure.shape, X, mixed), floor, found, prior)
        for means, factors in ((found.means, other.factors), (other.means, found.factors)):
            moved = GaussianParameters(found.weights, means, factors, found.shape)
            assert _log_posterior(X, resp, moved, prior) <= best + 1e-7 * abs(best)


@pytest.mark.parametrize("name", MCLUST_TYPES)
@pytest.mark.parametrize("shrinkage", [0.0, 0.01])
def test_the_log_posterior_never_falls(name, shrinkage):
    """Rows that repeat, a constant column: where the likelihood alone would have no maximum."""
    X, labels = clusters(n=90, d=3, k=3, separation=1.0)
    X[:20] = X[0]
    X[:, 2] = 1.0
    structure = STRUCTURES[name]
    prior, floor = prior_for(structure, shrinkage), floor_of(structure, X, 1e-14)
    parameters = structure.m_step(
        statistics_from_resp(structure.shape, X, np.eye(3)[labels]), floor, prior=prior
    )
    heights = []
    with ThreadSweep(ArrayBlocks(X), n_jobs=1) as sweep:
        for _ in range(60):
            statistics = sweep(parameters)
            heights.append(statistics.log_likelihood + prior.log_density(parameters))
            parameters = structure.m_step(statistics, floor, parameters, prior)
    assert np.diff(heights).min() >= -1e-12 * np.abs(heights).max()


@pytest.mark.parametrize("name", MCLUST_TYPES)
def test_an_empty_component_has_the_prior_s_mean(name):
    X, _ = _case(0)
    structure = STRUCTURES[name]
    resp = np.c_[np.ones(40), np.zeros(40)]
    statistics, floor = statistics_from_resp(structure.shape, X, resp), floor_of(structure, X)
    prior = prior_for(structure)
    found = structure.m_step(statistics, floor, prior=prior)
    np.testing.assert_allclose(found.means[1], prior.mean)
    assert found.weights[1] == 0
    assert np.isfinite(found.factors).all()
    unshrunk = structure.m_step(statistics, floor, prior=prior_for(structure, 0.0))
    np.testing.assert_array_equal(unshrunk.means[1], statistics.centers[1])


@pytest.mark.parametrize("name", MCLUST_TYPES)
def test_equal_weights(name):
    """They are 1 / K, and nothing else changes."""
    X, resp = _case(1)
    structure = STRUCTURES[name]
    statistics, floor = statistics_from_resp(structure.shape, X, resp), floor_of(structure, X)
    free, equal = (structure.m_step(statistics, floor, equal_weights=e) for e in (False, True))
    assert equal.weights.tolist() == [0.5, 0.5]
    np.testing.assert_array_equal(equal.means, free.means)
    np.testing.assert_array_equal(equal.factors, free.factors)
    assert structure.n_parameters(2, 3) - structure.n_parameters(2, 3, equal_weights=True) == 1
