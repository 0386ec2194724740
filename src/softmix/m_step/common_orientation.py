"""One orientation for all components: the axes D that EVE and VVE share.

With V_k the variances of component k along the axes, (K, d), the expected log-likelihood
(times −2) is Σ_k n_k Σ_j log V_kj + Σ_j d_jᵀ W_k d_j / V_kj. It is lowered by turns in V, which
the structure knows how to do, and in D, by rotations in the planes of two axes. In the plane of
axes p and q only

    qᵀ T q,   T = Σ_k (1 / V_kp − 1 / V_kq) (the scatter W_k in that plane, 2 × 2)

depends on the angle, so that the best axis p is the eigenvector of T with the smaller eigenvalue:
no step can lose.

Here 1 / V_kj has the volume of each component in it, which matters where volumes vary (VVE).

Flury & Gautschi (1986), of which these are the rotations; Browne & McNicholas (2014) on the
problem. Cost O(K d³) for each round of all pairs.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from softmix.kernels import kernel

# Stop when a round of all pairs gains less than this share of a nat per row and axis.
_SETTLED = 1e-11
# The first climb goes to the top. Later ones, from the previous axes, share the way with EM's own
# steps: more rounds in each cost more time than they save in sweeps (in trials at d = 6, 10 and 20).
FIRST_ROUNDS, ROUNDS = 100, 10
_GOLDEN = 0.5 * (np.sqrt(5.0) - 1.0)


BestVariances = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class OrientationProblem:
    """The scatters that are to share their axes.

    Parameters
    ----------
    scatter : ndarray of shape (K, d, d)
    count : ndarray of shape (K,)
    best_variances : callable
        Scatters along the axes (K, d) → the structure's best variances along them (K, d).
    """

    scatter: np.ndarray
    count: np.ndarray
    best_variances: BestVariances

    def first_axes(self) -> np.ndarray:
        """Of the axes of each scatter and of their sum: those that fit best as they are.

        There may be several maxima; this is where the climb begins without a previous step. All of
        these turn with the data.
        """
        pooled = self.scatter.sum(axis=0, keepdims=True)
        _, candidates = np.linalg.eigh(np.concatenate([pooled, self.scatter]))
        return min(candidates, key=lambda axes: self._fit(along(axes, self.scatter))[1])

    def climb(self, axes: np.ndarray, rounds: int) -> tuple[np.ndarray, np.ndarray]:
        """Axes (d, d), in columns, and the variances along them (K, d), from `axes` on."""
        rotated = axes.T @ self.scatter @ axes
        variances, misfit = self._fit(_diagonals(rotated))
        for _ in range(rounds):
            axes, rotated = kernel().rotate_axes(axes, rotated, 1.0 / variances)
            before = misfit
            variances, misfit = self._fit(_diagonals(rotated))
            if not before - misfit > _SETTLED * self.count.sum() * len(axes):
                break
        return axes, variances

    def _fit(self, along_axes: np.ndarray) -> tuple[np.ndarray, float]:
        """The best variances, and −2 times the expected log-likelihood up to a constant."""
        variances = self.best_variances(along_axes)
        misfit = self.count @ np.log(variances).sum(axis=1) + (along_axes / variances).sum()
        return variances, float(misfit)


def along(axes: np.ndarray, scatter: np.ndarray) -> np.ndarray:
    """d_jᵀ W_k d_j, (K, d), for axes (d, d) in columns."""
    # A scatter is nonnegative, but its rounding need not be.
    return np.maximum(np.einsum("ij,kij->kj", axes, scatter @ axes), 0.0)


def shared_axes(factors: np.ndarray) -> np.ndarray:
    """The axes (d, d) that precisions F_kᵀ F_k share, from F, (K, d, d).

    Those of a mean of the precisions, in proportions without a pattern, so that axes which differ
    in one component differ in the mean. By SVD of the stacked F, because squaring the condition
    would lose axes.
    """
    K, d, _ = factors.shape
    proportions = 1.0 + np.modf(_GOLDEN * np.arange(1, K + 1))[0]
    sizes = np.linalg.norm(factors, axis=(1, 2))
    stacked = factors * (np.sqrt(proportions) / sizes)[:, None, None]
    return np.linalg.svd(stacked.reshape(K * d, d), full_matrices=False)[2].T


def _diagonals(rotated: np.ndarray) -> np.ndarray:
    return np.maximum(np.diagonal(rotated, axis1=1, axis2=2), 0.0)
