"""Starts on rows that lack values: search on completed rows, complete them by what was found, search again.

Rows are first completed by draws from one normal distribution, which blurs clusters. What a search
finds there is climbed by EM on the rows as they are; draws from the mixture that it reaches are
sharper (data augmentation, Tanner & Wong 1987). The likeliest of what is reached begins the fit.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from softmix.blocks.incomplete import IncompleteBlock
from softmix.e_step import MissingEStep
from softmix.exceptions import IllDefinedCovarianceError
from softmix.fit.degeneracy import n_unwitnessed
from softmix.fit.maximiser import Maximiser
from softmix.fit.starts.sample import Sample
from softmix.parameters import GaussianParameters

# Times that rows are completed anew, and steps of EM from each start.
_ROUNDS, _STEPS = 2, 12


class _Reached(NamedTuple):
    """Where a climb ended; the first two compare."""

    soundness: int  # minus the number of components that their rows do not witness
    height: float
    parameters: GaussianParameters


def likeliest_start(
    sample: Sample,
    start: Callable[[Sample], GaussianParameters],
    maximiser: Maximiser,
    rng: np.random.RandomState,
) -> GaussianParameters:
    """What `start` finds on completed rows, the best of several completions."""
    assert sample.observed is not None  # noqa: S101 (the caller asks only where values are missing)
    block = IncompleteBlock(sample.observed, sample.weights)
    best = _climbed(block, start(sample), maximiser)
    for _ in range(_ROUNDS):
        try:
            again = _climbed(block, start(sample.completed(best.parameters, rng)), maximiser)
        except IllDefinedCovarianceError:  # of these draws; the first start stands
            continue
        best = max(best, again, key=lambda reached: reached[:2])
    return best.parameters


def _climbed(block: IncompleteBlock, parameters: GaussianParameters, maximiser: Maximiser) -> _Reached:
    parameters, height = maximiser.admit(parameters), -np.inf
    for _ in range(_STEPS):
        statistics = MissingEStep(parameters, block.rows.dtype)(block)
        height = statistics.log_likelihood
        try:
            parameters = maximiser.m_step(statistics, parameters)
        except IllDefinedCovarianceError:
            break
    counts = parameters.weights * len(block.rows)
    few = n_unwitnessed(parameters, counts, maximiser.floor, maximiser.structure)
    return _Reached(-few, height, parameters)
