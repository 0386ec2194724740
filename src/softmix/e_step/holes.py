"""What is missing of rows that nearly all lack other columns, under one correlation matrix R = F⁻¹ F⁻ᵀ.

Rows are deviations y in units of standard deviations, 0 where a value is missing. Of each row one small
matrix is factored: where fewer columns are missing than observed, P_mm of the inverse P of R,

    ŷ_m = −P_mm⁻¹ (P y)_m,   Cov[y_m | y_o] = P_mm⁻¹,   |R_oo| = |P_mm| |R|,   y_oᵀ R_oo⁻¹ y_o = |F ŷ|²,

and else R_oo,

    v = R_oo⁻¹ y_o at o, 0 at m,   ŷ = R v,   y_oᵀ R_oo⁻¹ y_o = yᵀ v,
    Σ_i w_i Cov[y | y_o] = Σ w R − R A R,   A = Σ_i w_i R_oo⁻¹ at oo.

The rest are products with matrices that all rows share. They lose as many digits as the condition of R
has; Σ w R less R A R a few more.

Little & Rubin (2019), section 11.2; conditionals by precisions: Rasmussen & Williams (2006), appendix A.2.
"""

from typing import NamedTuple

import numpy as np

from softmix.kernels import kernel


class Filled(NamedTuple):
    """What a row's density is made of, and what its residual covariance is.

    Parameters
    ----------
    heights : ndarray of shape (sides, n)
        −½ yᵀ R_oo⁻¹ y − ½ log |R_oo|.
    residuals : ndarray
        As `kernel().add_residuals` reads them.
    """

    heights: np.ndarray
    residuals: np.ndarray


class ByPrecision:
    """Conditionals by the inverse of the correlations with this inverse Cholesky factor."""

    def __init__(self, factor: np.ndarray) -> None:
        self._factor, self._precision = factor, factor.T @ factor
        self._log_det = float(np.log(np.diagonal(factor)).sum())

    @staticmethod
    def columns(absent: np.ndarray) -> np.ndarray:
        """Of rows that lack equally many values, `absent` (n, d), the columns that are solved for, (n, m)."""
        return np.nonzero(absent)[1].reshape(len(absent), -1)

    def fill(self, deviations: np.ndarray, absent: np.ndarray, columns: np.ndarray) -> Filled:  # noqa: ARG002
        """Fill in `deviations` (sides, n, d)."""
        products = deviations @ self._precision
        half_log_dets, residuals = kernel().fill_holes(self._precision, columns, products, deviations)
        white = deviations @ self._factor.T
        squares = np.einsum("snj,snj->sn", white, white)
        return Filled(self._log_det - half_log_dets - 0.5 * squares, residuals)

    @staticmethod
    def residual_scatter(added: np.ndarray, count: float) -> np.ndarray:  # noqa: ARG004
        """Σ w Cov[y | y_o], a lower triangle (d, d), of `added` up residuals of total weight `count`."""
        return added


class ByCorrelation:
    """Conditionals by the correlations of what is observed; see ByPrecision."""

    def __init__(self, root: np.ndarray) -> None:
        self._correlation = root @ root.T

    @staticmethod
    def columns(absent: np.ndarray) -> np.ndarray:
        return np.nonzero(absent == 0)[1].reshape(len(absent), -1)

    def fill(self, deviations: np.ndarray, absent: np.ndarray, columns: np.ndarray) -> Filled:
        solved = np.zeros_like(deviations)
        half_log_dets, residuals = kernel().fill_holes(self._correlation, columns, deviations, solved)
        squares = -np.einsum("snj,snj->sn", deviations, solved)
        deviations -= absent * (solved @ self._correlation)
        return Filled(-half_log_dets - 0.5 * squares, residuals)

    def residual_scatter(self, added: np.ndarray, count: float) -> np.ndarray:
        whole = added + np.tril(added, -1).T
        return count * self._correlation - self._correlation @ whole @ self._correlation
