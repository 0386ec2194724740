"""The rows that a start looks at: a bounded sample, distinct, in coordinates without units."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from sklearn.utils.random import sample_without_replacement

from softmix.e_step import conditional_draws, conditional_means
from softmix.fit.spread import Spread
from softmix.parameters import GaussianParameters

_MAX_ELEMENTS, _MIN_ROWS, _MAX_ROWS, _ROWS_PER_COMPONENT = 1 << 18, 4096, 1 << 15, 64
_FEW_PER_COLUMN = 2
# Rows that a search looks at: at least so many, and so many for each component and column; all,
# where they are no more than twice that.
_ROWS, _ROWS_PER_SEARCHED, _ROWS_PER_COLUMN, _ALL = 2048, 64, 8, 2
# With so many times as many, a larger sample is climbed before all rows are.
_MANY = 100
# Coordinates, distances and weights are kept to this many decimals: what other units, another order of
# the rows or repeated ones leave of equal numbers. A search would magnify the rest.
DECIMALS = 9


class Drawable(Protocol):
    """What a sample is drawn from: a Source, or what has as much of one."""

    @property
    def n_rows(self) -> int: ...

    def take(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]: ...

    def row_weights(self) -> np.ndarray | None: ...


@dataclass(frozen=True, eq=False)
class Sample:
    """Distinct rows, their weights, all positive and of mean 1, and two maps to coordinates without units.

    `coordinates` whitens; it only standardises each column where rows are too few to whiten. Of rows that
    lack values `observed` has them as they are, and `rows` completed by draws.
    """

    rows: np.ndarray
    weights: np.ndarray
    coordinates: Callable[[np.ndarray], np.ndarray]
    standardise: Callable[[np.ndarray], np.ndarray]
    observed: np.ndarray | None = None

    @cached_property
    def whitened(self) -> np.ndarray:
        """`rows` in units of the data's covariance."""
        return self.coordinates(self.rows).round(DECIMALS)

    @cached_property
    def standardised(self) -> np.ndarray:
        """`rows`, every column in units of its own standard deviation."""
        return self.standardise(self.rows).round(DECIMALS)

    def subset(self, n_rows: int, rng: np.random.RandomState) -> "Sample":
        """At most `n_rows` of the rows, drawn by their weights."""
        if n_rows >= len(self.rows):
            return self
        chosen, weights = _draw(self.weights, n_rows, rng)
        observed = None if self.observed is None else self.observed[chosen]
        return replace(self, rows=self.rows[chosen], weights=_of_mean_1(weights), observed=observed)

    def completed(self, parameters: GaussianParameters, rng: np.random.RandomState) -> "Sample":
        """The same with what is missing drawn given what is observed; itself where nothing is missing."""
        if self.observed is None:
            return self
        return replace(self, rows=conditional_draws(parameters, self.observed, rng))

    def reweighted(self, weights: np.ndarray, spread: Spread) -> "Sample":
        """The rows whose new weight is positive, in coordinates of their own `spread`."""
        kept = weights > 0
        return _in_units_of(spread, self.rows[kept], weights[kept])

    def few(self, n_components: int, n_features: int, rng: np.random.RandomState) -> "Sample":
        """As many of the rows as a search looks at; all, where they are not many more."""
        wanted = rows_to_search(n_components, n_features)
        return self if len(self.rows) <= _ALL * wanted else self.subset(wanted, rng)


