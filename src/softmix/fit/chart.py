"""Coordinates of mixtures in which a straight line stays among mixtures.

Weights, that of the noise too, by their logarithms, means in units of the data's spread, and
precision factors, seen in whitened rows, by the logarithms of their diagonals and what stands beside
them in units of it: F = D (I + N), Σ⁻¹ = (I + N)ᵀ D² (I + N) (Pourahmadi 1999, the modified Cholesky
decomposition).
None of it depends on the units of the columns.
"""

import numpy as np

from softmix.fit.spread import Spread
from softmix.kernels import kernel
from softmix.parameters import FactorShape, GaussianParameters
from softmix.parameters.gaussian import invert_triangular

# Means to more than this many times the data's spread, or factors to more than e to this, are no leap
# but an overflow.
_FAR = 300.0


class Chart:
    """The coordinates of mixtures with K components in d columns, of one shape."""

    def __init__(self, spread: Spread, shape: FactorShape) -> None:
        self._shape, self._mean, self._kernel = shape, spread.mean, kernel()
        self._factor = spread.factor
        self._matrix = self._factor.ndim == 2
        self._root = invert_triangular(self._factor) if self._matrix else 1.0 / self._factor

    def coordinates(self, parameters: GaussianParameters) -> np.ndarray:
        """A vector; an empty component's weight stays where it is."""
        weights = _all_weights(parameters)
        log_weights = np.log(weights, out=np.zeros(len(weights)), where=weights > 0)
        means = self._times(parameters.means - self._mean, self._factor)
        flat = (part.ravel() for part in self._of_factors(parameters.factors))
        return np.concatenate([log_weights, means.ravel(), *flat])

    def moved(self, parameters: GaussianParameters, move: np.ndarray) -> GaussianParameters | None:
        """`parameters` moved in these coordinates; None where numbers overflow."""
        K, d = parameters.means.shape
        if not max(move.max(), -move.min()) < _FAR:
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

    def _of_factors(self, factors: np.ndarray) -> tuple[np.ndarray, ...]:
        if not self._shape.is_matrix:
            return (np.log(factors * self._root),)
        return self._kernel.unit_rows(_stack(factors), self._root)

    def _moved_factors(self, factors: np.ndarray, move: np.ndarray) -> np.ndarray:
        if not self._shape.is_matrix:
            return factors * np.exp(move).reshape(factors.shape)
        stack = _stack(factors)
        # F' = D e^δ (I + N + ν) = e^δ (F + D ν), D the diagonal of F in whitened rows.
        logs, beside = np.split(move, [len(stack) * stack.shape[-1]])
        moved = self._kernel.moved_rows(
            stack, self._factor, logs.reshape(len(stack), -1), beside.reshape(len(stack), -1)
        )
        return moved.reshape(factors.shape)


def _stack(factors: np.ndarray) -> np.ndarray:
    """Matrices as (K, d, d), one that all share too."""
    return factors.reshape(-1, *factors.shape[-2:])


def _all_weights(parameters: GaussianParameters) -> np.ndarray:
    """π_k, and π_0 of the noise as the last where there is noise."""
    if parameters.noise is None:
        return parameters.weights
    return np.append(parameters.weights, parameters.noise.weight)
