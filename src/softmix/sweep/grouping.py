"""Rows of an array in groups of one likeliest component, each group with the components it needs.

Groups are made at a reference and serve every sweep until a component drifts from there by more
than `e_step/negligible.py` allows for. Then the groups in which it is some row's likeliest are
made again, and those that it may reach get it into their list. Labels say which rows belong
together: any labels will do, the nearer to the likeliest components the better. Group by group,
what is out of reach by the parameters alone is left out, the other densities are computed, and
the components are kept that any row needs.

Rows are ordered within spans of some hundred rows a component, so that the rows of a group lie
near each other, in a memory-mapped file too. At most 8 MiB of rows or densities are held at a
time by each thread; what stays is 4 bytes a row, and the labels.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from softmix.blocks import ArrayBlocks, Block, block_rows
from softmix.e_step import ALLOWED, Candidates, GaussianEStep, needed_components, rules
from softmix.kernels import RowGroups, kernel
from softmix.parameters import GaussianParameters, Reference
from softmix.sweep.costs import GROUP_COSTS, group_cost, span_rows

_ELEMENTS, _MIN_ROWS = 1 << 20, 96
# Few rows of a normal sample are so much farther from their component than the square root of d.
_OUTER = 3.5


class Group(NamedTuple):
    """Some rows of the source within `distance` of component `label`, and the components they need.

    `likeliest` (booleans) says which of these are the likeliest of any row.
    """

    rows: np.ndarray
    label: int
    distance: float
    components: np.ndarray
    likeliest: np.ndarray


@dataclass(frozen=True, eq=False)
class Unit:
    """What a thread takes at once: some groups, and where their rows are in the source."""

    rows: np.ndarray
    groups: RowGroups
    labels: np.ndarray
    distances: np.ndarray
    likeliest: np.ndarray

    @classmethod
    def of(cls, groups: list[Group]) -> "Unit":
        return cls(
            np.concatenate([group.rows for group in groups]),
            RowGroups.of([(len(group.rows), group.components) for group in groups]),
            np.array([group.label for group in groups]),
            np.array([group.distance for group in groups]),
            np.concatenate([group.likeliest for group in groups]),
        )

    def __iter__(self) -> Iterator[Group]:
        ends = self.groups.component_starts.tolist()
        for g, (span, components) in enumerate(self.groups):
            likeliest = self.likeliest[ends[g] : ends[g + 1]]
            yield Group(self.rows[span], int(self.labels[g]), float(self.distances[g]), components, likeliest)

    @property
    def sizes(self) -> np.ndarray:
        """The number of rows of each group."""
        return np.diff(self.groups.row_starts)

    @property
    def cost(self) -> int:
        """Of the E-step, in pairs of row and component."""
        return int(group_cost(self.sizes, np.diff(self.groups.component_starts)).sum())


@dataclass(frozen=True, eq=False)
class Grouping:
    """All rows that count, in groups; good while no component moves too far from the reference."""

    reference: Reference
    units: list[Unit]

    @property
    def cost(self) -> int:
        """Of a sweep, in pairs of row and component."""
        return sum(unit.cost for unit in self.units)

    def moved(self, parameters: GaussianParameters) -> np.ndarray | None:
        """Booleans (K,): the components that have moved too far; None if nothing is as it was."""
        shares = self.reference.shares(parameters, ALLOWED)
        return None if shares is None else ~(shares <= 1.0)


class Grouper:
    """Makes the units of a grouping, one by one and in any order.

    Parameters
    ----------
    source : ArrayBlocks
    reference : Reference
    labels : ndarray of shape (n,)
        A component for each row, at best its likeliest; overwritten with these.
    """

    def __init__(self, source: ArrayBlocks, reference: Reference, labels: np.ndarray) -> None:
        self.reference = reference
        self._source, self._parameters, self._labels = source, reference.parameters, labels
        self._candidates = Candidates(reference, source.dtype)
        self._outer = float(np.sqrt(source.n_features)) + _OUTER
        self._rules = (*rules(source.dtype), self._outer, *GROUP_COSTS)
        self._most = max(_ELEMENTS // max(self._parameters.means.shape), _MIN_ROWS)

    def pending(self) -> list[np.ndarray]:
        """The rows of each unit to make, by label."""
        return list(self._pending())

    def _pending(self) -> Iterator[np.ndarray]:
        K, d = self._parameters.means.shape
        n, weights = self._source.n_rows, self._source.weights
        # A unit's statistics should not weigh more than its rows.
        most = min(max(block_rows(d), K * d), max(_ELEMENTS // d, _MIN_ROWS))
        span = span_rows(K)
        for start in range(0, n, span):
            rows = start + np.argsort(self._labels[start : start + span], kind="stable")
            if weights is not None:
                rows = rows[weights[rows] > 0]
            edges = np.array(_edges(self._labels[rows]))
            first = 0
            while first < len(rows):
                # Whole labels where that is not too much at once.
                whole = int(edges[np.searchsorted(edges, first + most, side="right") - 1])
                stop = whole if whole > first else min(first + most, len(rows))
                yield rows[first:stop].astype(np.min_scalar_type(n))
                first = stop

    def unit(self, rows: np.ndarray) -> Unit:
        """Groups of rows that are ordered by label."""
        return self._natively(rows) or Unit.of(list(self._groups(rows)))

    def _natively(self, rows: np.ndarray) -> Unit | None:
        """The same where the kernel can do it; what follows, `near` included, is the readable twin."""
        labels, at = self._labels[rows].astype(np.int64), rows.astype(np.int64)
        mixture = self._parameters, self._candidates.bounds, self._rules
        made = kernel().group_rows(*mixture, self._source.rows, at, labels, self._most)
        if made is None:
            return None
        order, (sizes, of_group, distances, counts, components, likeliest) = made
        self._labels[rows] = labels
        row_starts, component_starts = (
            np.concatenate([[0], np.cumsum(each)]).astype(np.int64) for each in (sizes, counts)
        )
        groups = RowGroups(row_starts, component_starts, np.array(components, np.int64))
        return Unit(rows[order], groups, np.array(of_group), np.array(distances), np.array(likeliest))

    def stale(self, unit: Unit, moved: np.ndarray) -> np.ndarray:
        """Booleans: the groups of `unit` whose proof rests on components that moved."""
        rests_on = moved[unit.groups.components] & unit.likeliest
        return np.logical_or.reduceat(rests_on, unit.groups.component_starts[:-1]) | moved[unit.labels]

    def renewed(self, unit: Unit, moved: np.ndarray) -> Unit:
        """The unit with its stale groups made again, and in the others' lists what may reach them now."""
        stale = self.stale(unit, moved)
        arrived = {} if stale.all() else self._arrived(unit, np.flatnonzero(moved))
        if not stale.any() and not arrived:
            return unit
        groups = [
            _with(group, arrived[g]) if g in arrived else group
            for g, group in enumerate(unit)
            if not stale[g]
        ]
        rows = unit.rows[np.repeat(stale, unit.sizes)]
        rows = rows[np.argsort(self._labels[rows], kind="stable")]
        return Unit.of([*groups, *self.unit(rows)] if len(rows) else groups)

    def _arrived(self, unit: Unit, moved: np.ndarray) -> dict[int, list[int]]:
        """For each group of `unit` that they may reach, the components that moved."""
        arrived: dict[int, list[int]] = {}
        for component in moved.tolist():
            for g in np.flatnonzero(
                self._candidates.reached(component, unit.labels, unit.distances)
            ).tolist():
                arrived.setdefault(g, []).append(component)
        return arrived

    def _groups(self, rows: np.ndarray) -> Iterator[Group]:
        labels = self._labels[rows]
        for first, stop in pairwise(_edges(labels)):
            for start in range(first, stop, self._most):
                yield from self._of_label(int(labels[first]), rows[start : min(start + self._most, stop)])

    def _of_label(self, label: int, rows: np.ndarray) -> list[Group]:
        """One group of rows, or two where it is better to have the outer rows apart."""
        values = np.ascontiguousarray(self._source.rows[rows])
        distance = self._distance(label, values)
        outer = distance > self._outer
        if not outer.any() or outer.all():
            return [self._group(label, rows, values, distance)]
        parts = [self._group(label, rows[some], values[some], distance[some]) for some in (~outer, outer)]
        inner, far = parts
        joint = _with(inner, far.components)
        apart = sum(group_cost(len(part.rows), len(part.components)) for part in parts)
        if apart < group_cost(len(rows), len(joint.components)):
            return parts
        likeliest = joint.likeliest | np.isin(joint.components, far.components[far.likeliest])
        return [
            Group(np.concatenate([inner.rows, far.rows]), label, far.distance, joint.components, likeliest)
        ]

    def _distance(self, label: int, values: np.ndarray) -> np.ndarray:
        own = self._parameters.subset(np.array([label]))
        log_joint = np.empty((len(values), 1), values.dtype)
        GaussianEStep(own, values.dtype).evaluate(Block(values, None), log_joint=log_joint)
        with np.errstate(invalid="ignore"):
            return np.sqrt(2.0 * np.maximum(own.log_constants - log_joint[:, 0].astype(np.float64), 0.0))

    def _group(self, label: int, rows: np.ndarray, values: np.ndarray, distance: np.ndarray) -> Group:
        farthest = float(distance.max())
        near = self._candidates.near(label, farthest)
        some = self._parameters.subset(near)
        log_joint = np.empty((len(values), len(near)), values.dtype)
        GaussianEStep(some, values.dtype).evaluate(Block(values, None), log_joint=log_joint)
        best = log_joint.argmax(axis=1)
        self._labels[rows] = near[best]
        needed = needed_components(log_joint, best, some.log_constants).any(axis=0)
        likeliest = np.bincount(best, minlength=len(near)) > 0
        return Group(rows, label, farthest, near[needed], likeliest[needed])


def _with(group: Group, more: ArrayLike) -> Group:
    """The group with more components in its list."""
    components = np.union1d(group.components, more)
    likeliest = np.isin(components, group.components[group.likeliest])
    return group._replace(components=components, likeliest=likeliest)


def _edges(labels: np.ndarray) -> list[int]:
    """Where runs of equal labels begin, and the end of the last; only the end of none."""
    starts = (np.flatnonzero(labels[1:] != labels[:-1]) + 1).tolist()
    return [0, *starts, len(labels)] if len(labels) else [0]
