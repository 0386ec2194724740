"""E-step of rows that lack values, under missing at random: what is observed gives statistics of the whole.

A row with columns o observed has the density Σ_k π_k N(x_o; μ_o, Σ_oo), and so memberships. The kernel
gives count n, sum s and scatter S of rows of one pattern about the means' observed part; linear maps
complete them to all columns, once for each pattern and component, so no row is ever filled in:

    E[x_m − μ_m | x_o] = B (x_o − μ_o),   Cov[x_m | x_o] = C      (see marginals.py)
    sum_m = B s,   scatter_mo = B S,   scatter_mm = B S Bᵀ + n C.

Where means are rounded (float32) and c is the rounded mean, e = (μ_m − c_m) − B (μ_o − c_o) is added to
each E[x_m − c_m]. Rows with nothing observed have the weights π as memberships and add 0 to the
log-likelihood.

Ghahramani & Jordan (1994), "Supervised learning from incomplete data via an EM approach"; Little &
Rubin (2019), section 11.2. The cost beyond that of the kernel is O(K d³) for each pattern of a block.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from softmix.blocks import Block, block_rows
from softmix.blocks.incomplete import IncompleteBlock
from softmix.blocks.patterns import PatternedRows, by_pattern
from softmix.e_step.gaussian import GaussianEStep
from softmix.e_step.marginals import Marginals, MarginalsOf
from softmix.e_step.own_patterns import OwnPatterns
from softmix.kernels import RowGroups, kernel
from softmix.parameters import FactorShape, GaussianParameters
from softmix.statistics import GaussianStatistics, StatisticsLayout

# Numbers in a stack of matrices (P, K, d, d): patterns are taken so many at a time.
_ELEMENTS = 1 << 17
# Marginals of so many times as many patterns are kept for the next block of the same sweep.
_KEPT = 16


class _Sums(NamedTuple):
    """Statistics of the observed columns, by pattern and component."""

    counts: np.ndarray  # (P, K)
    sums: np.ndarray  # (P, K, q)
    scatters: np.ndarray  # (P, K, q, q), (P, K, q) or (P, K)


class MissingEStep:
    """The E-step for fixed parameters: call it with a block, as often as there are blocks.

    Parameters
    ----------
    parameters : GaussianParameters
    dtype : dtype of the blocks, float64 or float32
    """

    def __init__(self, parameters: GaussianParameters, dtype: np.dtype) -> None:
        self._parameters, self._dtype, self._kernel = parameters, dtype, kernel()
        self._complete = GaussianEStep(parameters, dtype)
        self._marginals_of, self._own_patterns = MarginalsOf(parameters), OwnPatterns(parameters)
        K, d = parameters.means.shape
        self._layout = StatisticsLayout(parameters.shape, K, d)
        self._centers = parameters.means.astype(dtype).astype(np.float64)
        self._rounding = parameters.means - self._centers
        self._at_once = max(_ELEMENTS // (K * d * d), 1)
        self._kept: dict[tuple[int, bytes], Marginals] = {}
        self._n_kept = 0

    def __call__(self, block: Block) -> GaussianStatistics:
        """The statistics of `block`, about the (rounded) means of the parameters."""
        block = block if isinstance(block, IncompleteBlock) else IncompleteBlock(block.rows, block.weights)
        if block.is_complete:
            return self._of_complete(block)
        out = GaussianStatistics(self._centers, self._layout, np.zeros(self._layout.size))
        for patterned in block.patterned:
            crowded, few = self._own_patterns.split(patterned)
            for group in self._some_patterns(crowded):
                self._add(out, group)
            if few.n_patterns:
                out += self._own_patterns.statistics(few).recenter(self._centers)
        return out

    def evaluate(self, block: Block, **outputs: np.ndarray) -> None:
        """Fill any of log_norm (n,), resp (n, K), labels (n,), log_joint (n, K) for `block`."""
        if not np.isnan(block.rows).any():
            self._complete.evaluate(block, **outputs)
            return
        for patterned in by_pattern(block.rows):
            crowded, few = self._own_patterns.split(patterned)
            for group in self._some_patterns(crowded):
                self._evaluate(group, outputs)
            self._own_patterns.evaluate(few, outputs)

    def _of_complete(self, block: Block) -> GaussianStatistics:
        """The bits of complete blocks, of which this is a few."""
        step = block_rows(self._layout.n_features)
        parts = [slice(start, start + step) for start in range(0, len(block.rows), step)]
        weights = block.weights
        return _in_pairs(
            [
                self._complete(Block(block.rows[part], None if weights is None else weights[part]))
                for part in parts
            ]
        )

    def _some_patterns(self, patterned: PatternedRows) -> Iterator[PatternedRows]:
        for first in range(0, patterned.n_patterns, self._at_once):
            yield patterned.subset(first, min(first + self._at_once, patterned.n_patterns))

    # Statistics

    def _add(self, out: GaussianStatistics, group: PatternedRows) -> None:
        q, d = group.columns.shape[1], self._layout.n_features
        if q == d:
            out += self._complete(Block(group.rows, group.weights))
            return
        marginals = self._marginals(group.columns)
        found = self._sums_of(out, marginals, group) if q else self._sums_of_nothing(out, group)
        out.count[...] += found.counts.sum(axis=0)
        if self._layout.shape.is_matrix:
            self._complete_matrices(out, marginals, found)
        else:
            self._complete_variances(out, marginals, found)

    def _sums_of(self, out: GaussianStatistics, marginals: Marginals, group: PatternedRows) -> _Sums:
        """The kernel's statistics of the observed columns; what needs no completion is added to `out`."""
        K, (P, q) = self._layout.n_components, group.columns.shape
        observed = marginals.observed
        layout = StatisticsLayout(observed.shape, P * K, q)
        part = GaussianStatistics(observed.means, layout, np.zeros(layout.size))
        prepared = self._kernel.prepare_groups(observed, self._dtype)
        groups = RowGroups(group.starts, np.arange(0, P * K + 1, K), np.arange(P * K))
        self._kernel.accumulate_groups(prepared, group.rows, group.weights, groups, part.values)
        out.values[-3:] += part.values[-3:]
        scatter = part.scatter_matrices() if observed.shape.is_matrix else part.scatter
        return _Sums(
            part.count.reshape(P, K), part.sum.reshape(P, K, q), scatter.reshape(P, K, *scatter.shape[1:])
        )

    def _sums_of_nothing(self, out: GaussianStatistics, group: PatternedRows) -> _Sums:
        weights = self._parameters.weights
        count = group.total_weight * weights[None] / weights.sum()
        out.values[-2:] += group.total_weight, len(group.rows)
        K, is_matrix = len(weights), self._layout.shape.is_matrix
        scatter = np.zeros((1, K)) if self._layout.shape is FactorShape.SCALAR else np.zeros((1, K, 0))
        return _Sums(count, np.zeros((1, K, 0)), np.zeros((1, K, 0, 0)) if is_matrix else scatter)

    def _marginals(self, columns: np.ndarray) -> Marginals:
        key = columns.shape[1], columns.tobytes()
        found = self._kept.get(key)
        if found is None:
            found = self._marginals_of(columns)
            self._n_kept += len(columns)
            if self._n_kept <= self._at_once * _KEPT:
                self._kept[key] = found
        return found

    # Completion

    def _offsets(self, marginals: Marginals) -> np.ndarray:
        """e, (P, K, m)."""
        offsets = self._rounding[:, marginals.missing].swapaxes(0, 1)
        if marginals.slopes is None or not self._rounding.any():
            return offsets
        of_observed = self._rounding[:, marginals.columns].swapaxes(0, 1)
        return offsets - _times(marginals.slopes, of_observed)

    def _complete_matrices(self, out: GaussianStatistics, marginals: Marginals, found: _Sums) -> None:
        B, C, e = marginals.slopes, marginals.residual_covariances, self._offsets(marginals)
        assert B is not None  # noqa: S101 (matrices have both)
        assert C is not None  # noqa: S101
        P, K, q = found.sums.shape
        d = self._layout.n_features
        means = np.empty((P, K, d))
        means[..., :q] = found.sums
        means[..., q:] = _times(B, found.sums) + found.counts[..., None] * e
        crossed = B @ found.scatters + e[..., :, None] * found.sums[..., None, :]
        matrices = np.empty((P, K, d, d))
        matrices[..., :q, :q] = found.scatters
        matrices[..., q:, :q] = crossed
        matrices[..., :q, q:] = crossed.swapaxes(-1, -2)
        matrices[..., q:, q:] = crossed @ B.swapaxes(-1, -2) + found.counts[..., None, None] * C
        matrices[..., q:, q:] += means[..., q:, None] * e[..., None, :]
        if self._layout.shape is FactorShape.SHARED:
            matrices = matrices.sum(axis=1, keepdims=True)
        order = marginals.order
        out.sum[...] += _placed(means, order, d)
        scatter = _placed(matrices.reshape(P, -1, d * d), (order[:, :, None] * d + order[:, None]), d * d)
        rows, columns = np.tril_indices(d)
        out.scatter[...] += scatter[:, rows * d + columns]

    def _complete_variances(self, out: GaussianStatistics, marginals: Marginals, found: _Sums) -> None:
        q = found.sums.shape[2]
        d, missing, e = self._layout.n_features, marginals.missing, self._offsets(marginals)
        variances = self._parameters.factors**-2.0
        counts = np.broadcast_to(found.counts[..., None], e.shape)
        order = marginals.order
        out.sum[...] += _placed(np.concatenate([found.sums, counts * e], axis=2), order, d)
        if self._layout.shape is FactorShape.SCALAR:
            of_missing = found.counts * ((d - q) * variances + (e * e).sum(axis=2))
            out.scatter[...] += (found.scatters + of_missing).sum(axis=0)
            return
        of_missing = counts * (variances[:, missing].swapaxes(0, 1) + e * e)
        out.scatter[...] += _placed(np.concatenate([found.scatters, of_missing], axis=2), order, d)

    # Densities and memberships

    def _evaluate(self, group: PatternedRows, outputs: dict[str, np.ndarray]) -> None:
        q, d = group.columns.shape[1], self._layout.n_features
        if q == 0:
            self._evaluate_nothing(group, outputs)
            return
        marginals = None if q == d else self._marginals(group.columns)
        for p in range(group.n_patterns):
            one = group.subset(p, p + 1)
            e_step = self._complete
            if marginals is not None:
                e_step = GaussianEStep(marginals.of_pattern(p), self._dtype)
            n = len(one.rows)
            part = {name: np.empty((n, *out.shape[1:]), out.dtype) for name, out in outputs.items()}
            e_step.evaluate(Block(one.rows, None), **part)
            for name, out in outputs.items():
                out[one.places] = part[name]

    def _evaluate_nothing(self, group: PatternedRows, outputs: dict[str, np.ndarray]) -> None:
        weights = self._parameters.weights / self._parameters.weights.sum()
        log_weights = np.log(weights, out=np.full(len(weights), -np.inf), where=weights > 0)
        values = {"log_norm": 0.0, "resp": weights, "labels": weights.argmax(), "log_joint": log_weights}
        for name, out in outputs.items():
            out[group.places] = values[name]


def _in_pairs(items: list[GaussianStatistics]) -> GaussianStatistics:
    """Their sum, in the order in which a sweep adds blocks."""
    while len(items) > 1:
        left_over = items[len(items) // 2 * 2 :]
        items = [left + right for left, right in zip(items[::2], items[1::2], strict=False)] + left_over
    return items[0]


def _times(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """A x for stacks of matrices (…, m, q) and vectors (…, q)."""
    return (matrices @ vectors[..., None])[..., 0]


def _placed(values: np.ndarray, places: np.ndarray, length: int) -> np.ndarray:
    """Σ_p of values (P, K, …), each put at its pattern's `places` (P, …) of `length`: (K, length)."""
    P, K = values.shape[:2]
    flat = places.reshape(P, 1, -1) + length * np.arange(K)[:, None]
    return np.bincount(flat.ravel(), values.ravel(), K * length).reshape(K, length)
