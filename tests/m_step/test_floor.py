"""The floor: the maximiser among covariances above a share of the data's spread."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulate import parameters

from softmix.exceptions import IllDefinedCovarianceError
from softmix.m_step import CovarianceFloor
from softmix.parameters import FactorShape


def spd(rng, d, lowest=1.0):
    axes = np.linalg.qr(rng.standard_normal((d, d)))[0]
    return (axes * (lowest + rng.uniform(0, 2, d))) @ axes.T


def expected_log_likelihood(covariance, scatter):
    return -0.5 * (np.linalg.slogdet(covariance)[1] + np.trace(np.linalg.solve(covariance, scatter)))


@given(seed=st.integers(0, 999), d=st.integers(1, 5), share=st.sampled_from([1e-6, 1e-2, 0.5, 2.0]))
def test_full_is_the_constrained_maximiser(seed, d, share):
    """Above the floor, and no small feasible move is better (the problem is concave in Σ⁻¹)."""
    rng = np.random.default_rng(seed)
    spread, scatter = spd(rng, d), spd(rng, d, lowest=0.0) * 10.0 ** rng.uniform(-6, 1)
    factor = np.linalg.inv(np.linalg.cholesky(spread))
    F = CovarianceFloor(factor, share).inverse_cholesky(scatter[None])[0]
    assert not np.triu(F, 1).any()
    assert (np.diagonal(F) > 0).all()
    best = np.linalg.inv(F) @ np.linalg.inv(F).T
    assert np.linalg.eigvalsh(factor @ best @ factor.T)[0] >= share * (1 - 1e-9)
    value = expected_log_likelihood(best, scatter)
    for _ in range(20):
        other = share * spread + spd(rng, d, lowest=0.0) * 10.0 ** rng.uniform(-6, 1)
        for step in (1e-4, 1e-2, 1.0):
            moved = np.linalg.inv((1 - step) * np.linalg.inv(best) + step * np.linalg.inv(other))
            assert expected_log_likelihood(moved, scatter) <= value + 1e-9 * abs(value)


@given(seed=st.integers(0, 999), share=st.sampled_from([1e-6, 0.1, 1.0]))
def test_variances_are_raised_to_it(seed, share):
    rng = np.random.default_rng(seed)
    raw, spread = 10.0 ** rng.uniform(-9, 2, (4, 3)), rng.uniform(0.5, 2, 3)
    raised = CovarianceFloor(1 / np.sqrt(spread), share).variances(raw)
    np.testing.assert_allclose(raised, np.maximum(raw, share * spread), rtol=1e-12)


def test_sound_covariances_are_left_alone():
    rng = np.random.default_rng(0)
    stack = np.stack([spd(rng, 4) for _ in range(3)])
    F = CovarianceFloor(np.eye(4), 1e-6).inverse_cholesky(stack)
    np.testing.assert_allclose(F, np.linalg.inv(np.linalg.cholesky(stack)), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("eigenvalue", [0.0, -1e-17, 1e-30])
def test_a_singular_covariance_is_held(eigenvalue):
    """Also one whose Cholesky factor does not exist, beside one that is sound."""
    axes = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    thin = (axes * [eigenvalue, 1.0, 2.0]) @ axes.T
    F = CovarianceFloor(np.eye(3), 1e-6).inverse_cholesky(np.stack([thin, np.eye(3)]))
    np.testing.assert_allclose(np.linalg.svd(F[0])[1] ** -2.0, [1e-6, 1.0, 2.0], rtol=1e-8)
    np.testing.assert_allclose(F[1], np.eye(3))


def test_without_a_floor_singular_is_refused_by_name():
    floor = CovarianceFloor(np.eye(3), 0.0)
    thin = np.diag([1.0, 0.0, 1.0])
    with pytest.raises(IllDefinedCovarianceError) as refusal:
        floor.inverse_cholesky(np.stack([np.eye(3), thin]))
    assert refusal.value.columns == {1: [1]}
    with pytest.raises(IllDefinedCovarianceError) as refusal:
        CovarianceFloor(np.ones(3), 0.0).variances(np.array([[1.0, 0.0, -1e-17], [1.0, 1.0, 1.0]]))
    assert refusal.value.columns == {0: [1, 2]}


def test_columns_of_a_thin_direction_whatever_their_units():
    """The direction (1, −1, 0) in columns of units 1e-6, 1e6 and 1."""
    scale = np.array([1e-6, 1e6, 1.0])
    thin = np.outer(scale, scale) * np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    floor = CovarianceFloor(np.diag(1 / scale), 1e-6)
    F = floor.inverse_cholesky(thin[None])
    held = parameters(FactorShape.FULL, k=1, d=3)
    held = type(held)(held.weights, held.means, F, FactorShape.FULL)
    assert floor.thin_columns(held, 0) == [0, 1]


def test_a_round_floor_is_below_every_column_s_own():
    """However unlike the units; a constant column does not count."""
    rng = np.random.default_rng(0)
    covariance = np.outer([0.01, 1.0, 100.0], [0.01, 1.0, 100.0]) * spd(rng, 3)
    factor = np.zeros((4, 4))
    factor[:3, :3] = np.linalg.inv(np.linalg.cholesky(covariance))
    factor[3, 3] = 1e8
    floor = CovarianceFloor.round(factor, 1e-4, np.array([False, False, False, True]))
    radius = floor.factor[0, 0] ** -2.0
    np.testing.assert_array_equal(floor.factor, floor.factor[0, 0] * np.eye(4))
    assert radius == pytest.approx(np.linalg.eigvalsh(covariance)[0], rel=1e-6)
    # Without a share of its own, it is what rounding can resolve.
    floor = CovarianceFloor.round(factor, 0.0, np.array([False, False, False, True]))
    assert floor.lowest * floor.factor[0, 0] ** -2.0 == pytest.approx(1e-15 * np.trace(covariance))


def test_what_rounding_leaves_is_a_share_of_each_column_s_own_variance():
    """Beside the line of two tight clusters the data are thin; that does not blur what is thin along it."""
    width = 1e-10
    line = np.array([[1.0, 1.0], [1.0, 1.0]]) + width * np.eye(2)
    factor, constant = np.linalg.inv(np.linalg.cholesky(line)), np.zeros(2, dtype=bool)
    tight = width * np.array([[1.0, 0.3], [0.3, 2.0]])
    F = CovarianceFloor.resolved(factor, 1e-14, constant).inverse_cholesky(tight[None])[0]
    np.testing.assert_allclose(F, np.linalg.inv(np.linalg.cholesky(tight)), rtol=1e-6, atol=1e-6 / width**0.5)
    held = CovarianceFloor.resolved(factor, 1e-14, constant).inverse_cholesky(np.zeros((1, 2, 2)))[0]
    lowest = 1e-14 * line + 1e-15 * np.diag(np.diag(line))
    shares = np.linalg.eigvalsh(np.linalg.inv(held @ lowest @ held.T))
    assert shares.min() >= 1.0 - 1e-6
    assert shares.max() <= 4.0
