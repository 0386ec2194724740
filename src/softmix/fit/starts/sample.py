"""The rows that a start looks at: a bounded sample, distinct, in coordinates without units."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sklearn.utils.random import sample_without_replacement

from softmix.blocks import Source
from softmix.fit.spread import Spread

_MAX_ELEMENTS, _MIN_ROWS, _MAX_ROWS, _ROWS_PER_COMPONENT = 1 << 18, 4096, 1 << 15, 64
_FEW_PER_COLUMN = 2
# Distances are compared to this many decimals: what whitening leaves of equal ones.
_DECIMALS = 9


@dataclass(frozen=True, eq=False)
class Sample:
    """Distinct rows, their weights, all positive, and the map to coordinates without units.

    `coordinates` whitens; it only standardises each column where rows are too few to whiten.
    """

    rows: np.ndarray
    weights: np.ndarray
    coordinates: Callable[[np.ndarray], np.ndarray]

    @cached_property
    def whitened(self) -> np.ndarray:
        """`rows` in those coordinates."""
        return self.coordinates(self.rows)


def draw_sample(source: Source, spread: Spread, n_components: int, rng: np.random.RandomState) -> Sample:
    """All rows of positive weight where they are few, else a simple random sample of them.

    Equal rows are one row with the sum of their weights, and rows are in an order of their
    own, so that a start depends neither on the order of the rows nor on whether a row is
    repeated or has a weight.
    """
    wanted = max(min(_MAX_ELEMENTS // source.n_features, _MAX_ROWS), _MIN_ROWS)
    wanted = max(wanted, _ROWS_PER_COMPONENT * n_components)
    row_weights = source.row_weights()
    counted = None if row_weights is None else np.flatnonzero(row_weights)
    n_counted = source.n_rows if counted is None else len(counted)
    if n_counted > wanted:
        chosen = np.sort(sample_without_replacement(n_counted, wanted, random_state=rng))
    else:
        chosen = np.arange(n_counted)
    rows, weights = source.take(chosen if counted is None else counted[chosen])
    weights = np.ones(len(rows)) if weights is None else weights
    return _distinct(rows, weights, spread)


def _distinct(rows: np.ndarray, weights: np.ndarray, spread: Spread) -> Sample:
    order = _order(rows, spread.whiten(rows))
    rows, weights = rows[order], weights[order]
    first = np.r_[True, (rows[1:] != rows[:-1]).any(axis=1)]
    rows, weights = rows[first], np.add.reduceat(weights, np.flatnonzero(first))
    # Whitened, few rows are all equally far apart, whatever their clusters.
    few = len(rows) <= _FEW_PER_COLUMN * rows.shape[1]
    return Sample(rows, weights / weights.mean(), spread.standardise if few else spread.whiten)


def _order(rows: np.ndarray, whitened: np.ndarray) -> np.ndarray:
    """By distance from the mean, which no change of coordinates moves; among equals, by value."""
    distances = np.einsum("ij,ij->i", whitened, whitened).round(_DECIMALS)
    order = np.argsort(distances, kind="stable")
    if (np.diff(distances[order]) == 0).any():
        order = np.lexsort((*rows.T[::-1], distances))
    return order
