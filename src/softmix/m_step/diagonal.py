"""M-steps for diagonal covariances: diagonals of the scatters give variances.

    EEI   Σ_k = λ A        diag(W) / n
    VEI   Σ_k = λ_k A      `scaled_shape`, from the previous volumes
    EVI   Σ_k = λ A_k      `equal_volumes`
    VVI   Σ_k = λ_k A_k    diag(W_k) / n_k

In units of S, the variances of the data's columns, the floor is one number for all entries.
Each is the maximiser above it. Cost O(K d), times the iterations of VEI and EVI.
Celeux & Govaert (1995), models [λ B], [λ_k B], [λ B_k] and [λ_k B_k].
"""

import numpy as np

from softmix.m_step.equal_volumes import equal_volumes
from softmix.m_step.floor import CovarianceFloor
from softmix.m_step.moments import Moments
from softmix.m_step.scaled_shape import scaled_shape, start_volumes


def eei(moments: Moments, floor: CovarianceFloor) -> np.ndarray:
    variances = moments.scatter.sum(axis=0) / moments.total
    return 1.0 / np.sqrt(floor.variances(np.broadcast_to(variances, moments.means.shape)))


def vei(moments: Moments, floor: CovarianceFloor, previous: np.ndarray | None) -> np.ndarray:
    along = floor.whitened(moments.scatter)
    if previous is None:
        volumes = start_volumes(along, moments, floor.lowest)
    else:
        volumes = np.exp(-2.0 * np.log(previous / floor.factor).mean(axis=1))
    columns = np.eye(moments.n_features)
    fit = scaled_shape(lambda _: (columns, along), moments.count, volumes, floor.lowest)
    return _factors(fit.variances, floor)


def evi(moments: Moments, floor: CovarianceFloor) -> np.ndarray:
    along = floor.whitened(moments.scatter)
    return _factors(equal_volumes(along, moments.total, floor.lowest), floor)


def vvi(moments: Moments, floor: CovarianceFloor) -> np.ndarray:
    return 1.0 / np.sqrt(floor.variances(moments.scatter / moments.divisor[:, None]))


def _factors(whitened: np.ndarray, floor: CovarianceFloor) -> np.ndarray:
    return 1.0 / np.sqrt(floor.variances(whitened / floor.factor**2))
