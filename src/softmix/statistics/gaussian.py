"""Sufficient statistics of a Gaussian mixture, accumulated about given centres.

For centres c_k, row weights w_i and responsibilities r_ik:

    count_k   = Σ_i w_i r_ik
    sum_k     = Σ_i w_i r_ik (x_i − c_k)
    scatter_k = Σ_i w_i r_ik (x_i − c_k)(x_i − c_k)ᵀ      (or its diagonal, or its trace)
    log_likelihood = Σ_i w_i log p(x_i),   total_weight = Σ_i w_i,   rows

and, where the mixture has a noise component, noise_count = Σ_i w_i r_i0.

Because every block of a sweep uses the same centres, the sweep's current means, addition
is plain: two statistics add as two vectors, and little cancels in the M-step. Everything
lives in one flat float64 vector, so that adding, sending and storing are one operation.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod
from typing import Self

import numpy as np

from softmix.parameters import FactorShape


@dataclass(frozen=True)
class StatisticsLayout:
    """Where each statistic lives in the flat vector.

    The order is count (K), sum (K d), scatter (by shape), noise_count where there is noise,
    log_likelihood, total_weight, rows. A full or shared scatter is stored as its lower triangle,
    row by row.
    """

    shape: FactorShape
    n_components: int
    n_features: int
    noise: bool = False

    @cached_property
    def scatter_shape(self) -> tuple[int, ...]:
        K, d = self.n_components, self.n_features
        return {
            FactorShape.FULL: (K, d * (d + 1) // 2),
            FactorShape.SHARED: (1, d * (d + 1) // 2),
            FactorShape.DIAGONAL: (K, d),
            FactorShape.SCALAR: (K,),
        }[self.shape]

    @cached_property
    def scatter_start(self) -> int:
        return self.n_components * (1 + self.n_features)

    @cached_property
    def scatter_stop(self) -> int:
        return self.scatter_start + prod(self.scatter_shape)

    @cached_property
    def size(self) -> int:
        return self.scatter_stop + self.noise + 3


# A fit has one or two layouts, and asks for them every sweep.
layout_of = lru_cache(maxsize=8)(StatisticsLayout)


@dataclass(frozen=True, eq=False)
class GaussianStatistics:
    """One block's, or one whole sweep's, statistics. They add with ``+``.

    Parameters
    ----------
    centers : ndarray of shape (K, d)
        The points about which `sum` and `scatter` are taken.
    layout : StatisticsLayout
    values : ndarray of shape (layout.size,)
    """

    centers: np.ndarray
    layout: StatisticsLayout
    values: np.ndarray

    def __add__(self, other: "GaussianStatistics") -> "GaussianStatistics":
        return GaussianStatistics(self.centers, self.layout, self.values + self._alike(other).values)

    def __iadd__(self, other: "GaussianStatistics") -> Self:
        np.add(self.values, self._alike(other).values, out=self.values)
        return self

    def _alike(self, other: "GaussianStatistics") -> "GaussianStatistics":
        if self.layout != other.layout:
            raise ValueError(f"Statistics of unlike layout do not add: {self.layout}, {other.layout}.")
        if self.centers is not other.centers and not np.array_equal(self.centers, other.centers):
            raise ValueError("Statistics about unlike centres do not add; recenter one of them first.")
        return other

    @property
    def count(self) -> np.ndarray:
        """Σ w r, shape (K,)."""
        return self.values[: self.layout.n_components]

    @property
    def sum(self) -> np.ndarray:
        """Σ w r (x − c), shape (K, d)."""
        K, d = self.layout.n_components, self.layout.n_features
        return self.values[K : self.layout.scatter_start].reshape(K, d)

    @property
    def scatter(self) -> np.ndarray:
        """Σ w r (x − c)(x − c)ᵀ as stored: lower triangles, diagonals or traces."""
        flat = self.values[self.layout.scatter_start : self.layout.scatter_stop]
        return flat.reshape(self.layout.scatter_shape)

    def scatter_matrices(self) -> np.ndarray:
        """The scatter as symmetric matrices, (K, d, d) or, when shared, (1, d, d)."""
        return self.scatter.take(_triangle_index(self.layout.n_features), axis=1)

    @property
    def noise_count(self) -> float:
        """Σ w r of the noise; 0 where there is none."""
        return float(self.values[self.layout.scatter_stop]) if self.layout.noise else 0.0

    @property
    def log_likelihood(self) -> float:
        return float(self.values[-3])

    @property
    def total_weight(self) -> float:
        return float(self.values[-2])

    @property
    def rows(self) -> int:
        return int(self.values[-1])

    def recenter(self, centers: np.ndarray) -> "GaussianStatistics":
        """The same statistics about other centres (a rank-one change of each scatter)."""
        step = self.centers - centers
        sums = self.sum + self.count[:, None] * step
        crossed = _outer(self.sum, step) + _outer(step, self.sum)
        crossed = crossed + self.count[:, None, None] * _outer(step, step)
        values = self.values.copy()
        moved = GaussianStatistics(centers, self.layout, values)
        moved.sum[...] = sums
        moved.scatter[...] += self._as_stored(crossed)
        return moved

    def scale(self, share: float) -> "GaussianStatistics":
        """The same rows, each with its weight times `share`: how a stream forgets."""
        return GaussianStatistics(self.centers, self.layout, share * self.values)

    def pooled(self) -> "GaussianStatistics":
        """All components as one, about the mean of the rows.

        Memberships sum to 1, so these are the statistics of the rows themselves. Scatters that
        components share become a full one.
        """
        d, shape = self.layout.n_features, self.layout.shape
        # Where the rows are: an empty component may be anywhere.
        origin = self.centers[self.count.argmax()]
        mean = origin + self.recenter(np.broadcast_to(origin, self.centers.shape)).sum.sum(axis=0) / (
            self.count.sum()
        )
        about = self.recenter(np.broadcast_to(mean, self.centers.shape))
        layout = StatisticsLayout(FactorShape.FULL if shape is FactorShape.SHARED else shape, 1, d)
        together = (about.count.sum(), *about.sum.sum(axis=0), *about.scatter.sum(axis=0).ravel())
        return GaussianStatistics(mean[None], layout, np.array([*together, *self.values[-3:]]))

    def _as_stored(self, matrices: np.ndarray) -> np.ndarray:
        shape = self.layout.shape
        if shape is FactorShape.SCALAR:
            return np.trace(matrices, axis1=1, axis2=2)
        if shape is FactorShape.DIAGONAL:
            return np.diagonal(matrices, axis1=1, axis2=2)
        rows, columns = lower_triangle(self.layout.n_features)
        packed = matrices[:, rows, columns]
        return packed.sum(axis=0, keepdims=True) if shape is FactorShape.SHARED else packed


def _outer(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[:, :, None] * b[:, None, :]


@lru_cache(maxsize=2)
def lower_triangle(n_features: int) -> tuple[np.ndarray, np.ndarray]:
    """Where a packed lower triangle has its entries: their rows and columns."""
    return np.tril_indices(n_features)


@lru_cache(maxsize=2)
def _triangle_index(n_features: int) -> np.ndarray:
    """Where entry (i, j) of a symmetric matrix lies in its packed lower triangle, (d, d)."""
    i, j = np.indices((n_features, n_features))
    low, high = np.minimum(i, j), np.maximum(i, j)
    return high * (high + 1) // 2 + low
