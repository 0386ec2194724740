"""M-steps for covariances with axes of their own: scatters give precision factors.

    EEV   Σ_k = λ D_k A D_kᵀ        Σ_k Ω_k / n along the axes of each W_k
    VEV   Σ_k = λ_k D_k A D_kᵀ      `scaled_shape` of Ω_k, from the previous volumes
    EVV   Σ_k = λ D_k A_k D_kᵀ      `equal_volumes` of Ω_k
    VVV   Σ_k                       W_k / n_k

Ω_k are the eigenvalues of W_k in order, so that the first axis of each component goes with the
first axis of every other: of all axes these are the best, whatever the variances along them
(Theobald 1975). EVV and VVV are done in coordinates whitened by the covariance of all rows, which
they follow through any linear map; EEV and VEV follow rotations only. Each is the maximiser above
the floor. Cost O(K d³). Celeux & Govaert (1995), models [λ D_k A D_kᵀ], [λ_k D_k A D_kᵀ], [λ C_k]
and [λ_k C_k].
"""

import numpy as np

from softmix.m_step.equal_volumes import equal_volumes
from softmix.m_step.floor import CovarianceFloor
from softmix.m_step.moments import Moments
from softmix.m_step.scaled_shape import scaled_shape, start_volumes


def eev(moments: Moments, floor: CovarianceFloor) -> np.ndarray:
    along, axes = _own_axes(moments, floor)
    variances = np.maximum(along.sum(axis=0) / moments.total, floor.lowest)
    return floor.factors(axes, np.broadcast_to(variances, along.shape))


def vev(moments: Moments, floor: CovarianceFloor, previous: np.ndarray | None) -> np.ndarray:
    along, axes = _own_axes(moments, floor)
    volumes = start_volumes(along, moments, floor.lowest) if previous is None else floor.volumes(previous)
    fit = scaled_shape(lambda _: (axes, along), moments.count, volumes, floor.lowest)
    return floor.factors(fit.axes, fit.variances)


def evv(moments: Moments, floor: CovarianceFloor) -> np.ndarray:
    along, axes = _own_axes(moments, floor)
    return floor.factors(axes, equal_volumes(along, moments.total, floor.lowest))


def vvv(moments: Moments, floor: CovarianceFloor) -> np.ndarray:
    return floor.inverse_cholesky(moments.scatter, moments.divisor)


def _own_axes(moments: Moments, floor: CovarianceFloor) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues Ω (K, d) and eigenvectors (K, d, d) of the scatters in units of S.

    Axes without scatter, in a component of fewer rows than columns, are free: they are taken along
    those of all components together, so that rounding does not choose them.
    """
    scatter = floor.whitened(moments.scatter)
    _, axes = np.linalg.eigh(scatter)
    along = floor.along(axes, moments.scatter)
    pooled = scatter.sum(axis=0)
    for k in np.flatnonzero((along == 0).sum(axis=1) > 1):
        free = axes[k][:, along[k] == 0]
        axes[k][:, along[k] == 0] = free @ np.linalg.eigh(free.T @ pooled @ free)[1]
    return along, axes
