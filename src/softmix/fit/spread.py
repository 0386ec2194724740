"""The spread of all rows: the one-component fit, in which starts and floors are measured.

Everything in a fit that needs a unit takes it from here, so that nothing depends on the
units of the columns: the covariance of all rows for full and tied structures, their variances
for diagonal ones, the mean variance for spherical ones.
"""

from dataclasses import dataclass, replace

import numpy as np

from softmix.blocks import Incomplete, Source
from softmix.fit.incomplete_moments import IncompleteMoments, incomplete_moments
from softmix.parameters import FactorShape, GaussianParameters
from softmix.parameters.gaussian import invert_triangular
from softmix.statistics import GaussianStatistics
from softmix.sweep import ThreadSweep

# Correlation eigenvalues below this are collinear columns. A whitened direction magnifies
# rounding by their inverse; at 1e-8 that stays far below the default floor.
_COLLINEAR = 1e-8
# Deviations below this overflow when they are inverted and squared: a stream of equal rows gets there.
_VANISHED = 1e-140


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
    normal : GaussianParameters or None
        Of rows that lack values, the normal distribution of all columns, to complete rows by.
    """

    mean: np.ndarray
    scale: np.ndarray
    constant: np.ndarray
    factor: np.ndarray
    normal: GaussianParameters | None = None

    def whiten(self, rows: np.ndarray) -> np.ndarray:
        """`rows` in units of the spread, float64: without units, and for full also rotated."""
        centred = rows.astype(np.float64) - self.mean
        return centred @ self.factor.T if self.factor.ndim == 2 else centred * self.factor

    def standardise(self, rows: np.ndarray) -> np.ndarray:
        """`rows` with every column in units of its own standard deviation, float64."""
        return (rows.astype(np.float64) - self.mean) / self.scale


def measure_spread(sweep: ThreadSweep, shape: FactorShape) -> Spread:
    """The spread of all rows of `sweep`, by sweeps with a single component.

    Raises
    ------
    ValueError
        If the values are so large that their variance overflows.
    """
    if isinstance(sweep.source, Incomplete) and (found := incomplete_moments(sweep)) is not None:
        return _of_incomplete(found, shape)
    source = sweep.source.base if isinstance(sweep.source, Incomplete) else sweep.source
    shape = FactorShape.FULL if shape is FactorShape.SHARED else shape
    swept = FactorShape.DIAGONAL if shape is FactorShape.SCALAR else shape
    with np.errstate(over="ignore", invalid="ignore"):
        statistics = sweep(_all_in_one(_near_the_data(source), swept))
        mean, covariance = _moments(statistics)
        if np.any((mean - statistics.centers[0]) ** 2 > 4.0 * _diagonal(covariance)):
            # A centre far from the mean costs digits: once more, about the mean.
            statistics = sweep(_all_in_one(mean, swept))
            mean, covariance = _moments(statistics)
    if not np.isfinite(covariance).all():
        raise _overflow(sweep.source)
    return _spread(mean, covariance, shape)


def spread_of(statistics: GaussianStatistics) -> Spread:
    """The spread of the rows that `statistics` are of, whatever their memberships."""
    pooled = statistics.pooled()
    if pooled.layout.shape is FactorShape.SCALAR:  # of traces the mean variance is all that is left
        d = pooled.layout.n_features
        variance = float(pooled.scatter[0] / (d * pooled.count[0]))
        return _spread(pooled.centers[0], np.full(d, variance), FactorShape.SCALAR)
    return _spread(*_moments(pooled), pooled.layout.shape)


def _of_incomplete(found: IncompleteMoments, shape: FactorShape) -> Spread:
    if not np.isfinite(found.variances).all():
        raise _overflow(found.source)
    normal = found.normal
    if shape.is_matrix:
        spread = _spread(normal.means[0], normal.covariances()[0], FactorShape.FULL)
    else:
        spread = _spread(found.means, found.variances, shape)
    return replace(spread, normal=normal)


def _near_the_data(source: Source) -> np.ndarray:
    """The mean of the first block that counts."""
    with source.blocks() as blocks:
        for _, block in blocks:
            rows, weights = block.counted()
            if len(rows):
                break
    return np.average(rows.astype(np.float64), axis=0, weights=weights)


def _all_in_one(center: np.ndarray, shape: FactorShape) -> GaussianParameters:
    """One component that owns every row, so wide that no distance from it overflows."""
    factor = np.full(len(center), 1e-30)
    factors = np.diag(factor)[None] if shape is FactorShape.FULL else factor[None]
    return GaussianParameters(np.ones(1), center[None], factors, shape)


def _moments(statistics: GaussianStatistics) -> tuple[np.ndarray, np.ndarray]:
    """Mean, and covariance (d, d), or (d,) where only variances were swept."""
    count, shift = statistics.count[0], statistics.sum[0] / statistics.count[0]
    mean = statistics.centers[0] + shift
    if statistics.layout.shape is FactorShape.FULL:
        return mean, statistics.scatter_matrices()[0] / count - np.outer(shift, shift)
    return mean, statistics.scatter[0] / count - shift**2


def _diagonal(covariance: np.ndarray) -> np.ndarray:
    return np.diagonal(covariance) if covariance.ndim == 2 else covariance


def _overflow(source: Source) -> ValueError:
    with source.blocks() as blocks:
        largest = np.max(
            [np.nanmax(np.abs(block.counted()[0]), axis=0, initial=0.0) for _, block in blocks], axis=0
        )
    column = int(largest.argmax())
    return ValueError(
        f"The variance of column {column} overflows: its values are too large (up to {largest[column]:.3g}). "
        "Rescale the column."
    )


def _spread(mean: np.ndarray, covariance: np.ndarray, shape: FactorShape) -> Spread:
    variances = _diagonal(covariance)
    magnitude = np.where(np.abs(mean) < _VANISHED, 1.0, np.abs(mean))
    rounding = (8 * np.finfo(np.float64).eps * magnitude) ** 2 * (mean != 0)
    constant = variances <= np.maximum(rounding, _VANISHED**2)
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
