"""Statistics from memberships that are given, not computed: how a start enters EM."""

import numpy as np

from softmix.parameters import FactorShape
from softmix.statistics import GaussianStatistics, StatisticsLayout


def statistics_from_resp(
    shape: FactorShape, rows: np.ndarray, resp: np.ndarray, row_weights: np.ndarray | None = None
) -> GaussianStatistics:
    """The statistics of `rows` (n, d) under memberships `resp` (n, K), about each one's mean.

    An empty component is centred on the mean of all rows. The log-likelihood is left at 0:
    memberships alone do not say it.
    """
    rows = np.asarray(rows, dtype=np.float64)
    row_weights = np.ones(len(rows)) if row_weights is None else row_weights
    resp = resp * row_weights[:, None]
    count = resp.sum(axis=0)
    origin = row_weights @ rows / row_weights.sum()
    centers = resp.T @ (rows - origin) / np.where(count > 0, count, 1.0)[:, None]
    return _about(shape, rows, resp, row_weights, centers + origin)


def statistics_about(
    shape: FactorShape,
    rows: np.ndarray,
    resp: np.ndarray,
    row_weights: np.ndarray | None,
    centers: np.ndarray,
) -> GaussianStatistics:
    """The same about given `centers` (K, d), so that the statistics of blocks add."""
    rows = np.asarray(rows, dtype=np.float64)
    row_weights = np.ones(len(rows)) if row_weights is None else row_weights
    return _about(shape, rows, resp * row_weights[:, None], row_weights, centers)


def _about(
    shape: FactorShape, rows: np.ndarray, counted: np.ndarray, row_weights: np.ndarray, centers: np.ndarray
) -> GaussianStatistics:
    layout = StatisticsLayout(shape, *centers.shape)
    statistics = GaussianStatistics(centers, layout, np.zeros(layout.size))
    statistics.count[...] = counted.sum(axis=0)
    for k, center in enumerate(centers):
        y = rows - center
        statistics.sum[k] = counted[:, k] @ y
        _add_scatter(statistics, k, counted[:, k], y)
    statistics.values[-2:] = row_weights.sum(), len(rows)
    return statistics


def _add_scatter(statistics: GaussianStatistics, k: int, resp: np.ndarray, y: np.ndarray) -> None:
    shape = statistics.layout.shape
    if shape is FactorShape.SCALAR:
        statistics.scatter[k] = resp @ (y * y).sum(axis=1)
    elif shape is FactorShape.DIAGONAL:
        statistics.scatter[k] = resp @ (y * y)
    else:
        target = 0 if shape is FactorShape.SHARED else k
        scatter = (resp[:, None] * y).T @ y
        statistics.scatter[target] += scatter[np.tril_indices(y.shape[1])]
