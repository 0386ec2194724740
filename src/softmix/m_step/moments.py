"""What every M-step begins with: statistics give weights, means, and the scatter about them.

π_k = count_k / Σ_l count_l,   μ_k = c_k + sum_k / count_k
W_k = scatter_k − sum_k sum_kᵀ / count_k      (or its diagonal, or its trace)
"""

from dataclasses import dataclass, replace

import numpy as np

from softmix.kernels import kernel
from softmix.parameters import FactorShape
from softmix.statistics import GaussianStatistics

# Below this share of all rows a count is no rows at all: dividing by it would overflow.
_EMPTY = 1e-200


@dataclass(frozen=True, eq=False)
class Moments:
    """Weights and means, and what the covariances are made of.

    Parameters
    ----------
    weights : ndarray of shape (K,)
    means : ndarray of shape (K, d)
    count : ndarray of shape (K,)
        n_k; 0 for an empty component.
    scatter : ndarray of shape (K, d, d), (d, d), (K, d) or (K,)
        W_k about the new means: matrices, their sum over all components where they share one,
        diagonals or traces.
    """

    weights: np.ndarray
    means: np.ndarray
    count: np.ndarray
    scatter: np.ndarray

    def with_equal_weights(self) -> "Moments":
        """The same with every π_k = 1 / K, an empty component's too."""
        return replace(self, weights=np.full(self.weights.shape, 1.0 / len(self.weights)))

    @property
    def n_features(self) -> int:
        return self.means.shape[1]

    @property
    def total(self) -> float:
        """n = Σ_k n_k."""
        return float(self.count.sum())

    @property
    def divisor(self) -> np.ndarray:
        """n_k, and 1 in place of 0: what the scatter of an empty component can be divided by."""
        return np.where(self.count > 0, self.count, 1.0)


def moments(statistics: GaussianStatistics) -> Moments:
    """Weights, means and scatters; an empty component stays at its centre with weight 0."""
    count = statistics.count
    total = count.sum()
    if not 0.0 < total < np.inf:
        raise ValueError(
            "No row has a finite density under the parameters that EM began with: means_init or "
            "precisions_init (or the attributes that warm_start goes on from) put every row too far out. "
            "Check their units against the data's."
        )
    # About the sweep's means, shift is a step, not a position: little cancels.
    if count.min() > _EMPTY * total:
        shift = statistics.sum / count[:, None]
    else:
        count = np.where(count > _EMPTY * total, count, 0.0)
        occupied = (count > 0)[:, None]
        shift = np.where(occupied, statistics.sum / np.where(occupied, count[:, None], 1.0), 0.0)
    scatter = _scatter_about(statistics, count, shift)
    return Moments(count / total, statistics.centers + shift, count, scatter)


def _scatter_about(statistics: GaussianStatistics, count: np.ndarray, shift: np.ndarray) -> np.ndarray:
    shape = statistics.layout.shape
    if shape is FactorShape.SCALAR:
        return statistics.scatter - count * np.einsum("kj,kj->k", shift, shift)
    if shape is FactorShape.DIAGONAL:
        return statistics.scatter - count[:, None] * shift**2
    if shape is FactorShape.SHARED:
        return statistics.scatter_matrices()[0] - (count[:, None] * shift).T @ shift
    return kernel().scatters_about(statistics.scatter, count, shift)
