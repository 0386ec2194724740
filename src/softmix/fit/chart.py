"""Coordinates of mixtures in which a straight line stays among mixtures.

Weights, that of the noise too, by their logarithms, means in units of the data's spread, and
precision factors, seen in whitened rows, by the logarithms of their diagonals and what stands beside
them in units of it: F = D (I + N), Σ⁻¹ = (I + N)ᵀ D² (I + N) (Pourahmadi 1999, the modified Cholesky
decomposition).
None of it depends on the units of the columns.
"""

import numpy as np

from softmix.fit.spread import Spread
from softmix.parameters import FactorShape, GaussianParameters
from softmix.parameters.gaussian import invert_triangular

# Means to more than this many times the data's spread, or factors to more than e to this, are no leap
# but an overflow.
_FAR = 300.0


class Chart:
    """The coordinates of mixtures with K components in d columns, of one shape."""

    def __init__(self, spread: Spread, shape: FactorShape) -> None:
        self._shape, self._mean = shape, spread.mean
        self._factor = spread.factor
        self._matrix = self._factor.ndim == 2
        self._root = invert_triangular(self._factor) if self._matrix else 1.0 / self._factor

    def coordinates(self, parameters: GaussianParameters) -> np.ndarray:
        """A vector; an empty component's weight stays where it is."""
        weights = _all_weights(parameters)
        log_weights = np.log(weights, out=np.zeros(len(weights)), where=weights > 0)
        means = self._times(parameters.means - self._mean, self._factor)
        return np.concatenate([log_weights, means.ravel(), *self._flat(parameters.factors)])

    def moved(self, parameters: GaussianParameters, move: np.ndarray) -> GaussianParameters | None:
        """`parameters` moved in these coordinates; None where numbers overflow."""
        K, d = parameters.means.shape
        if not np.abs(move).max() < _FAR:
            return None
        at_means, at_factors = np.cumsum([parameters.n_memberships, K * d])
        weights = _all_weights(parameters) * np.exp(move[:at_means])
        weights /= weights.sum()
        means = parameters.means + self._times(move[at_means:at_factors].reshape(K, d), self._root)
        factors = self._moved_factors(parameters.factors, move[at_factors:])
        noise = parameters.noise and parameters.noise.weighing(float(weights[-1]))
        return GaussianParameters(weights[:K], means, factors, self._shape, noise)

    def _times(self, rows: np.ndarray, factor: np.ndarray) -> np.ndarray:
        return rows @ factor.T if self._matrix else rows * factor

    def _flat(self, factors: np.ndarray) -> tuple[np.ndarray, ...]:
        if not self._shape.is_matrix:
            return (np.log(factors * self._root).ravel(),)
        whitened = self._whitened(factors)
        diagonal = np.diagonal(whitened, axis1=-2, axis2=-1).copy()
        whitened /= diagonal[..., None]  # I + N: its diagonal and the zeros above it move nothing
        return np.log(diagonal).ravel(), whitened.ravel()

    def _whitened(self, factors: np.ndarray) -> np.ndarray:
        if not self._matrix:
            return factors * self._root
        return (factors.reshape(-1, factors.shape[-1]) @ self._root).reshape(factors.shape)

    def _moved_factors(self, factors: np.ndarray, move: np.ndarray) -> np.ndarray:
        if not self._shape.is_matrix:
            return factors * np.exp(move).reshape(factors.shape)
        d = factors.shape[-1]
        stack = factors.reshape(-1, d, d)
        logs, beside = move[: len(stack) * d].reshape(-1, d, 1), move[len(stack) * d :].reshape(-1, d, d)
        # F' = D e^δ (I + N + ν) = e^δ (F + D ν), D the diagonal of F in whitened rows.
        if self._matrix:  # of a product of triangles the diagonal is that of the diagonals
            diagonal = np.diagonal(stack, axis1=-2, axis2=-1) * np.diagonal(self._root)
        else:
            diagonal = np.diagonal(stack * self._root, axis1=-2, axis2=-1)
        added = diagonal[..., None] * beside
        added = added @ self._factor if self._matrix else added * self._factor
        return (np.exp(logs) * (stack + added)).reshape(factors.shape)


def _all_weights(parameters: GaussianParameters) -> np.ndarray:
    """π_k, and π_0 of the noise as the last where there is noise."""
    if parameters.noise is None:
        return parameters.weights
    return np.append(parameters.weights, parameters.noise.weight)