def sample_size(n_components: int, n_features: int) -> int:
    """Rows of a sample, where nothing else is asked for."""
    wanted = max(min(_MAX_ELEMENTS // n_features, _MAX_ROWS), _MIN_ROWS)
    return max(wanted, _ROWS_PER_COMPONENT * n_components)


def rows_to_search(n_components: int, n_features: int) -> int:
    """Rows that a search for a start looks at, where there are many more."""
    return max(_ROWS, n_components * max(_ROWS_PER_SEARCHED, _ROWS_PER_COLUMN * n_features))


def rows_to_draw(n_rows: int, n_components: int, n_features: int) -> int:
    """Rows of the sample for a search: few are enough where EM can climb on all from there.

    Where there are many times as many, the search's top is first climbed on a larger sample.
    """
    few = rows_to_search(n_components, n_features)
    if n_rows <= _ALL * few:
        return n_rows
    return few if n_rows <= _MANY * few else max(few, sample_size(n_components, n_features))


def draw_sample(source: Drawable, spread: Spread, wanted: int, rng: np.random.RandomState) -> Sample:
    """All rows of positive weight where they are few, else a random sample of `wanted` of them.

    Equal rows are one row with the sum of their weights, and rows are in an order of their
    own, so that a start depends neither on the order of the rows nor on whether a row is
    repeated or has a weight. Of weighted rows the heavy ones are all drawn.
    """
    row_weights = source.row_weights()
    if row_weights is not None:
        chosen, weights = _draw(row_weights, wanted, rng)
        rows, _ = source.take(chosen)
    else:
        n = source.n_rows
        some = n > wanted
        chosen = np.sort(sample_without_replacement(n, wanted, random_state=rng)) if some else np.arange(n)
        rows, _ = source.take(chosen)
        weights = np.ones(len(rows))
    sample = _distinct(rows, weights, spread)
    return sample if spread.normal is None else sample.completed(spread.normal, rng)


def _draw(weights: np.ndarray, wanted: int, rng: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """At most `wanted` rows of positive weight, ascending, and the weights that they now have.

    A row is drawn with probability min(1, w / τ) and then has weight max(w, τ), so that sums
    are unbiased and no heavy row is left to chance. Systematic sampling of shuffled rows: Cochran
    (1977), section 8.
    """
    counted = np.flatnonzero(weights)
    if len(counted) <= wanted:
        return counted, weights[counted]
    counted = rng.permutation(counted)
    threshold = _threshold(weights[counted], wanted)
    chances = np.minimum(weights[counted] / threshold, 1.0)
    passed = np.cumsum(chances) + rng.uniform()
    drawn = (np.diff(np.floor(passed), prepend=0.0) > 0) | (chances == 1.0)  # or rounding would lose one
    chosen = np.sort(counted[drawn])
    return chosen, np.maximum(weights[chosen], threshold)


def _threshold(weights: np.ndarray, wanted: int) -> float:
    """τ with Σ min(1, w / τ) = `wanted`."""
    descending = np.sort(weights)[::-1]
    rest = np.cumsum(descending[::-1])[::-1]
    certain = np.arange(wanted)
    thresholds = rest[:wanted] / (wanted - certain)
    return float(thresholds[np.argmax(descending[:wanted] <= thresholds)])


def _distinct(rows: np.ndarray, weights: np.ndarray, spread: Spread) -> Sample:
    filled = rows if spread.normal is None else conditional_means(spread.normal, rows)
    order = _order(rows, spread.whiten(filled))
    rows, weights = rows[order], weights[order]
    first = np.r_[True, _differ(rows[1:], rows[:-1]).any(axis=1)]
    rows, weights = rows[first], np.add.reduceat(weights, np.flatnonzero(first))
    return _in_units_of(spread, rows, weights)


def _in_units_of(spread: Spread, rows: np.ndarray, weights: np.ndarray) -> Sample:
    # Whitened, few rows are all equally far apart, whatever their clusters.
    few = len(rows) <= _FEW_PER_COLUMN * rows.shape[1]
    coordinates = spread.standardise if few else spread.whiten
    observed = rows if spread.normal is not None and np.isnan(rows).any() else None
    return Sample(rows, _of_mean_1(weights), coordinates, spread.standardise, observed)


def _differ(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Whether values differ; missing ones do not."""
    return (one != other) & ~(np.isnan(one) & np.isnan(other))


def _of_mean_1(weights: np.ndarray) -> np.ndarray:
    """Proportional to `weights`, each kept to its leading digits."""
    mantissas, exponents = np.frexp(weights / weights.mean())
    return np.ldexp(mantissas.round(DECIMALS), exponents)


def _order(rows: np.ndarray, whitened: np.ndarray) -> np.ndarray:
    """By distance from the mean, which no change of coordinates moves; among equals, by value."""
    distances = np.einsum("ij,ij->i", whitened, whitened).round(DECIMALS)
    order = np.argsort(distances, kind="stable")
    if (np.diff(distances[order]) == 0).any():
        order = np.lexsort((*rows.T[::-1], distances))
    return order
