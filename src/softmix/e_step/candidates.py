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
        self._means = self._parameters.means - self._parameters.means.mean(axis=0)
        self._rounding = _ROUNDING * self._cancelling()
        if self._parameters.shape is FactorShape.FULL:
            middle = _mean_root(self._parameters, self._roots)
            self._of_factors = _norm(self._parameters.factors @ middle)
            self._of_roots = _norm(np.linalg.solve(middle, self._roots))

    @property
    def bounds(self) -> tuple[np.ndarray, ...]:
        """What native/group_rows.hpp does the same with: means about their middle, rounding, stretch."""
        full = self._parameters.shape is FactorShape.FULL
        factors = self._of_factors if full else self._parameters.factors
        return self._means, self._rounding, factors, self._of_roots if full else self._roots

    def near(self, label: int, distance: float) -> np.ndarray:
        """Components, ascending, that may matter to rows within `distance` of component `label`."""
        every = np.arange(self._parameters.n_components)
        return np.flatnonzero(self._may_need(np.array([label]), np.array([distance]), every))

    def reached(self, component: int, labels: np.ndarray, distances: np.ndarray) -> np.ndarray:
        """Booleans: whether `component` may matter to any row within its distance of its label."""
        return self._may_need(labels, distances, np.array([component]))

    def _may_need(self, labels: np.ndarray, distances: np.ndarray, components: np.ndarray) -> np.ndarray:
        """For (label, distance) pairs and one component, or for one pair and components."""
        constants = self._parameters.log_constants
        with np.errstate(over="ignore", invalid="ignore"):
            apart = self._whiten(components, self._means[labels] - self._means[components])
            reach = np.sqrt((apart**2).sum(axis=1)) - self._rounding[components]
            reach = reach - self._stretch(components, labels) * distances
            level = negligible_below(constants[labels], distances, self._dtype)
            bound = constants[components] - 0.5 * np.maximum(reach, 0.0) ** 2
            needed = is_needed(bound, level, constants[components])
        # What is not known to be out of reach may be in it.
        return needed | ~np.isfinite(reach) | ~np.isfinite(level)

    def _whiten(self, components: np.ndarray, points: np.ndarray) -> np.ndarray:
        """F_k times each point, k being its component."""
        shape, factors = self._parameters.shape, self._parameters.factors
        if shape is FactorShape.FULL:
            return (factors[components] @ points[:, :, None])[:, :, 0]
        if shape is FactorShape.SHARED:
            return points @ factors.T
        return points * (factors[components] if shape is FactorShape.DIAGONAL else factors[components, None])

    def _cancelling(self) -> np.ndarray:
        """The size of the terms that may cancel in F_k (μ_l − μ_k), shape (K,)."""
        shape, factors = self._parameters.shape, np.abs(self._parameters.factors)
        largest = np.abs(self._means).max(axis=0)
        if shape.is_matrix:
            terms = factors @ largest
        else:
            terms = largest * (factors if shape is FactorShape.DIAGONAL else factors[:, None])
        return np.broadcast_to(np.sqrt((terms**2).sum(axis=-1)), len(self._means))

    def _stretch(self, components: np.ndarray, labels: np.ndarray) -> np.ndarray | float:
        """‖F_k L_l‖₂, or more, for each pair."""
        shape = self._parameters.shape
        if shape is FactorShape.FULL:
            return self._of_factors[components] * self._of_roots[labels]
        if shape is FactorShape.SHARED:
            return 1.0
        ratio = self._parameters.factors[components] * self._roots[labels]
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
