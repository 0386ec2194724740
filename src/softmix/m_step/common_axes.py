"""M-steps for covariances that share their axes: scatters give precision factors.

    EEE   Σ_k = λ D A Dᵀ        W / n
    VEE   Σ_k = λ_k D A Dᵀ      `scaled_shape`, from the previous volumes
    EVE   Σ_k = λ D A_k Dᵀ      `common_orientation`, from the previous axes, and `equal_volumes`
    VVE   Σ_k = λ_k D A_k Dᵀ    `common_orientation`, and the scatter along the axes / n_k

EEE and VEE are done in coordinates whitened by the covariance of all rows, which they follow
through any linear map; EVE and VVE follow rotations only. EEE and VEE give the maximiser above the
floor; EVE and VVE a maximum in each block (variances, each plane of the axes), and never less than
the previous parameters.

Cost O(K d² + d³) for EEE, O(K d³) an iteration for the others.
Celeux & Govaert (1995), models [λ C], [λ_k C], [λ D A_k Dᵀ] and [λ_k D A_k Dᵀ].
"""

import numpy as np

from softmix.m_step.common_orientation import (
    FIRST_ROUNDS,
    ROUNDS,
    BestVariances,
    OrientationProblem,
    shared_axes,
)
from softmix.m_step.equal_volumes import equal_volumes
from softmix.m_step.floor import CovarianceFloor
from softmix.m_step.moments import Moments
from softmix.m_step.scaled_shape import scaled_shape, start_volumes


def eee(moments: Moments, floor: CovarianceFloor) -> np.ndarray:
    return floor.inverse_cholesky(moments.scatter[None] / moments.total)[0]


def vee(moments: Moments, floor: CovarianceFloor, previous: np.ndarray | None) -> np.ndarray:
    scatter = floor.whitened(moments.scatter)

    def best_axes(volumes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        _, axes = np.linalg.eigh((scatter / volumes[:, None, None]).sum(axis=0, keepdims=True))
        return axes, floor.along(axes, moments.scatter)

    if previous is None:
        diagonals = np.diagonal(scatter, axis1=1, axis2=2)
        volumes = start_volumes(diagonals, moments, floor.lowest)
    else:
        volumes = floor.volumes(previous)
    fit = scaled_shape(best_axes, moments.count, volumes, floor.lowest)
    return floor.factors(fit.axes, fit.variances)


def eve(moments: Moments, floor: CovarianceFloor, previous: np.ndarray | None) -> np.ndarray:
    def best_variances(along_axes: np.ndarray) -> np.ndarray:
        return equal_volumes(along_axes, moments.total, floor.lowest)

    return _oriented(moments, floor, previous, best_variances)


def vve(moments: Moments, floor: CovarianceFloor, previous: np.ndarray | None) -> np.ndarray:
    def best_variances(along_axes: np.ndarray) -> np.ndarray:
        return np.maximum(along_axes / moments.divisor[:, None], floor.lowest)

    return _oriented(moments, floor, previous, best_variances)


def _oriented(
    moments: Moments, floor: CovarianceFloor, previous: np.ndarray | None, best_variances: BestVariances
) -> np.ndarray:
    scatter = floor.whitened(moments.scatter)
    problem = OrientationProblem(scatter, moments.count, best_variances)
    if previous is None:
        axes, variances = problem.climb(problem.first_axes(), FIRST_ROUNDS)
    else:
        axes, variances = problem.climb(shared_axes(previous), ROUNDS)
    return floor.factors(axes[None], variances)
