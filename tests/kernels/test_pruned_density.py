"""Products that are cut short, where components are far from most rows, change no bit of the statistics."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from softmix.kernels import native, reference
from softmix.parameters import FactorShape, GaussianParameters
from softmix.statistics import StatisticsLayout

N_UNPRUNED = 26  # rows of so many components see the whole of each


def _mixture(K: int, d: int, separation: float, condition: float, shape: FactorShape, seed: int):
    """Components `separation` standard deviations apart, the axes' deviations up to √condition apart."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.standard_normal((K, d, d)))[0]
    spread = np.geomspace(1.0, np.sqrt(condition), d)
    roots = axes * spread * rng.uniform(0.7, 1.4, (K, 1, d))
    roots = np.broadcast_to(roots[:1], roots.shape) if shape is FactorShape.SHARED else roots
    factors = np.linalg.inv(np.linalg.cholesky(roots @ roots.swapaxes(1, 2)))
    factors = factors[0] if shape is FactorShape.SHARED else factors
    means = separation * (rng.standard_normal((K, d)) * spread) @ axes[0].T / np.sqrt(2 * d)
    weights = rng.dirichlet(np.full(K, 5.0))
    return GaussianParameters(weights, means + 1e3, np.tril(factors), shape), roots, rng


def _rows(parameters: GaussianParameters, roots: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    K, d = parameters.means.shape
    labels = rng.integers(K, size=n)
    return parameters.means[labels] + np.einsum("nij,nj->ni", roots[labels], rng.standard_normal((n, d)))


def _with_empty_components(parameters: GaussianParameters) -> GaussianParameters:
    """The same mixture with components of weight 0, too many for products to be cut short."""
    K = parameters.n_components
    repeated = np.zeros(N_UNPRUNED - K, dtype=int)
    factors = parameters.factors
    if parameters.shape is FactorShape.FULL:
        factors = np.concatenate([factors, factors[repeated]])
    return GaussianParameters(
        np.append(parameters.weights, np.zeros(N_UNPRUNED - K)),
        np.concatenate([parameters.means, parameters.means[repeated]]),
        factors,
        parameters.shape,
    )


def _statistics(kernel, parameters, rows, row_weights, **how):
    """Those of the occupied components, and the last three."""
    layout = StatisticsLayout(parameters.shape, *parameters.means.shape)
    values = np.zeros(layout.size)
    kernel.accumulate(kernel.prepare(parameters, rows.dtype, **how), rows, row_weights, values)
    K = np.count_nonzero(parameters.weights)
    scatter = values[layout.scatter_start : layout.scatter_stop].reshape(layout.scatter_shape)[:K]
    sums = values[layout.n_components : layout.scatter_start].reshape(-1, layout.n_features)[:K]
    return [values[:K], sums, scatter, values[-3:]]


@pytest.mark.parametrize("isa", native.available)
@pytest.mark.parametrize("shape", [FactorShape.FULL, FactorShape.SHARED])
@given(
    K=st.integers(3, 24),
    d=st.integers(25, 70),
    separation=st.floats(0.0, 60.0),
    condition=st.sampled_from([1.0, 1e2, 1e6]),
    dtype=st.sampled_from(["float64", "float32"]),
    weighted=st.booleans(),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=25, deadline=None)
def test_the_bits_are_those_of_whole_products(shape, isa, K, d, separation, condition, dtype, weighted, seed):
    parameters, roots, rng = _mixture(K, d, separation, condition, shape, seed)
    rows = _rows(parameters, roots, 500 + seed % 100, rng).astype(dtype)
    weights = rng.uniform(0.1, 2.0, len(rows)) if weighted else None
    found = _statistics(native, parameters, rows, weights, isa=isa)
    whole = _statistics(native, _with_empty_components(parameters), rows, weights, isa=isa)
    for some, every in zip(found, whole, strict=True):
        np.testing.assert_array_equal(some, every)


@pytest.mark.parametrize("isa", native.available)
@pytest.mark.parametrize("separation", [6.0, 9.0, 12.0])
def test_agrees_with_the_reference_about_the_cut(isa, separation):
    parameters, roots, rng = _mixture(16, 64, separation, 4.0, FactorShape.FULL, 3)
    rows = _rows(parameters, roots, 1024, rng)
    found = _statistics(native, parameters, rows, None, isa=isa)
    for some, every in zip(found, _statistics(reference, parameters, rows, None), strict=True):
        np.testing.assert_allclose(some, every, rtol=1e-11, atol=1e-11 * np.abs(every).max())


@pytest.mark.parametrize("isa", native.available)
@pytest.mark.parametrize("where", ["far", "same place", "constant density"])
def test_what_has_no_nearest_component(isa, where):
    """Rows whose densities all underflow, components at one mean, a component with F = 0."""
    parameters, roots, rng = _mixture(8, 40, 30.0, 1.0, FactorShape.FULL, 5)
    rows = _rows(parameters, roots, 600, rng)
    if where == "far":
        rows[::7] *= 1e160
    elif where == "same place":
        means = parameters.means[[0, 0, 0, 3, 4, 5, 6, 6]]
        parameters = GaussianParameters(parameters.weights, means, parameters.factors, FactorShape.FULL)
    else:
        factors = parameters.factors.copy()
        factors[2] = 0.0
        parameters = GaussianParameters(parameters.weights, parameters.means, factors, FactorShape.FULL)
        with np.errstate(divide="ignore"):
            constants = parameters.log_constants.copy()
        constants[2] = -200.0
        vars(parameters)["log_constants"] = constants
    found = _statistics(native, parameters, rows, None, isa=isa)
    larger = _with_empty_components(parameters)
    if where == "constant density":
        with np.errstate(divide="ignore"):
            constants = np.append(parameters.log_constants, np.full(N_UNPRUNED - 8, -np.inf))
        vars(larger)["log_constants"] = constants
    for some, every in zip(found, _statistics(native, larger, rows, None, isa=isa), strict=True):
        np.testing.assert_array_equal(some, every)
