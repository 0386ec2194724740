"""Start of labels or memberships that the user gave: the statistics of all rows under them."""

import numpy as np

from softmix.blocks import Block
from softmix.e_step import conditional_means, statistics_about
from softmix.fit.spread import Spread
from softmix.fit.starts.nearest import one_hot
from softmix.parameters import FactorShape
from softmix.statistics import GaussianStatistics
from softmix.sweep import ThreadSweep


def statistics_of_given(
    sweep: ThreadSweep, resp: np.ndarray, n_components: int, shape: FactorShape, spread: Spread
) -> GaussianStatistics:
    """The statistics of all rows under `resp`, about each component's mean.

    Parameters
    ----------
    resp : ndarray of shape (n,) or (n, K)
        Labels, -1 for a row that has none, or memberships.
    spread : Spread
        Its mean is a point amid the rows, from which the means are found by a first sweep. Missing
        values take their conditional means under its normal distribution.
    """

    def swept(shape: FactorShape, centers: np.ndarray) -> GaussianStatistics:
        def of_block(span: slice, block: Block) -> GaussianStatistics:
            counted = slice(None) if block.weights is None else block.weights > 0
            rows, weights = block.counted()
            if spread.normal is not None:
                rows = conditional_means(spread.normal, rows)
            memberships = _memberships(resp[span][counted], n_components)
            return statistics_about(shape, rows, memberships, weights, centers)

        return sweep.add_up(of_block)

    first = swept(FactorShape.SCALAR, np.tile(spread.mean, (n_components, 1)))
    return swept(shape, first.centers + first.sum / first.count[:, None])


def _memberships(resp: np.ndarray, n_components: int) -> np.ndarray:
    if resp.ndim == 2:
        return resp
    labelled = resp >= 0
    return one_hot(np.where(labelled, resp, 0), n_components) * labelled[:, None]
