"""The spread of all rows, in every unit, from any centre, with constant and collinear columns."""

import numpy as np
import pytest
from simulate import clusters

from softmix.blocks import ArrayBlocks
from softmix.e_step import statistics_from_resp
from softmix.fit.spread import measure_spread, spread_of
from softmix.parameters import FactorShape
from softmix.sweep import ThreadSweep

X, _ = clusters(n=500, d=3)


def measure(rows, shape, weights=None):
    with ThreadSweep(ArrayBlocks(np.asarray(rows), weights)) as sweep:
        return measure_spread(sweep, shape)


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_is_the_inverse_root_of_the_covariance(scale, offset):
    rows = (X + offset) * scale
    covariance = np.cov(((rows - rows[0]) / scale).T, bias=True)
    full = measure(rows, FactorShape.FULL).factor * scale
    np.testing.assert_allclose(full @ covariance @ full.T, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(
        (measure(rows, FactorShape.DIAGONAL).factor * scale) ** -2, np.diag(covariance), rtol=1e-10
    )
    spherical = measure(rows, FactorShape.SCALAR).factor * scale
    np.testing.assert_allclose(spherical**-2, np.trace(covariance) / 3, rtol=1e-10)


@pytest.mark.parametrize("shape", list(FactorShape))
def test_a_far_first_block_costs_no_digits(shape):
    """The first centre is the first block's mean; far from all others', the sweep is made again."""
    rows = np.random.default_rng(0).standard_normal((200_000, 2))
    rows[:16384] += 1e9
    spread = measure(rows, shape, weights=np.r_[np.full(16384, 1e-30), np.ones(200_000 - 16384)])
    rest = rows[16384:]
    np.testing.assert_allclose(spread.mean, rest.mean(axis=0), atol=1e-6)
    whitened = spread.whiten(rest)
    np.testing.assert_allclose((whitened**2).mean(), 1.0, rtol=1e-3)


def test_whitened_rows_have_unit_covariance_and_standardised_ones_unit_variance():
    spread = measure(X, FactorShape.FULL)
    np.testing.assert_allclose(np.cov(spread.whiten(X).T, bias=True), np.eye(3), atol=1e-10)
    np.testing.assert_allclose(spread.standardise(X).std(axis=0), 1.0, rtol=1e-10)


@pytest.mark.parametrize("shape", list(FactorShape))
@pytest.mark.parametrize("value", [0.0, 5.0, 1e8 + 0.1, -1e-12])
def test_constant_columns(shape, value):
    rows = np.c_[X, np.full(500, value)]
    spread = measure(rows, shape)
    assert spread.constant.tolist() == [False, False, False, True]
    assert np.isfinite(spread.factor).all()
    np.testing.assert_allclose(
        spread.whiten(rows)[:, 3] if shape is FactorShape.DIAGONAL else 0.0, 0.0, atol=1e-6
    )


def test_collinear_columns_keep_a_finite_factor():
    """Their direction is raised to where rounding, magnified, stays below the default floor."""
    spread = measure(np.c_[X, X @ [1.0, -2.0, 0.5]], FactorShape.FULL)
    assert np.isfinite(spread.factor).all()
    noise = spread.whiten(np.c_[X, X @ [1.0, -2.0, 0.5]]).var(axis=0).min()
    assert noise < 1e-6


def test_rows_of_weight_0_do_not_count():
    weights = np.ones(500)
    weights[::2] = 0
    rows = X.copy()
    rows[::2] = 1e300
    kept, all_of = measure(X[1::2], FactorShape.FULL), measure(rows, FactorShape.FULL, weights)
    np.testing.assert_allclose(all_of.factor, kept.factor, rtol=1e-10)


@pytest.mark.parametrize("shape", FactorShape)
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_of_statistics_is_that_of_their_rows(shape, offset):
    """Whatever the memberships: they sum to 1."""
    resp = np.random.default_rng(0).dirichlet(np.ones(4), len(X))
    weights = np.random.default_rng(1).uniform(0.5, 2.0, len(X))
    found = spread_of(statistics_from_resp(shape, X + offset, resp, weights))
    expected = measure(X + offset, shape, weights)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-12)
    np.testing.assert_allclose(found.factor, expected.factor, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("shape", FactorShape)
def test_a_spread_whose_square_underflows_is_none(shape):
    with np.errstate(all="raise", under="ignore"):
        spread = measure(np.zeros((9, 2)) + 1e-155 * np.arange(18).reshape(9, 2), shape)
    assert spread.constant.all()
    np.testing.assert_array_equal(spread.scale, 1.0)
