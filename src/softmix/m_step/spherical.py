"""M-step for spherical covariances, Σ_k = λ_k I (VII): statistics give parameters.

    λ_k = tr W_k / (n_k d),   tr W_k = scatter_k − |sum_k|² / count_k

W_k is the scatter about the new mean. Cost O(K d).
Celeux & Govaert (1995), model [λ_k I].
"""

import numpy as np

from softmix.m_step.floor import CovarianceFloor
from softmix.m_step.moments import moments
from softmix.parameters import FactorShape, GaussianParameters
from softmix.statistics import GaussianStatistics


def vii(statistics: GaussianStatistics, floor: CovarianceFloor) -> GaussianParameters:
    weights, means, shift, count = moments(statistics)
    # About the sweep's means, shift is a step, not a position: little cancels.
    squared = statistics.scatter / count - np.einsum("kj,kj->k", shift, shift)
    # Every column has the component's one variance, and a collapse is one of all columns.
    variances = floor.variances(np.broadcast_to(squared[:, None], means.shape) / means.shape[1])
    return GaussianParameters(weights, means, 1.0 / np.sqrt(variances[:, 0]), FactorShape.SCALAR)
