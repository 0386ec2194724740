"""Stacks of lower triangular factors, in NumPy: what native/triangles.hpp does matrix by matrix."""

import numpy as np
from scipy.linalg import lapack


def inverse_cholesky(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inverse Cholesky factors of a stack of matrices, and their squared Frobenius norms.

    Where a matrix is not positive definite its norm is infinite, and its factor is nothing.
    """
    factors = np.zeros(matrices.shape)
    squared_norms = np.full(len(matrices), np.inf)
    for k, matrix in enumerate(matrices):
        # LAPACK reads columns: the transpose of our lower triangle is its upper one.
        upper, failed = lapack.dpotrf(matrix.T, lower=0)
        if not failed:
            factors[k] = lapack.dtrtri(upper, lower=0, overwrite_c=1)[0].T
            squared_norms[k] = np.vdot(factors[k], factors[k])
    return factors, squared_norms


def scatters_about(triangles: np.ndarray, counts: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """S_k − count_k · shift_k · shift_kᵀ, (K, d, d); of S_k the lower triangles, (K, d (d + 1) / 2)."""
    K, d = shifts.shape
    lower = np.zeros((K, d, d))
    lower[:, *np.tril_indices(d)] = triangles
    lower -= np.tril(counts[:, None, None] * shifts[:, :, None] * shifts[:, None, :])
    return lower + np.tril(lower, -1).swapaxes(1, 2)


def factors_of_scatters(
    scatters: np.ndarray, divisors: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Inverse Cholesky factors of scatter_k / divisor_k, as correlations with the deviations `scale`.

    The squared norms are those of the correlations' factors; failures are as of `inverse_cholesky`.
    """
    correlations = scatters / divisors[:, None, None] / (scale[:, None] * scale)
    factors, squared_norms = inverse_cholesky(correlations)
    return factors / scale, squared_norms


def unit_rows(factors: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """F_k · right = D (I + N): log D (K, d), and what is below the diagonals of N, (K, d (d − 1) / 2)."""
    products = factors @ right
    diagonals = np.diagonal(products, axis1=1, axis2=2)
    rows, columns = np.tril_indices(right.shape[0], -1)
    return np.log(diagonals), products[:, rows, columns] / diagonals[:, rows]


def moved_rows(factors: np.ndarray, inverse: np.ndarray, logs: np.ndarray, beside: np.ndarray) -> np.ndarray:
    """Factors of which `unit_rows`, `right` being the inverse of `inverse`, gives so much more."""
    rows, columns = np.tril_indices(inverse.shape[0], -1)
    below = np.zeros(factors.shape)
    below[:, rows, columns] = beside
    diagonals = np.diagonal(factors, axis1=1, axis2=2) / np.diagonal(inverse)
    return np.exp(logs)[:, :, None] * (factors + (diagonals[:, :, None] * below) @ inverse)


def product_norms(factors: np.ndarray, right: np.ndarray) -> np.ndarray:
    """|F_k · right|², Frobenius, (K,)."""
    return np.square(factors @ right).sum(axis=(1, 2))
