"""Both kernels invert and factor stacks of matrices alike, and say which cannot be."""

import numpy as np
import pytest

from softmix.kernels import kernel, reference

KERNELS = [pytest.param(kernel(), id="native"), pytest.param(reference, id="reference")]


def _stack(count: int, d: int, condition: float) -> np.ndarray:
    rng = np.random.default_rng(d)
    axes = np.linalg.qr(rng.standard_normal((count, d, d)))[0]
    return (axes * np.geomspace(1.0, 1.0 / condition, d)) @ axes.swapaxes(1, 2)


@pytest.mark.parametrize("module", KERNELS)
@pytest.mark.parametrize("d", [1, 2, 3, 8, 17, 40, 41])
@pytest.mark.parametrize("condition", [1e1, 1e8])
def test_factors_whiten(module, d, condition):
    matrices = _stack(3, d, condition if d > 1 else 1.0)
    factors, squared_norms = module.inverse_cholesky(matrices)
    np.testing.assert_allclose(
        factors @ matrices @ factors.swapaxes(1, 2), [np.eye(d)] * 3, atol=1e-15 * condition
    )
    np.testing.assert_array_equal(factors, np.tril(factors))
    np.testing.assert_allclose(squared_norms, (factors**2).sum(axis=(1, 2)), rtol=1e-12)


@pytest.mark.parametrize("module", KERNELS)
@pytest.mark.parametrize("d", [2, 5, 41])
def test_a_matrix_that_is_not_positive_definite_is_said_and_spoils_no_other(module, d):
    matrices = _stack(3, d, 10.0)
    matrices[1, -1, -1] = -1.0
    factors, squared_norms = module.inverse_cholesky(matrices)
    assert np.isinf(squared_norms[1])
    assert np.isfinite(squared_norms[[0, 2]]).all()
    np.testing.assert_allclose(
        (factors @ matrices @ factors.swapaxes(1, 2))[[0, 2]], [np.eye(d)] * 2, atol=1e-13
    )
