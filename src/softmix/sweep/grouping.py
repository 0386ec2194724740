"""Rows of an array in groups of one likeliest component, each group with the components it needs.

A grouping is made at some parameters and serves every sweep whose parameters have not drifted
from there by more than `e_step/negligible.py` allows for. Labels say which rows belong together:
any labels will do, the nearer the better. Group by group, what is out of reach by the parameters
alone is left out, the other densities are computed, and the components are kept that any row needs.

Rows are ordered within spans of some hundred rows a component, so that the rows of a group lie
near each other, in a memory-mapped file too. At most 8 MiB of rows or densities are held at a
time by each thread; what stays is 4 bytes a row, and the labels.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np

from softmix.blocks import ArrayBlocks, Block, block_rows
from softmix.e_step import ALLOWED, Candidates, GaussianEStep, needed_components
from softmix.kernels import RowGroups
from softmix.parameters import GaussianParameters, Reference

Amount = TypeVar("Amount", int, np.ndarray)

_TILE = 96  # the kernel fills up its last tile
# What a group costs over its pairs of row and component, and each of its components and rows, in pairs.
_GROUP_COST, _COMPONENT_COST, _ROW_COST = 1000, 100, 6
_SPAN_ROWS, _MIN_SPAN = 512, 1 << 16  # for each component, and in all
_ELEMENTS, _MIN_ROWS = 1 << 20, 96
# Rows farther from their component than all but some ten thousandths of a normal sample.
_OUTER = 3.5


@dataclass(frozen=True, eq=False)
class Unit:
    """What a thread takes at once: some groups, and where their rows are in the source."""

    indices: np.ndarray
    groups: RowGroups

    @property
    def cost(self) -> int:
        """Of the E-step, in pairs of row and component."""
        sizes, lengths = np.diff(self.groups.row_starts), np.diff(self.groups.component_starts)
        return int(group_cost(sizes, lengths).sum())


@dataclass(frozen=True, eq=False)
class Grouping:
    """All rows that count, in groups; good while parameters stay near the reference."""

    reference: Reference
    units: list[Unit]

    @property
    def cost(self) -> int:
        """Of a sweep, in pairs of row and component."""
        return sum(unit.cost for unit in self.units)

    def holds(self, parameters: GaussianParameters) -> bool:
        """Whether what the groups leave out is still negligible."""
        drift = self.reference.drift(parameters)
        return drift is not None and drift.share_of(ALLOWED) <= 1.0


class Grouper:
    """Makes the units of a grouping, one by one and in any order.

    Parameters
    ----------
    source : ArrayBlocks
    parameters : GaussianParameters
    labels : ndarray of shape (n,)
        A component for each row, at best its likeliest; overwritten with these.
    """

    def __init__(self, source: ArrayBlocks, parameters: GaussianParameters, labels: np.ndarray) -> None:
        self._source, self._parameters, self._labels = source, parameters, labels
        self.reference = Reference.at(parameters)
        self._candidates = Candidates(self.reference, source.dtype)
        self._piece = max(_ELEMENTS // max(parameters.n_components, source.n_features), _MIN_ROWS)
        self.pending = list(self._unit_rows())

    def _unit_rows(self) -> Iterator[np.ndarray]:
        """The rows of each unit, ordered by label within it."""
        K, d = self._parameters.means.shape
        n = self._source.n_rows
        # A unit's statistics should not weigh more than its rows.
        most = min(max(block_rows(d), K * d), max(_ELEMENTS // d, _MIN_ROWS))
        span = max(_SPAN_ROWS * K, _MIN_SPAN)
        for start in range(0, n, span):
            labels = self._labels[start : start + span]
            order = np.argsort(labels, kind="stable")
            if self._source.weights is not None:
                order = order[self._source.weights[start + order] > 0]
            edges = np.array(_edges(labels[order]))
            first = 0
            while first < len(order):
                # Whole labels where that is not too much at once.
                whole = int(edges[np.searchsorted(edges, first + most, side="right") - 1])
                stop = whole if whole > first else min(first + most, len(order))
                yield (start + order[first:stop]).astype(np.min_scalar_type(n))
                first = stop

    def unit(self, indices: np.ndarray) -> Unit:
        """Groups of the rows of one unit."""
        labels = self._labels[indices]
        order, groups = [], []
        for first, stop in pairwise(_edges(labels)):
            for start in range(first, stop, self._piece):
                mine = indices[start : min(start + self._piece, stop)]
                for rows, components in self._groups(int(labels[first]), mine):
                    order.append(rows)
                    groups.append((len(rows), components))
        return Unit(np.concatenate(order), RowGroups.of(groups))

    def _groups(self, label: int, indices: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Rows of one label, and the components they need: all together, or outer rows apart."""
        rows = np.ascontiguousarray(self._source.rows[indices])
        distance = self._distance(label, rows)
        outer = distance > np.sqrt(self._source.n_features) + _OUTER
        if not outer.any() or outer.all():
            return [(indices, self._needed(label, indices, rows, distance))]
        parts = [
            (indices[some], self._needed(label, indices[some], rows[some], distance[some]))
            for some in (~outer, outer)
        ]
        together = np.union1d(*(components for _, components in parts))
        apart = sum(group_cost(len(some), len(components)) for some, components in parts)
        if group_cost(len(indices), len(together)) <= apart:
            return [(np.concatenate([some for some, _ in parts]), together)]
        return parts

    def _distance(self, label: int, rows: np.ndarray) -> np.ndarray:
        own = self._parameters.subset(np.array([label]))
        log_joint = np.empty((len(rows), 1), rows.dtype)
        GaussianEStep(own, rows.dtype).evaluate(Block(rows, None), log_joint=log_joint)
        with np.errstate(invalid="ignore"):
            return np.sqrt(2.0 * np.maximum(own.log_constants - log_joint[:, 0].astype(np.float64), 0.0))

    def _needed(self, label: int, indices: np.ndarray, rows: np.ndarray, distance: np.ndarray) -> np.ndarray:
        near = self._candidates.near(label, float(distance.max()))
        some = self._parameters.subset(near)
        log_joint = np.empty((len(rows), len(near)), rows.dtype)
        GaussianEStep(some, rows.dtype).evaluate(Block(rows, None), log_joint=log_joint)
        best = log_joint.argmax(axis=1)
        self._labels[indices] = near[best]
        return near[needed_components(log_joint, best, some.log_constants).any(axis=0)]


def _edges(labels: np.ndarray) -> list[int]:
    """Where runs of equal labels begin, and the end of the last."""
    return [0, *(np.flatnonzero(labels[1:] != labels[:-1]) + 1).tolist(), len(labels)]


def group_cost(rows: Amount, components: Amount) -> Amount:
    """Of the E-step of a group, in pairs of row and component."""
    tiles = (rows + _TILE - 1) // _TILE
    return tiles * _TILE * (components + _ROW_COST) + _GROUP_COST + _COMPONENT_COST * components
