"""Stacks of triangular factors: the native kernel does what NumPy does, and a move leads where it says."""

import numpy as np
import pytest

from softmix.kernels import kernel, reference

KERNELS = [pytest.param(kernel(), id="native"), pytest.param(reference, id="reference")]
COLUMNS = [1, 2, 7, 8, 9, 17, 33, 64, 100]


def _factors(K: int, d: int) -> np.ndarray:
    rng = np.random.default_rng([K, d])
    factors = np.tril(rng.normal(size=(K, d, d)) * 0.3 / np.sqrt(d))
    factors[:, np.arange(d), np.arange(d)] = rng.uniform(0.5, 2.0, (K, d))
    return factors


@pytest.mark.parametrize("d", COLUMNS)
def test_scatters_about_are_those_of_the_moments(d):
    rng = np.random.default_rng(d)
    triangles, counts, shifts = (
        rng.normal(size=(3, d * (d + 1) // 2)),
        rng.uniform(1, 9, 3),
        rng.normal(size=(3, d)),
    )
    found = kernel().scatters_about(triangles, counts, shifts)
    np.testing.assert_allclose(found, reference.scatters_about(triangles, counts, shifts), atol=1e-14 * 9 * d)
    np.testing.assert_array_equal(found, found.swapaxes(1, 2))
    i, j = np.tril_indices(d)
    np.testing.assert_allclose(
        found[:, i, j] + counts[:, None] * shifts[:, i] * shifts[:, j], triangles, atol=1e-13
    )


@pytest.mark.parametrize("module", KERNELS)
@pytest.mark.parametrize("d", COLUMNS)
def test_factors_of_scatters_whiten_in_any_units(module, d):
    inverse, scale = _factors(4, d), np.geomspace(1e-8, 1e8, d)
    covariances = inverse @ inverse.swapaxes(1, 2) * scale[:, None] * scale
    divisors = np.array([0.5, 1.0, 3.0, 1e6])
    factors, norms = module.factors_of_scatters(covariances * divisors[:, None, None], divisors, scale)
    np.testing.assert_allclose(
        (factors * scale) @ (inverse @ inverse.swapaxes(1, 2)) @ (factors * scale).swapaxes(1, 2),
        [np.eye(d)] * 4,
        atol=1e-11,
    )
    np.testing.assert_allclose(norms, ((factors * scale) ** 2).sum(axis=(1, 2)), rtol=1e-10)


@pytest.mark.parametrize("module", KERNELS)
@pytest.mark.parametrize("d", [2, 9, 33])
def test_a_singular_scatter_is_said_and_spoils_no_other(module, d):
    scatters = np.array([np.eye(d)] * 3)
    scatters[1, 0, 0] = 0.0
    factors, norms = module.factors_of_scatters(scatters, np.ones(3), np.ones(d))
    np.testing.assert_array_equal(np.isinf(norms), [False, True, False])
    np.testing.assert_array_equal(factors[[0, 2]], [np.eye(d)] * 2)


@pytest.mark.parametrize("module", KERNELS)
@pytest.mark.parametrize("d", COLUMNS)
def test_a_move_leads_to_its_coordinates(module, d):
    right = _factors(1, d)[0]
    inverse = np.linalg.inv(right)
    begin, end = _factors(6, d)[:3], _factors(6, d)[3:]
    (logs, beside), (logs_there, beside_there) = (module.unit_rows(each, right) for each in (begin, end))
    moved = module.moved_rows(begin, inverse, logs_there - logs, beside_there - beside)
    np.testing.assert_allclose(moved, end, atol=1e-12)
    np.testing.assert_array_equal(moved, np.tril(moved))


@pytest.mark.parametrize("d", COLUMNS)
def test_the_native_kernel_agrees(d):
    right, factors = _factors(1, d)[0], _factors(5, d)
    for found, expected in zip(
        (*kernel().unit_rows(factors, right), kernel().product_norms(factors, right)),
        (*reference.unit_rows(factors, right), reference.product_norms(factors, right)),
        strict=True,
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)
