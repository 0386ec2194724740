"""A fitted mixture in some of its columns: its exact marginal, not a slice of it.

The marginal of a Gaussian keeps the means, and the rows and columns of the covariance, of the
columns that are looked at, whatever the structure; the marginal of a mixture mixes those.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from softmix.parameters import FactorShape
from softmix.parameters.gaussian import LOG_2PI
from softmix.structures import STRUCTURES

# A component without spread in some direction is drawn with this share of its largest variance.
_THIN = 1e-15


@dataclass(frozen=True, eq=False)
class Marginal:
    """A Gaussian mixture in the m columns that are drawn.

    Parameters
    ----------
    weights : ndarray of shape (K,)
    means : ndarray of shape (K, m)
    covariances : ndarray of shape (K, m, m)
    names : sequence of str
        Of the columns.
    noise : float or None
        The weight of a noise component, which has no density here; None where there is none.
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    names: Sequence[str]
    noise: float | None = None

    @classmethod
    def of(cls, estimator: Any, columns: Sequence[int], names: Sequence[str]) -> Self:
        """The marginal of a fitted mixture; `names` are those of all its columns."""
        noise = getattr(estimator, "noise_weight_", None)
        return cls(
            weights=np.asarray(estimator.weights_, dtype=np.float64)[: len(estimator.means_)],
            means=np.asarray(estimator.means_, dtype=np.float64)[:, columns],
            covariances=marginal_covariances(estimator, columns),
            names=[names[j] for j in columns],
            noise=None if noise is None else float(noise),
        )

    def __len__(self) -> int:
        return len(self.weights)

    def within(self, columns: Sequence[int]) -> "Marginal":
        """The marginal of this marginal, in columns of it."""
        chosen = list(columns)
        covariances = self.covariances[:, chosen][:, :, chosen]
        names = [self.names[j] for j in chosen]
        return Marginal(self.weights, self.means[:, chosen], covariances, names, self.noise)

    def log_joint(self, points: np.ndarray) -> np.ndarray:
        """log π_k + log N(x; μ_k, Σ_k) of each of `points` (n, m), shape (n, K)."""
        variances, axes = self._axes()
        z = (points - self.means[:, None]) @ (axes / np.sqrt(variances)[:, None])  # (K, n, m)
        log_det = np.log(variances).sum(axis=1)
        with np.errstate(divide="ignore"):  # an empty component
            log_weights = np.log(self.weights)
        m = self.means.shape[1]
        return log_weights - 0.5 * (m * LOG_2PI + log_det + np.einsum("knl,knl->nk", z, z))

    def log_density(self, points: np.ndarray) -> np.ndarray:
        """log p(x) of each of `points` (n, m), shape (n,)."""
        return np.logaddexp.reduce(self.log_joint(points), axis=1)

    def spread_evenly(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Points that stand for each component's rows, shape (K, n, m), and their weights (K, n).

        A Gaussian's quantiles: in one column equally spaced, in two along a spiral of the golden
        angle, which covers a disc evenly (Vogel 1979). m is 1 or 2.
        """
        from scipy.special import ndtri  # noqa: PLC0415

        quantiles = (np.arange(n) + 0.5) / n
        if self.means.shape[1] == 1:
            standard = ndtri(quantiles)[:, None]
        else:
            angle = np.arange(n) * np.pi * (3.0 - np.sqrt(5.0))
            radius = np.sqrt(-2.0 * np.log1p(-quantiles))
            standard = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        variances, axes = self._axes()
        roots = axes * np.sqrt(variances)[:, None, :]
        points = self.means[:, None] + np.einsum("kml,nl->knm", roots, standard)
        return points, np.broadcast_to(self.weights[:, None] / n, (len(self), n))

    def _axes(self) -> tuple[np.ndarray, np.ndarray]:
        """Variances along the principal axes, (K, m), and the axes, (K, m, m), none without spread."""
        variances, axes = np.linalg.eigh(self.covariances)
        floor = np.maximum(_THIN * variances[:, -1:], np.finfo(np.float64).tiny)
        return np.maximum(variances, floor), axes


def marginal_covariances(estimator: Any, columns: Sequence[int]) -> np.ndarray:
    """Each component's covariance of the given columns, shape (K, m, m), float64.

    The marginal of a Gaussian keeps the rows and columns of its covariance.
    """
    covariances = np.asarray(estimator.covariances_, dtype=np.float64)
    n_components = len(estimator.means_)
    m = len(columns)
    shape = STRUCTURES[estimator.covariance_type].shape
    if shape is FactorShape.FULL:
        return covariances[np.ix_(range(n_components), columns, columns)]
    if shape is FactorShape.SHARED:
        return np.broadcast_to(covariances[np.ix_(columns, columns)], (n_components, m, m))
    variances = covariances[:, columns] if shape is FactorShape.DIAGONAL else covariances[:, None]
    return variances[:, :, None] * np.eye(m)


def standard_deviations(estimator: Any) -> np.ndarray:
    """Each component's standard deviation of every column, shape (K, d), float64."""
    covariances = np.asarray(estimator.covariances_, dtype=np.float64)
    K, d = estimator.means_.shape
    shape = STRUCTURES[estimator.covariance_type].shape
    if shape in (FactorShape.FULL, FactorShape.SHARED):
        covariances = np.diagonal(covariances, axis1=-2, axis2=-1)
    elif shape is FactorShape.SCALAR:
        covariances = covariances[:, None]
    return np.sqrt(np.broadcast_to(covariances, (K, d)))
