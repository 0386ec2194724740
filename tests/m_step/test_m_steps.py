"""Every M-step maximises: against the weighted moments of the rows, and from any centre."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmix.e_step import statistics_from_resp
from softmix.m_step import CovarianceFloor
from softmix.parameters import FactorShape
from softmix.structures import STRUCTURES

NAMES = ["VVV", "EEE", "VVI", "VII"]
SPREADS = {
    FactorShape.FULL: np.eye(3),
    FactorShape.SHARED: np.eye(3),
    FactorShape.DIAGONAL: np.ones(3),
    FactorShape.SCALAR: np.ones(()),
}


def _case(name, seed):
    rng = np.random.default_rng(seed)
    rows, resp = rng.standard_normal((40, 3)) @ rng.standard_normal((3, 3)), rng.dirichlet(np.ones(2), 40)
    structure = STRUCTURES[name]
    return rows, resp, structure, CovarianceFloor(SPREADS[structure.shape], 1e-12)


@given(name=st.sampled_from(NAMES), seed=st.integers(0, 99))
def test_moments(name, seed):
    rows, resp, structure, floor = _case(name, seed)
    found = structure.m_step(statistics_from_resp(structure.shape, rows, resp), floor)
    count = resp.sum(axis=0)
    means = resp.T @ rows / count[:, None]
    y = rows[:, None, :] - means
    scatter = np.einsum("nk,nki,nkj->kij", resp, y, y)
    covariances = scatter / count[:, None, None]
    expected = {
        "VVV": covariances,
        "EEE": scatter.sum(axis=0) / count.sum(),
        "VVI": np.diagonal(covariances, axis1=1, axis2=2),
        "VII": np.trace(covariances, axis1=1, axis2=2) / 3,
    }[name]
    np.testing.assert_allclose(found.weights, count / 40, rtol=1e-12)
    np.testing.assert_allclose(found.means, means, atol=1e-12)
    np.testing.assert_allclose(found.covariances(), expected, rtol=1e-9, atol=1e-12)


@given(name=st.sampled_from(NAMES), seed=st.integers(0, 99))
def test_the_centre_does_not_matter(name, seed):
    rows, resp, structure, floor = _case(name, seed)
    statistics = statistics_from_resp(structure.shape, rows, resp)
    moved = statistics.recenter(statistics.centers + np.random.default_rng(seed).standard_normal((2, 3)))
    one, other = structure.m_step(statistics, floor), structure.m_step(moved, floor)
    np.testing.assert_allclose(other.means, one.means, atol=1e-12)
    np.testing.assert_allclose(other.factors, one.factors, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scale", [1e-250, 1.0, 1e250])
def test_an_empty_component_stays_where_it_is(name, scale):
    """With weight 0 and a finite covariance, at any scale of the row weights."""
    rows, _, structure, _ = _case(name, 0)
    resp = np.c_[np.ones(40), np.zeros(40)]
    statistics = statistics_from_resp(structure.shape, rows, resp, np.full(40, scale))
    found = structure.m_step(statistics, CovarianceFloor(SPREADS[structure.shape], 1e-6))
    assert found.weights.tolist() == [1.0, 0.0]
    np.testing.assert_array_equal(found.means[1], statistics.centers[1])
    assert np.isfinite(found.factors).all()
    assert np.isneginf(found.log_constants[1])
