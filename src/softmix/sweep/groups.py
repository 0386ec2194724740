"""When the rows of an array are worth grouping, and the sweep over their groups.

Groups cost a few sweeps to make and then save most of each sweep, where components are apart
and have nearly stopped moving. So before anything is spent: how many sweeps would groups last at
the pace of the last one? And how many components does a sample of the rows need? What fails is
tried again after twice as many sweeps as before. All costs are counts, never times, so the same
fit takes the same path, and has the same bits, on any number of threads.
"""

from threading import local

import numpy as np

from softmix.blocks import ArrayBlocks, Block
from softmix.e_step import ALLOWED, GaussianEStep, GroupedEStep, needed_components
from softmix.parameters import GaussianParameters, Reference
from softmix.statistics import GaussianStatistics
from softmix.sweep.by_number import ForEach
from softmix.sweep.grouping import Grouper, Grouping, Unit, group_cost
from softmix.sweep.tree_sum import TreeSum

# Below so many components, or multiply-adds of a sweep (some milliseconds), nothing is tried.
_MIN_COMPONENTS, _MIN_WORK = 24, 1 << 27
# Groups must promise to cost at most this share of a dense sweep.
_WORTH = 0.6
# Rows that are looked at: a few to turn down what overlaps, then enough for some of each component.
_FEW, _SOME_SHARE, _SOME_EACH = 128, 64, 4
# All rows of a component need more components than the few of a sample do.
_UNSEEN = 2.0
# What Python adds to making one group, in pairs of row and component.
_MAKING_COST, _ROWS_OF_GROUP = 100_000, 512
_LONGEST_WAIT = 63


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
        self._labels: np.ndarray | None = None
        self._wait = self._delay = 0

    def statistics(self, parameters: GaussianParameters) -> GaussianStatistics | None:
        """The statistics of all rows under `parameters`, or None where a dense sweep is better."""
        grouping = self._grouping_at(parameters)
        if grouping is None:
            return None
        e_step, scratch = GroupedEStep(parameters, self._source.dtype), local()
        total: TreeSum[GaussianStatistics] = TreeSum()

        def visit(number: int, unit: Unit) -> None:
            rows, weights = self._rows_of(unit, scratch)
            total.add(number, e_step(rows, weights, unit.groups))

        self._for_each(grouping.units, visit)
        return total.total()

    def _rows_of(self, unit: Unit, scratch: local) -> tuple[np.ndarray, np.ndarray | None]:
        """The rows of `unit` and their weights, in a buffer of this thread where that is quicker."""
        source, indices = self._source, unit.indices
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
        if K < _MIN_COMPONENTS or self._source.n_rows * K * (d * d + 6 * d + 40) < 2 * _MIN_WORK:
            return None
        before, self._before = self._before, parameters
        if self._grouping is not None:
            if self._grouping.holds(parameters):
                return self._grouping
            self._grouping = None
        elif self._labels is not None:
            # Labels that served no sweep since are stale.
            self._labels = None
        if self._wait > 0:
            self._wait -= 1
            return None
        self._grouping = self._try(before, parameters)
        return self._grouping

    def _try(self, before: GaussianParameters | None, parameters: GaussianParameters) -> Grouping | None:
        lasting = 0.0 if before is None else _sweeps_within(before, parameters)
        if lasting * self._dense_cost(parameters) < self._making_cost(parameters):
            return None
        if self._labels is None:
            if not self._is_promising(parameters):
                self._postpone()
                return None
            self._labels = self._find_labels(parameters)
        grouping = self._make(parameters, self._labels)
        if grouping is None:
            self._labels = None
            self._postpone()
            return None
        self._delay = 0
        return grouping

    def _postpone(self) -> None:
        self._delay = min(2 * self._delay + 1, _LONGEST_WAIT)
        self._wait = self._delay

    def _dense_cost(self, parameters: GaussianParameters) -> float:
        return float(self._source.n_rows * parameters.n_components)

    def _making_cost(self, parameters: GaussianParameters) -> float:
        n, K = self._source.n_rows, parameters.n_components
        passes = 0.5 if self._labels is not None else 1.5
        return passes * self._dense_cost(parameters) + _MAKING_COST * max(n / _ROWS_OF_GROUP, K)

    def _is_promising(self, parameters: GaussianParameters) -> bool:
        """Whether a sample of rows, first few, then more, needs few components."""
        n, K = self._source.n_rows, parameters.n_components
        some = min(max(n // _SOME_SHARE, _SOME_EACH * K), n // (_SOME_SHARE // 2))
        return all(
            self._predicted_cost(parameters, size, unseen) <= _WORTH * self._dense_cost(parameters)
            for size, unseen in ((_FEW, 1.0), (some, _UNSEEN))
        )

    def _predicted_cost(self, parameters: GaussianParameters, size: int, unseen: float) -> float:
        n, K = self._source.n_rows, parameters.n_components
        rows, _ = self._source.take(np.arange(0, n, max(n // size, 1)))
        rows = np.ascontiguousarray(rows)
        log_joint = np.empty((len(rows), K), rows.dtype)
        GaussianEStep(parameters, rows.dtype).evaluate(Block(rows, None), log_joint=log_joint)
        best = log_joint.argmax(axis=1)
        needed = needed_components(log_joint, best, parameters.log_constants)
        order = np.argsort(best, kind="stable")
        starts = np.flatnonzero(np.diff(best[order], prepend=-1))
        lists = np.logical_or.reduceat(needed[order], starts, axis=0).sum(axis=1)
        shares = np.diff(starts, append=len(rows)) / len(rows)
        return float(group_cost(n * shares, np.minimum(unseen * lists, K)).sum())

    # Making groups

    def _find_labels(self, parameters: GaussianParameters) -> np.ndarray:
        labels = np.empty(self._source.n_rows, np.min_scalar_type(parameters.n_components))
        e_step = GaussianEStep(parameters, self._source.dtype)

        def visit(number: int, block: Block) -> None:
            e_step.evaluate(block, labels=labels[self._source.span(number)])

        self._for_each(self._source, visit)
        return labels

    def _make(self, parameters: GaussianParameters, labels: np.ndarray) -> Grouping | None:
        """The grouping, or None where it does not pay after all."""
        grouper = Grouper(self._source, parameters, labels)
        units: list[Unit | None] = [None] * len(grouper.pending)

        def visit(number: int, indices: np.ndarray) -> None:
            units[number] = grouper.unit(indices)

        self._for_each(grouper.pending, visit)
        grouping = Grouping(grouper.reference, [unit for unit in units if unit is not None])
        return grouping if grouping.cost <= _WORTH * self._dense_cost(parameters) else None


def _sweeps_within(before: GaussianParameters, parameters: GaussianParameters) -> float:
    """In how many sweeps at the pace of the last one components drift as far as groups allow."""
    drift = Reference.at(before).drift(parameters)
    share = np.inf if drift is None else drift.share_of(ALLOWED)
    return 1.0 / share if share > 0 else np.inf
