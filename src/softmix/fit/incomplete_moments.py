"""Mean and spread of rows that lack values: what units are made of, and what completes rows for a start.

Means and variances are those of the observed values of each column, which is the one-component fit of
a diagonal structure. Correlations are those of the one-component fit of a full structure, by EM on a
bounded sample of the rows: they are a unit, not an answer.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from softmix.blocks import Block, Source
from softmix.blocks.incomplete import IncompleteBlock
from softmix.e_step import MissingEStep
from softmix.m_step import CovarianceFloor
from softmix.parameters import FactorShape, GaussianParameters
from softmix.structures import STRUCTURES
from softmix.sweep import ThreadSweep

# Rows of the sample, and steps of EM at most; it ends where no correlation moves by more than this.
_MAX_ELEMENTS, _MIN_ROWS, _STEPS, _MOVED = 1 << 18, 2048, 20, 1e-3
# Below this share of a column's variance a direction is collinear.
_COLLINEAR = 1e-8
# Columns that an error names.
_MOST_NAMED = 5


@dataclass(frozen=True, eq=False)
class IncompleteMoments:
    """Of each column the mean and variance of its observed values, (d,), and the joint distribution."""

    source: Source
    means: np.ndarray
    variances: np.ndarray

    @cached_property
    def normal(self) -> GaussianParameters:
        """The normal distribution of the rows: one full component."""
        d = self.source.n_features
        magnitude = np.where(self.means == 0, 1.0, np.abs(self.means))
        scale = np.where(self.variances > 0, np.sqrt(np.maximum(self.variances, 0.0)), magnitude)
        block = self._sample(scale)
        floor, structure = CovarianceFloor(np.eye(d), _COLLINEAR), STRUCTURES["VVV"]
        found = GaussianParameters(np.ones(1), np.zeros((1, d)), np.eye(d)[None], FactorShape.FULL)
        for _ in range(_STEPS):
            before = found
            found = structure.m_step(MissingEStep(found, block.rows.dtype)(block), floor, found)
            if np.abs(found.covariances() - before.covariances()).max() <= _MOVED:
                break
        means = self.means + found.means * scale
        return GaussianParameters(found.weights, means, found.factors / scale, FactorShape.FULL)

    def _sample(self, scale: np.ndarray) -> IncompleteBlock:
        """Rows evenly taken from those that count, every column in units of its own deviation."""
        weights = self.source.row_weights()
        counted = np.arange(self.source.n_rows) if weights is None else np.flatnonzero(weights)
        wanted = max(_MAX_ELEMENTS // len(scale), _MIN_ROWS)
        rows, weights = self.source.take(counted[:: -(-len(counted) // wanted)])
        return IncompleteBlock((rows.astype(np.float64) - self.means) / scale, weights)


class _Columns(NamedTuple):
    """Of each column, (d,): missing values, the weight of the observed ones, their mean and variance."""

    n_missing: np.ndarray
    counts: np.ndarray
    means: np.ndarray
    variances: np.ndarray


def incomplete_moments(sweep: ThreadSweep) -> IncompleteMoments | None:
    """The moments of rows that lack values; None where none is missing after all.

    Raises
    ------
    ValueError
        If a column has no observed value.
    """
    source = sweep.source
    first = _of_columns(sweep, _first_observed(source))
    _refuse_unobserved(source, first.counts)
    if not first.n_missing.any():
        return None
    # About the means, so that no digits are lost where the first values are far from them.
    second = _of_columns(sweep, first.means)
    return IncompleteMoments(source, second.means, second.variances)


def _first_observed(source: Source) -> np.ndarray:
    """Of each column a value that counts, or 0 where the first block that counts has none."""
    with source.blocks() as blocks:
        for _, block in blocks:
            rows, _ = block.counted()
            if len(rows):
                first = (~np.isnan(rows)).argmax(axis=0)
                return np.nan_to_num(rows[first, np.arange(rows.shape[1])].astype(np.float64))
    return np.zeros(source.n_features)


def _of_columns(sweep: ThreadSweep, centers: np.ndarray) -> _Columns:
    def of_block(span: slice, block: Block) -> np.ndarray:  # noqa: ARG001
        rows, weights = block.counted()
        observed = ~np.isnan(rows)
        y = np.where(observed, rows - centers, 0.0)
        weights = np.ones(len(rows)) if weights is None else weights
        missing = len(rows) - observed.sum(axis=0)
        return np.stack([missing, weights @ observed, weights @ y, weights @ (y * y)])

    with np.errstate(over="ignore", invalid="ignore"):
        missing, counts, sums, squares = sweep.add_up(of_block)
        divisors = np.where(counts > 0, counts, 1.0)
        shift = sums / divisors
        return _Columns(missing, counts, centers + shift, squares / divisors - shift**2)


def _refuse_unobserved(source: Source, counts: np.ndarray) -> None:
    unobserved = np.flatnonzero(counts == 0).tolist()
    if not unobserved:
        return
    names = source.feature_names
    named = [str(j) if names is None else repr(str(names[j])) for j in unobserved[:_MOST_NAMED]]
    more = f" and {len(unobserved) - _MOST_NAMED} more" if len(unobserved) > _MOST_NAMED else ""
    several = len(unobserved) > 1
    raise ValueError(
        f"Column{'s' if several else ''} {', '.join(named)}{more} {'have' if several else 'has'} no observed "
        f"value in any row that counts: nothing can be learned of {'them' if several else 'it'}. Leave "
        f"{'them' if several else 'it'} out."
    )
