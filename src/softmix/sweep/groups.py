"""When the rows of an array are worth grouping, and the sweep over their groups.

Groups cost two or three sweeps to make and then save most of each sweep, where components are
apart and most of them have nearly stopped moving. So before anything is spent: did the components
of most rows keep still in the last sweep? And how many components does a sample of the rows need?
What fails is tried again after twice as many sweeps as before. All costs are counts, never times,
so the same fit takes the same path, and has the same bits, on any number of threads.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import local
from typing import TypeVar

import numpy as np

from softmix.blocks import ArrayBlocks, Block
from softmix.e_step import ALLOWED, GaussianEStep, GroupedEStep, needed_components
from softmix.parameters import GaussianParameters, Reference
from softmix.statistics import GaussianStatistics
from softmix.sweep.by_number import ForEach
from softmix.sweep.costs import (
    dense_cost,
    group_cost,
    making_cost,
    span_rows,
    work_of_pair,
    worthwhile_cost,
)
from softmix.sweep.grouping import Grouper, Grouping, Unit
from softmix.sweep.tree_sum import TreeSum

T = TypeVar("T")

# Below so many components, rows a component, or multiply-adds of a sweep (some milliseconds), nothing
# is tried: even to ask would cost too much.
_MIN_COMPONENTS, _MIN_ROWS_EACH, _MIN_WORK = 24, 32, 1 << 27
# They are made when sweeps have cost so much of what groups will: of a sweep they save some two thirds.
_PATIENCE = 1.4
# Of the rows, the share whose components may move in a sweep, and by what share of what is allowed.
_RESTLESS, _STILL = 0.1, 0.5
# Rows that are looked at: a few to turn down what overlaps, then enough for some of each component.
_FEW, _SOME_SHARE, _SOME_EACH, _SOME_ELEMENTS = 128, 64, 4, 1 << 21
# So many units are passed over for each that is made first, to see whether all are worth it.
_PASSED_OVER = 7
# Rows that change their component leave small groups behind, until all are made afresh.
_FRAGMENTED = 1.5
_LONGEST_WAIT = 63


@dataclass(frozen=True, eq=False)
class GroupsState:
    """What a fit's groups, and the decisions about them, follow from besides the next parameters.

    The order of sums depends on it, so a fit that goes on later begins with it.
    """

    before: GaussianParameters | None
    grouping: Grouping | None
    labels: np.ndarray
    fresh_cost: int
    wait: int
    delay: int
    paid: float


class Groups:
    """The statistics of an array's rows by groups, where that pays; it decides sweep by sweep.

    Parameters
    ----------
    source : ArrayBlocks
    for_each : callable
        Runs a function over numbered items, in threads.
    """

    def __init__(self, source: ArrayBlocks, for_each: ForEach) -> None:
        self._source, self._for_each = source, for_each
        self._before: GaussianParameters | None = None
        self._grouping: Grouping | None = None
        self._labels = np.empty(0, np.uint8)
        self._fresh_cost = 0
        self._wait = self._delay = 0
        self._paid = 0.0

    @property
    def are_used(self) -> bool:
        """Whether the last sweep went by groups."""
        return self._grouping is not None

    @property
    def state(self) -> GroupsState:
        """All of it as it is now; nothing is copied, and what comes later leaves it as it is."""
        return GroupsState(
            self._before,
            self._grouping,
            self._labels,
            self._fresh_cost,
            self._wait,
            self._delay,
            self._paid,
        )

    @state.setter
    def state(self, state: GroupsState) -> None:
        self._before, self._grouping, self._labels = state.before, state.grouping, state.labels
        self._fresh_cost, self._paid = state.fresh_cost, state.paid
        self._wait, self._delay = state.wait, state.delay

    def statistics(self, parameters: GaussianParameters) -> GaussianStatistics | None:
        """The statistics of all rows under `parameters`, or None where a dense sweep is better."""
        grouping = self._grouping_at(parameters)
        if grouping is None:
            return None
        e_step, scratch = GroupedEStep(parameters, self._source.dtype), local()
        total: TreeSum[GaussianStatistics] = TreeSum()

        def visit(number: int, unit: Unit) -> None:
            rows, weights = self._gathered(unit, scratch)
            total.add(number, e_step(rows, weights, unit.groups))

        self._for_each(grouping.units, visit)
        return total.total()

    def _gathered(self, unit: Unit, scratch: local) -> tuple[np.ndarray, np.ndarray | None]:
        """The rows of `unit` and their weights, in a buffer of this thread where that is quicker."""
        source, indices = self._source, unit.rows
        weights = None if source.weights is None else source.weights[indices]
        if not source.rows.flags.c_contiguous:
            return np.ascontiguousarray(source.rows[indices]), weights
        buffers = vars(scratch)
        if len(buffers.get("rows", ())) < len(indices):
            buffers["rows"] = np.empty((len(indices), source.n_features), source.dtype)
        rows = buffers["rows"][: len(indices)]
        # Clipping, which does nothing to sound indices, spares a second buffer.
        np.take(source.rows, indices, axis=0, out=rows, mode="clip")
        return rows, weights

    # Whether to group

    def _grouping_at(self, parameters: GaussianParameters) -> Grouping | None:
        K, d = parameters.means.shape
        n = self._source.n_rows
        if K < _MIN_COMPONENTS or n < _MIN_ROWS_EACH * K or n * K * work_of_pair(d) < _MIN_WORK:
            return None
        if parameters.noise is not None:  # its part in a row has no distance to bound it by
            return None
        before, self._before = self._before, parameters
        if self._grouping is not None:
            self._grouping = self._kept(self._grouping, parameters)
        elif self._wait > 0:
            self._wait -= 1
        elif self._is_time(before, parameters):
            self._grouping = self._made(parameters)
        return self._grouping

    def _is_time(self, before: GaussianParameters | None, parameters: GaussianParameters) -> bool:
        """Whether the sweeps since most components keep still have cost what groups will cost.

        Nobody knows how many sweeps are to come. This way, a fit that ends just then has paid twice
        at most (the ski-rental rule, Karlin et al. 1988).
        """
        shares = None if before is None else Reference.at(before).shares(parameters, ALLOWED)
        if shares is None or parameters.weights[~(shares <= _STILL)].sum() > _RESTLESS:
            self._paid = 0.0
            return False
        self._paid += dense_cost(self._source, parameters)
        cost = dense_cost(self._source, parameters) + making_cost(self._source, parameters)
        return self._paid >= _PATIENCE * cost

    def _kept(self, grouping: Grouping, parameters: GaussianParameters) -> Grouping | None:
        """The grouping with what has moved made again, or None where that costs too much."""
        moved = grouping.moved(parameters)
        if moved is None or not moved.any():
            return None if moved is None else grouping
        # A copy, because grouping writes to it and states of before are kept as they were.
        self._labels = self._labels.copy()
        grouper = Grouper(self._source, grouping.reference.replaced(parameters, moved), self._labels)
        stale = sum(int(unit.sizes[grouper.stale(unit, moved)].sum()) for unit in grouping.units)
        cost = grouping.cost + making_cost(self._source, parameters, stale / self._source.n_rows)
        if cost > worthwhile_cost(self._source, parameters):
            self._postpone()
            return None
        units = self._each(grouping.units, lambda unit: grouper.renewed(unit, moved))
        renewed = Grouping(grouper.reference, units)
        if renewed.cost > _FRAGMENTED * self._fresh_cost:
            return self._grouped(parameters)
        return renewed

    def _made(self, parameters: GaussianParameters) -> Grouping | None:
        """A new grouping, or None where it does not pay."""
        if not self._is_promising(parameters):
            self._postpone()
            return None
        self._labels = self._find_labels(parameters)
        return self._grouped(parameters)

    def _postpone(self) -> None:
        self._delay = min(2 * self._delay + 1, _LONGEST_WAIT)
        self._wait, self._paid = self._delay, 0.0

    def _is_promising(self, parameters: GaussianParameters) -> bool:
        """Whether a sample of rows, first few, then more, needs few components."""
        n, K = self._source.n_rows, parameters.n_components
        some = min(max(n // _SOME_SHARE, _SOME_EACH * K), n // (_SOME_SHARE // 2), _SOME_ELEMENTS // K)
        at_most = worthwhile_cost(self._source, parameters)
        samples = (_FEW, False), (some, True)
        return all(self._predicted_cost(parameters, size, grows=grows) <= at_most for size, grows in samples)

    def _predicted_cost(self, parameters: GaussianParameters, size: int, *, grows: bool) -> float:
        """By what rows of a sample need; all of a component need more: see `_all_need`."""
        n, K = self._source.n_rows, parameters.n_components
        rows, weights = self._source.take(np.arange(0, n, max(n // max(size, 1), 1)))
        rows, _ = Block(np.ascontiguousarray(rows), weights).counted()
        if len(rows) == 0:
            return np.inf
        log_joint = np.empty((len(rows), K), rows.dtype)
        GaussianEStep(parameters, rows.dtype).evaluate(Block(rows, None), log_joint=log_joint)
        best = log_joint.argmax(axis=1)
        needed = needed_components(log_joint, best, parameters.log_constants)
        order = np.argsort(best, kind="stable")
        starts = np.flatnonzero(np.diff(best[order], prepend=-1))
        lists = np.logical_or.reduceat(needed[order], starts, axis=0).sum(axis=1)
        seen = np.diff(starts, append=len(rows))
        spans = max(n / span_rows(K), 1.0)
        every = n / len(rows) / spans * seen
        if grows:
            lists = _all_need(every, lists, seen, needed.sum() / len(rows))
        return spans * float(group_cost(every, np.minimum(lists, K)).sum())

    # Making groups

    def _find_labels(self, parameters: GaussianParameters) -> np.ndarray:
        labels = np.empty(self._source.n_rows, np.min_scalar_type(parameters.n_components))
        e_step = GaussianEStep(parameters, self._source.dtype)

        def visit(number: int, block: Block) -> None:
            e_step.evaluate(block, labels=labels[self._source.span(number)])

        self._for_each(self._source, visit)
        return labels

    def _grouped(self, parameters: GaussianParameters) -> Grouping | None:
        """The rows grouped by their labels, or None where that does not pay after all."""
        grouper = Grouper(self._source, Reference.at(parameters), self._labels)
        pending, made = grouper.pending(), dict[int, Unit]()
        every = range(len(pending))
        for numbers in (every[:: _PASSED_OVER + 1], every):  # some tell for all
            missing = [number for number in numbers if number not in made]
            units = self._each([pending[number] for number in missing], grouper.unit)
            made.update(zip(missing, units, strict=True))
            rows = sum(len(unit.rows) for unit in made.values())
            cost = sum(unit.cost for unit in made.values())
            if cost * self._source.n_rows > worthwhile_cost(self._source, parameters) * rows:
                self._delay = _LONGEST_WAIT  # the sample of rows promised too much, and would again
                self._postpone()
                return None
        self._delay, self._fresh_cost = 0, cost
        return Grouping(grouper.reference, [made[number] for number in every])

    def _each(self, items: list[T], unit_of: Callable[[T], Unit]) -> list[Unit]:
        """What `unit_of` makes of each item, in threads."""
        units: dict[int, Unit] = {}

        def visit(number: int, item: T) -> None:
            units[number] = unit_of(item)

        self._for_each(items, visit)
        return [units[number] for number in range(len(items))]


def _all_need(every: np.ndarray, lists: np.ndarray, seen: np.ndarray, one: float) -> np.ndarray:
    """How many components all rows of a group need: `seen` ones need `lists`, and one row needs `one`.

    It grows as a power of the rows: in trials with 2 to 64 columns, apart or not, the cost that follows
    from a sample of some rows a component was between 0.8 and 1.35 times what it proved to be.
    """
    together, rows = np.average(lists, weights=seen), np.average(seen, weights=seen)
    power = np.log(together / one) / np.log(rows) if rows > 1 else 0.0
    return lists * (every / seen) ** power
