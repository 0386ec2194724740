"""The spread of all rows: the one-component fit, in which starts and floors are measured.

Everything in a fit that needs a unit takes it from here, so that nothing depends on the
units of the columns: the covariance of all rows for full and tied structures, their variances
for diagonal ones, the mean variance for spherical ones.
"""

from dataclasses import dataclass

import numpy as np

from softmix.parameters import FactorShape, GaussianParameters
from softmix.parameters.gaussian import invert_triangular
from softmix.statistics import GaussianStatistics
from softmix.sweep import ThreadSweep

# Correlation eigenvalues below this are collinear columns. A whitened direction magnifies
# rounding by their inverse; at 1e-8 that stays far below the default floor.
_COLLINEAR = 1e-8


@dataclass(frozen=True, eq=False)
class Spread:
    """Mean of all rows, and the inverse Cholesky factor of their covariance.

    Parameters
    ----------
    mean : ndarray of shape (d,)
    scale : ndarray of shape (d,)
        Standard deviation of each column; of a constant column, its magnitude (or 1).
    constant : ndarray of bool of shape (d,)
    factor : ndarray of shape (d, d), (d,) or ()
        By shape; see CovarianceFloor.
    """

    mean: np.ndarray
    scale: np.ndarray
    constant: np.ndarray
    factor: np.ndarray

    def whiten(self, rows: np.ndarray) -> np.ndarray:
        """`rows` in units of the spread, float64: without units, and for full also rotated."""
        centred = rows.astype(np.float64) - self.mean
        return centred @ self.factor.T if self.factor.ndim == 2 else centred * self.factor


def measure_spread(sweep: ThreadSweep, shape: FactorShape) -> Spread:
    """The spread of all rows of `sweep`, by sweeps with a single component.

    Raises
    ------
    ValueError
        If the values are so large that their variance overflows.
    """
    shape = FactorShape.FULL if shape is FactorShape.SHARED else shape
    diagonal = FactorShape.DIAGONAL if shape is FactorShape.SCALAR else shape
    center, scale = _first_guess(sweep)
    with np.errstate(over="ignore", invalid="ignore"):
        statistics = sweep(_one_component(center, scale, diagonal))
        mean = statistics.centers[0] + statistics.sum[0] / statistics.count[0]
        if not np.all(np.abs(mean - center) <= scale):  # a far centre costs digits: once more
            statistics = sweep(_one_component(mean, scale, diagonal))
            mean = statistics.centers[0] + statistics.sum[0] / statistics.count[0]
        covariance = _covariance(statistics)
    if not np.isfinite(covariance).all():
        column = int(np.flatnonzero(~np.isfinite(covariance.reshape(len(mean), -1)).all(axis=1))[0])
        raise ValueError(
            f"The variance of column {column} overflows: its values are too large (mean {mean[column]:.3g}). "
            "Rescale the column."
        )
    return _spread(mean, covariance, shape)


def _first_guess(sweep: ThreadSweep) -> tuple[np.ndarray, np.ndarray]:
    rows = sweep.source[0].rows.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        center, scale = rows.mean(axis=0), rows.std(axis=0)
        if not np.isfinite(center).all():
            center = rows[0]
        largest = np.maximum(np.abs(center), np.finfo(np.float64).tiny * 1e8)
        scale = np.where(np.isfinite(scale) & (scale > 0), scale, largest)
    return center, scale


def _one_component(center: np.ndarray, scale: np.ndarray, shape: FactorShape) -> GaussianParameters:
    factor = 1.0 / scale
    factors = np.diag(factor)[None] if shape is FactorShape.FULL else factor[None]
    return GaussianParameters(np.ones(1), center[None], factors, shape)


def _covariance(statistics: GaussianStatistics) -> np.ndarray:
    """(d, d), or (d,) where only variances were swept."""
    shift = statistics.sum[0] / statistics.count[0]
    if statistics.layout.shape is FactorShape.FULL:
        return statistics.scatter_matrices()[0] / statistics.count[0] - np.outer(shift, shift)
    return statistics.scatter[0] / statistics.count[0] - shift**2


def _spread(mean: np.ndarray, covariance: np.ndarray, shape: FactorShape) -> Spread:
    variances = np.diagonal(covariance) if covariance.ndim == 2 else covariance
    magnitude = np.where(mean == 0, 1.0, np.abs(mean))
    constant = variances <= (8 * np.finfo(np.float64).eps * magnitude) ** 2 * (mean != 0)
    scale = np.where(constant, magnitude, np.sqrt(np.where(constant, 1.0, variances)))
    if shape is FactorShape.SCALAR:
        mean_variance = variances[~constant].sum() / len(mean) if not constant.all() else 1.0
        factor = np.asarray(1.0 / np.sqrt(mean_variance))
    elif shape is FactorShape.DIAGONAL:
        factor = 1.0 / scale
    else:
        factor = _whitening_factor(covariance, scale, constant) / scale
    return Spread(mean, scale, constant, factor)


def _whitening_factor(covariance: np.ndarray, scale: np.ndarray, constant: np.ndarray) -> np.ndarray:
    """Inverse Cholesky factor of the correlations, collinear directions raised to _COLLINEAR."""
    correlation = covariance / np.outer(scale, scale)
    correlation[constant] = correlation[:, constant] = 0.0
    np.fill_diagonal(correlation, 1.0)
    eigenvalues, axes = np.linalg.eigh(correlation)
    if eigenvalues[0] < _COLLINEAR:
        correlation = (axes * np.maximum(eigenvalues, _COLLINEAR)) @ axes.T
    return invert_triangular(np.linalg.cholesky(correlation))
