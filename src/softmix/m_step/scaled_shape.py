"""One shape in K sizes, variances λ_k a_j above a floor: what VEI, VEE and VEV share.

With ω_kj the scatter of component k along axis j, in coordinates where the floor is the number
ρ, it minimises the part of the expected log-likelihood (times −2) that has the covariances,

    Σ_kj n_k log(λ_k a_j) + ω_kj / (λ_k a_j)   subject to  λ_k a_j ≥ ρ,

by turns, each the exact minimiser in its block:

    a_j = Σ_k ω_kj / λ_k / n,   λ_k = Σ_j ω_kj / a_j / (n_k d).

The constraint is min λ · min a ≥ ρ, and a common factor may move between λ and a. So one may
fix min a and ask for λ_k ≥ ρ / min a, a box: by turns within a box, nothing sticks to a corner.
In log λ and log a the problem is convex, so that the end is its minimum, from any start; a
start at the previous volumes makes the climb short and every step of it a gain on them.

Cost O(K d) an iteration. Celeux & Govaert (1995), models [λ_k B], [λ_k C] and [λ_k D_k A D_kᵀ].
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from softmix.m_step.moments import Moments

# Volumes that change by less than this share have converged.
_SETTLED = 1e-10
_MAX_ITERATIONS = 500


class ScaledShape(NamedTuple):
    """What `scaled_shape` gives."""

    volumes: np.ndarray  # λ, (K,)
    shape: np.ndarray  # a, (d,)
    axes: np.ndarray  # along which the shape is meant

    @property
    def variances(self) -> np.ndarray:
        """λ_k a_j, (K, d)."""
        return self.volumes[:, None] * self.shape


def start_volumes(along: np.ndarray, moments: Moments, lowest: float) -> np.ndarray:
    """The mean variance of each component, (K,), from scatters `along` axes, (K, d)."""
    return np.maximum(along.sum(axis=1) / (moments.divisor * moments.n_features), lowest)


def scaled_shape(
    best_axes: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    count: np.ndarray,
    volumes: np.ndarray,
    lowest: float,
) -> ScaledShape:
    """The best volumes and shape, from `volumes` on.

    Parameters
    ----------
    best_axes : callable
        Volumes (K,) → the axes that are best for them, and ω (K, d) along these.
    count : ndarray of shape (K,)
    volumes : ndarray of shape (K,)
        Positive.
    lowest : float
        The floor ρ.
    """
    occupied = count > 0
    thinnest = lowest / volumes.min()
    for _ in range(_MAX_ITERATIONS):
        axes, along = best_axes(volumes)
        shape = (along / volumes[:, None]).sum(axis=0) / count.sum()
        if not volumes.min() * shape.min() >= lowest:
            shape = np.maximum(shape, thinnest)
        thinnest = shape.min()
        free = (along / shape).sum(axis=1) / (np.where(occupied, count, 1.0) * len(shape))
        # An empty component has no size of its own; with the largest, it binds nothing.
        updated = np.maximum(np.where(occupied, free, free.max()), lowest / thinnest)
        change = np.abs(np.log(updated / volumes)).max()
        volumes = updated
        if change <= _SETTLED:
            break
    return ScaledShape(volumes, shape, axes)
