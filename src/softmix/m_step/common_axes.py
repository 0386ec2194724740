"""M-steps for covariances that share their axes: statistics give parameters.

EEE, one covariance for all components:

    Σ = W / n,   W = scatter − Σ_k sum_k sum_kᵀ / count_k

Cost O(K d² + d³). Celeux & Govaert (1995), model [λ D A Dᵀ].
"""

import numpy as np

from softmix.m_step.floor import CovarianceFloor
from softmix.m_step.moments import moments
from softmix.parameters import FactorShape, GaussianParameters
from softmix.statistics import GaussianStatistics


def eee(statistics: GaussianStatistics, floor: CovarianceFloor) -> GaussianParameters:
    weights, means, shift, _ = moments(statistics)
    covariance = statistics.scatter_matrices()[0] / statistics.count.sum()
    covariance -= np.einsum("k,ki,kj->ij", weights, shift, shift)
    factor = floor.inverse_cholesky(covariance[None])[0]
    return GaussianParameters(weights, means, factor, FactorShape.SHARED)
