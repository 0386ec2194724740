"""M-steps for covariances with axes of their own: statistics give parameters.

VVV, one free covariance a component:

    Σ_k = scatter_k / count_k − (sum_k / count_k)(sum_k / count_k)ᵀ

Cost O(K d³). Celeux & Govaert (1995), model [λ_k D_k A_k D_kᵀ].
"""

from softmix.m_step.floor import CovarianceFloor
from softmix.m_step.moments import moments
from softmix.parameters import FactorShape, GaussianParameters
from softmix.statistics import GaussianStatistics


def vvv(statistics: GaussianStatistics, floor: CovarianceFloor) -> GaussianParameters:
    weights, means, shift, count = moments(statistics)
    covariances = statistics.scatter_matrices()
    covariances /= count[:, None, None]
    for k, step in enumerate(shift):
        covariances[k] -= step[:, None] * step
    return GaussianParameters(weights, means, floor.inverse_cholesky(covariances), FactorShape.FULL)
