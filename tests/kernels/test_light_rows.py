"""Products of rows of little weight are taken in float32, and the statistics are none the worse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from softmix.kernels import native, reference
from softmix.parameters import FactorShape, GaussianParameters
from softmix.statistics import StatisticsLayout

# Rounding of the memberships, which are exponentials of differences of numbers of about 100.
TOLERANCE = 2e-13


def _mixture(shape: FactorShape, K: int, d: int, separation: float, units: np.ndarray, seed: int):
    """Components whose rows have a small part in the others, in columns of the given units."""
    rng = np.random.default_rng(seed)
    factors = np.tril(rng.normal(size=(K, d, d)) * 0.2 / np.sqrt(d))
    factors[:, np.arange(d), np.arange(d)] = rng.uniform(0.9, 1.1, (K, d))
    factors = (factors[0] if shape is FactorShape.SHARED else factors) / units
    means = rng.normal(size=(K, d)) * separation / np.sqrt(2 * d)
    rows = means[rng.integers(K, size=900)] + rng.normal(size=(900, d))
    weights = rng.uniform(0.5, 2.0, 900)
    return GaussianParameters(np.full(K, 1 / K), means * units, factors, shape), rows * units, weights


def _statistics(kernel, parameters, rows, weights, **how):
    layout = StatisticsLayout(parameters.shape, *parameters.means.shape)
    values = np.zeros(layout.size)
    kernel.accumulate(kernel.prepare(parameters, rows.dtype, **how), rows, weights, values)
    K, d = layout.n_components, layout.n_features
    sums = values[K : layout.scatter_start].reshape(K, d)
    i, j = np.tril_indices(d)
    scatter = np.zeros((layout.scatter_shape[0], d, d))
    scatter[:, i, j] = values[layout.scatter_start : layout.scatter_stop].reshape(layout.scatter_shape)
    return values[:K], sums, scatter


def _assert_same(found, expected):
    """To rounding, relative to what each column's squares add up to."""
    counts, sums, scatter = expected
    spread = np.sqrt(np.diagonal(scatter, axis1=1, axis2=2))
    total = counts if len(spread) == len(counts) else np.broadcast_to(counts.sum(), 1)
    np.testing.assert_allclose(found[0], counts, rtol=TOLERANCE)
    error = np.abs(found[1] - sums) / (np.sqrt(total)[:, None] * spread)
    assert error.max() < TOLERANCE
    error = np.abs(found[2] - scatter) / (spread[:, :, None] * spread[:, None, :])
    assert error.max() < TOLERANCE


@pytest.mark.parametrize("isa", native.available)
@pytest.mark.parametrize("shape", [FactorShape.FULL, FactorShape.SHARED])
@given(
    K=st.integers(3, 30),
    d=st.integers(21, 70),
    separation=st.floats(4.0, 12.0),
    weighted=st.booleans(),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=25, deadline=None)
def test_agrees_with_the_reference(shape, isa, K, d, separation, weighted, seed):
    parameters, rows, weights = _mixture(shape, K, d, separation, np.ones(d), seed)
    weights = weights if weighted else None
    found = _statistics(native, parameters, rows, weights, isa=isa)
    _assert_same(found, _statistics(reference, parameters, rows, weights))


@pytest.mark.parametrize("isa", native.available)
@pytest.mark.parametrize("exponent", [-150, -70, -30, 30, 70, 150])
def test_units_that_float32_cannot_hold(isa, exponent):
    """The squares of one column overflow or underflow in float32; they are taken in float64 there."""
    units = np.ones(40)
    units[::3] = 2.0**exponent
    parameters, rows, _ = _mixture(FactorShape.FULL, 8, 40, 8.0, units, 1)
    found = _statistics(native, parameters, rows, None, isa=isa)
    _assert_same(found, _statistics(reference, parameters, rows, None))


@pytest.mark.parametrize("isa", native.available)
def test_light_is_relative_to_the_component(isa):
    """A component that no row is near has heavy rows too: all its memberships are small."""
    parameters, rows, _ = _mixture(FactorShape.FULL, 4, 30, 3.0, np.ones(30), 2)
    weights = np.array([0.4, 0.3, 0.3, 1e-12])
    parameters = GaussianParameters(weights, parameters.means, parameters.factors, FactorShape.FULL)
    found = _statistics(native, parameters, rows, None, isa=isa)
    expected = _statistics(reference, parameters, rows, None)
    assert expected[0][3] < 1e-6
    _assert_same(found, expected)


@pytest.mark.parametrize("isa", native.available)
def test_most_rows_are_light_where_components_are_some_way_apart(isa):
    """What the tests here are about happens in them: the bits are not those of float64 alone."""
    parameters, rows, _ = _mixture(FactorShape.FULL, 8, 40, 8.0, np.ones(40), 1)
    units = np.full(40, 2.0**-70)  # a power of two changes no bit, but where float32 cannot hold it
    scaled = GaussianParameters(
        parameters.weights, parameters.means * units, parameters.factors / units, FactorShape.FULL
    )
    narrow = _statistics(native, parameters, rows, None, isa=isa)[2]
    wide = _statistics(native, scaled, rows * units, None, isa=isa)[2] / units[0] ** 2
    assert (narrow != wide).any()
    np.testing.assert_allclose(narrow, wide, rtol=0, atol=2.0**-46 * np.abs(wide).max())
