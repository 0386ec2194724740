"""Drift bounds how the distance of any point from a component changes."""

import numpy as np
import pytest
from simulate_many import drifted, many, rows_of

from softmix.parameters import Drift, FactorShape, GaussianParameters, Reference

SHAPES = list(FactorShape)
ALLOWED = Drift(0.04, 0.2, 0.2)


def distances(mixture, rows):
    """|F_k (x − μ_k)|, (n, K)."""
    y = rows[:, None] - mixture.means
    if mixture.shape is FactorShape.FULL:
        z = np.einsum("kij,nkj->nki", mixture.factors, y)
    elif mixture.shape is FactorShape.SHARED:
        z = y @ mixture.factors.T
    else:
        z = y * (mixture.factors if mixture.shape is FactorShape.DIAGONAL else mixture.factors[:, None])
    return np.linalg.norm(z, axis=2)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("by", [0.1, 0.99, 5.0])
def test_distances_stay_within(shape, by):
    mixture = many(shape, 30, 3)
    now, rows = drifted(mixture, by), rows_of(mixture, 200)
    share = Reference.at(mixture).shares(now, ALLOWED)
    assert share.shape == (30,)
    assert (share <= by * (1 + 1e-9)).all()
    assert share.max() > 0.3 * by
    stretch, shift = 0.04 * share, 0.2 * share
    before, after = distances(mixture, rows), distances(now, rows)
    assert (after <= (1 + stretch) * (before + shift) + 1e-12).all()
    assert (after >= (1 - stretch) * (before - shift) - 1e-12).all()
    assert (np.abs(now.log_constants - mixture.log_constants) <= 0.2 * share + 1e-12).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_replaced_has_not_moved(shape):
    mixture = many(shape, 30, 3)
    far = drifted(mixture, 20.0)
    factors = mixture.factors if shape is FactorShape.SHARED else far.factors
    now = GaussianParameters(far.weights, far.means, factors, shape)
    moved = np.arange(30) % 3 == 0
    share = Reference.at(mixture).replaced(now, moved).shares(now, ALLOWED)
    np.testing.assert_allclose(share[moved], 0.0, atol=1e-9)
    assert (share[~moved] > 1).all()


def test_empty_components_keep_still_until_they_get_rows():
    mixture = many(FactorShape.FULL, 3)
    empty = GaussianParameters(np.array([0.5, 0.5, 0.0]), mixture.means, mixture.factors, FactorShape.FULL)
    full = GaussianParameters(np.array([0.5, 0.4, 0.1]), mixture.means, mixture.factors, FactorShape.FULL)
    np.testing.assert_allclose(Reference.at(empty).shares(empty, ALLOWED), 0.0, atol=1e-12)
    assert np.isinf(Reference.at(empty).shares(full, ALLOWED)[2])
    assert np.isinf(Reference.at(full).shares(empty, ALLOWED)[2])


def test_other_kinds_of_mixture_are_not_compared():
    reference = Reference.at(many(FactorShape.FULL, 5))
    assert reference.shares(many(FactorShape.FULL, 6), ALLOWED) is None
    assert reference.shares(many(FactorShape.DIAGONAL, 5), ALLOWED) is None


def test_parameters_that_are_no_numbers_have_moved():
    mixture = many(FactorShape.SCALAR, 3)
    broken = GaussianParameters(mixture.weights, mixture.means * np.nan, mixture.factors, FactorShape.SCALAR)
    assert np.isinf(Reference.at(mixture).shares(broken, ALLOWED)).all()
