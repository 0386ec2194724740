"""Statistics of rows that are distributed as the parameters say: what a mixture stands for.

    count_k = n_k,   sum_k = 0,   scatter_k = n_k Σ_k,   about the means.

The M-step gives the parameters back. So a fit whose rows are gone is as good as n rows.
"""

import numpy as np

from softmix.parameters import FactorShape, GaussianParameters
from softmix.statistics import GaussianStatistics, StatisticsLayout
from softmix.statistics.gaussian import lower_triangle


def expected_statistics(parameters: GaussianParameters, counts: np.ndarray) -> GaussianStatistics:
    """The statistics of `counts` (K,) such rows; log-likelihood, total weight and rows are left at 0."""
    layout = StatisticsLayout(parameters.shape, *parameters.means.shape)
    statistics = GaussianStatistics(parameters.means, layout, np.zeros(layout.size))
    statistics.count[...] = counts
    statistics.scatter[...] = _scatter(parameters, counts)
    return statistics


def _scatter(parameters: GaussianParameters, counts: np.ndarray) -> np.ndarray:
    covariances, d = parameters.covariances(), parameters.n_features
    if parameters.shape is FactorShape.SCALAR:
        return counts * d * covariances
    if parameters.shape is FactorShape.DIAGONAL:
        return counts[:, None] * covariances
    rows, columns = lower_triangle(d)
    if parameters.shape is FactorShape.SHARED:
        return counts.sum() * covariances[rows, columns][None]
    return counts[:, None] * covariances[:, rows, columns]
