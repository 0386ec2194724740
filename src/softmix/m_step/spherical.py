"""M-steps for spherical covariances: traces of the scatters give variances.

    EII   Σ_k = λ I      λ   = Σ_k tr W_k / (n d)
    VII   Σ_k = λ_k I    λ_k = tr W_k / (n_k d)

Under the floor each variance is the larger of itself and ρ S, S being the mean variance of
the data's columns. Cost O(K d). Celeux & Govaert (1995), models [λ I] and [λ_k I].
"""

import numpy as np

from softmix.m_step.floor import CovarianceFloor
from softmix.m_step.moments import Moments


def eii(moments: Moments, floor: CovarianceFloor) -> np.ndarray:
    variance = moments.scatter.sum() / (moments.total * moments.n_features)
    return _factors(np.full(moments.count.shape, variance), moments.n_features, floor)


def vii(moments: Moments, floor: CovarianceFloor) -> np.ndarray:
    return _factors(moments.scatter / (moments.divisor * moments.n_features), moments.n_features, floor)


def _factors(variances: np.ndarray, n_features: int, floor: CovarianceFloor) -> np.ndarray:
    # Every column has the component's one variance, and a collapse is one of all columns.
    of_columns = np.broadcast_to(variances[:, None], (len(variances), n_features))
    return 1.0 / np.sqrt(floor.variances(of_columns)[:, 0])
