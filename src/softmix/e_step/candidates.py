"""Components that rows near a mean may need, from the parameters alone: the rest is out of reach.

For a row at distance z = |F_l (x − μ_l)| from component l, with L_l = F_l⁻¹,

    |F_k (x − μ_k)| ≥ |F_k (μ_l − μ_k)| − ‖F_k L_l‖₂ z

by the triangle inequality. The norm is exact for shared, diagonal and scalar factors. For full
ones it is bounded by ‖F_k M‖₂ ‖M⁻¹ L_l‖₂, M being a root of the components' mean covariance, so
that units do not matter. Cost O(K d²) for each l. Elkan (2003) prunes k-means so.
"""

import numpy as np

from softmix.e_step.negligible import is_needed, negligible_below
from softmix.parameters import FactorShape, GaussianParameters, Reference

# Of the largest terms that may cancel in F_k (μ_l − μ_k).
_ROUNDING = 1e-13
# ‖A‖₂ ≤ ‖(AᵀA)^p‖_F^(1/2p), p = 2⁴: at most d^(1/64) times too large.
_SQUARINGS = 4


class Candidates:
    """For rows of `dtype` within a distance of one component: the components they may need."""

    def __init__(self, reference: Reference, dtype: np.dtype) -> None:
        self._parameters, self._roots, self._dtype = reference.parameters, reference.roots, dtype
        factors = self._parameters.factors
        self._means = self._parameters.means - self._parameters.means.mean(axis=0)
        largest = np.broadcast_to(np.abs(self._means).max(axis=0), self._means.shape)
        self._rounding = _ROUNDING * np.sqrt((self._whiten(np.abs(factors), largest) ** 2).sum(axis=1))
        if self._parameters.shape is FactorShape.FULL:
            middle = _mean_root(self._parameters, self._roots)
            self._of_factors = _norm(factors @ middle)
            self._of_roots = _norm(np.linalg.solve(middle, self._roots))

    def near(self, label: int, distance: float) -> np.ndarray:
        """Components, ascending, that may matter to rows within `distance` of component `label`."""
        constants = self._parameters.log_constants
        with np.errstate(over="ignore", invalid="ignore"):
            apart = self._whiten(self._parameters.factors, self._means[label] - self._means)
            reach = np.sqrt((apart**2).sum(axis=1)) - self._rounding - self._stretch(label) * distance
            level = negligible_below(constants[label], np.float64(distance), self._dtype)
            needed = is_needed(constants - 0.5 * np.maximum(reach, 0.0) ** 2, level, constants)
        # What is not known to be out of reach may be in it.
        needed |= ~np.isfinite(reach)
        return np.flatnonzero(needed) if np.isfinite(level) else np.arange(len(needed))

    def _whiten(self, factors: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Row k of `points` times factor k."""
        shape = self._parameters.shape
        if shape is FactorShape.FULL:
            return (factors @ points[:, :, None])[:, :, 0]
        if shape is FactorShape.SHARED:
            return points @ factors.T
        return points * (factors if shape is FactorShape.DIAGONAL else factors[:, None])

    def _stretch(self, label: int) -> np.ndarray | float:
        """‖F_k L_l‖₂, or more, for all k."""
        shape = self._parameters.shape
        if shape is FactorShape.FULL:
            return self._of_factors * self._of_roots[label]
        if shape is FactorShape.SHARED:
            return 1.0
        ratio = self._parameters.factors * self._roots[label]
        return ratio.max(axis=1) if shape is FactorShape.DIAGONAL else ratio


def _mean_root(parameters: GaussianParameters, roots: np.ndarray) -> np.ndarray:
    """M, lower triangular: M Mᵀ = Σ π_k Σ_k, or, where that is singular in float64, the heaviest's root."""
    try:
        return np.linalg.cholesky(np.tensordot(parameters.weights, roots @ roots.swapaxes(1, 2), axes=1))
    except np.linalg.LinAlgError:
        return roots[parameters.weights.argmax()]


def _norm(matrices: np.ndarray) -> np.ndarray:
    """At least the spectral norm of each matrix in a stack."""
    power, log_norm = matrices.swapaxes(1, 2) @ matrices, np.zeros(len(matrices))
    for halvings in range(_SQUARINGS + 1):
        size = np.sqrt((power**2).sum(axis=(1, 2)))
        log_norm += np.log(size) / 2 ** (halvings + 1)
        power = power / size[:, None, None]
        power = power @ power
    return np.exp(log_norm) * (1.0 + 1e-10)
