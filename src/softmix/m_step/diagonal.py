"""M-step for diagonal covariances, Σ_k = λ_k A_k (VVI): statistics give parameters.

    diag Σ_k = diag(scatter_k) / count_k − (sum_k / count_k)²

Cost O(K d). Celeux & Govaert (1995), model [λ_k A_k].
"""

import numpy as np

from softmix.m_step.floor import CovarianceFloor
from softmix.m_step.moments import moments
from softmix.parameters import FactorShape, GaussianParameters
from softmix.statistics import GaussianStatistics


def vvi(statistics: GaussianStatistics, floor: CovarianceFloor) -> GaussianParameters:
    weights, means, shift, count = moments(statistics)
    variances = floor.variances(statistics.scatter / count[:, None] - shift**2)
    return GaussianParameters(weights, means, 1.0 / np.sqrt(variances), FactorShape.DIAGONAL)
