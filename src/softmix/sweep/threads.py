"""The sweep in one process: Python threads take blocks, the kernel runs without the GIL.

Each thread takes the next block, makes its statistics and hands them to a tree sum, so any
number of threads and any schedule give the same bits. Blocks of an array are taken by number;
those of a stream are read ahead by a thread of its own.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property, reduce
from types import TracebackType
from typing import Self, TypeVar

import numpy as np

from softmix.blocks import ArrayBlocks, Block, Incomplete, Source, block_rows
from softmix.blocks.incomplete import IncompleteArray
from softmix.e_step import GaussianEStep, MissingEStep
from softmix.kernels.team import offered
from softmix.parameters import GaussianParameters
from softmix.statistics import GaussianStatistics
from softmix.sweep.by_number import ByNumber, Numbered, Pass
from softmix.sweep.crew import Crew
from softmix.sweep.groups import Groups, GroupsState
from softmix.sweep.read_ahead import ReadAhead
from softmix.sweep.tree_sum import Addable, TreeSum

T = TypeVar("T")
A = TypeVar("A", bound=Addable)

_BLOCKS_AHEAD = 4  # and two for each thread: about half a megabyte a block
# Of so many columns at most, to go column by column is faster than NumPy's reduction of short rows.
_FEW_COLUMNS = 16


@dataclass(frozen=True, eq=False)
class SweepState:
    """What the sweeps to come depend on besides the rows and the parameters."""

    n_sweeps: int
    groups: GroupsState | None


class ThreadSweep:
    """Sweeps over a source with `n_jobs` threads. Use as a context manager.

    Calling it with parameters gives the statistics of all rows under them; of an array with many
    components, unless `grouping` is off, by groups of rows where that pays (`groups.py`).
    """

    def __init__(self, source: Source, n_jobs: int = 1, *, grouping: bool = True) -> None:
        self.source = source
        self._incomplete = isinstance(source, Incomplete)
        self._block_rows = (
            source.block_rows if isinstance(source, Incomplete) else block_rows(source.n_features)
        )
        if isinstance(source, (ArrayBlocks, IncompleteArray)):
            n_jobs = min(n_jobs, len(source))
        helpers = n_jobs - 1
        self._crew = Crew(max(helpers, 0))
        self.n_sweeps = 0  # passes over all rows
        self._groups = (
            Groups(source, self._for_each) if grouping and isinstance(source, ArrayBlocks) else None
        )

    def __enter__(self) -> Self:
        self._offer = offered(self._crew.team)
        self._offer.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._offer.__exit__(None, None, None)
        self._crew.dismiss()

    @property
    def is_grouped(self) -> bool:
        """Whether the last sweep took rows in groups, each with the components that matter to it."""
        return self._groups is not None and self._groups.are_used

    @property
    def state(self) -> SweepState:
        """Between two sweeps: another ThreadSweep over the same rows goes on from it with the same bits."""
        return SweepState(self.n_sweeps, None if self._groups is None else self._groups.state)

    @state.setter
    def state(self, state: SweepState) -> None:
        self.n_sweeps = state.n_sweeps
        if self._groups is not None and state.groups is not None:
            self._groups.state = state.groups

    def __call__(self, parameters: GaussianParameters) -> GaussianStatistics:
        """The statistics of all rows, about the means of `parameters`."""
        if self._groups is not None and (statistics := self._groups.statistics(parameters)) is not None:
            self.n_sweeps += 1
            return statistics
        e_step = self._e_step(parameters)
        if (statistics := self._of_all(e_step)) is not None:
            self.n_sweeps += 1
            return statistics
        total: TreeSum[GaussianStatistics] = TreeSum()
        self._for_each_block(lambda number, block: total.add(number, e_step(block)))
        return total.total()

    def _of_all(self, e_step: GaussianEStep | MissingEStep) -> GaussianStatistics | None:
        """The statistics of an array whose blocks the kernel can take by itself; else None."""
        if self._crew.team is None or self._plain is None or not isinstance(e_step, GaussianEStep):
            return None
        return e_step.of_all(self._plain.rows, self._plain.weights, self._block_rows, self._crew.team)

    @cached_property
    def _plain(self) -> ArrayBlocks | None:
        """The source, where its rows lie one after the other and all of them count."""
        if type(self.source) is not ArrayBlocks or not self.source.rows.flags.c_contiguous:
            return None
        weights = self.source.weights
        return self.source if weights is None or (weights > 0).all() else None

    def add_up(self, of_block: Callable[[slice, Block], A]) -> A:
        """The sum over all blocks of what `of_block` gives for (its rows' place among all, block)."""
        total: TreeSum[A] = TreeSum()
        self._for_each_block(
            lambda number, block: total.add(number, of_block(self._span(number, block), block))
        )
        return total.total()

    def evaluate(self, parameters: GaussianParameters, **outputs: np.ndarray) -> None:
        """Fill any of log_norm (n,), resp (n, K), labels (n,), log_joint (n, K) for all rows."""
        e_step = self._e_step(parameters)

        def visit(number: int, block: Block) -> None:
            span = self._span(number, block)
            e_step.evaluate(block, **{name: out[span] for name, out in outputs.items()})

        self._for_each_block(visit)

    def log_likelihood(self, parameters: GaussianParameters, **outputs: np.ndarray) -> float:
        """Σ_i w_i log p(x_i) over all rows; fills `outputs` (see `evaluate`) on the way."""
        e_step = self._e_step(parameters)

        def of_rows(number: int, block: Block) -> np.ndarray:
            span, log_norm = self._span(number, block), np.empty(len(block.rows))
            e_step.evaluate(block, log_norm=log_norm, **{name: out[span] for name, out in outputs.items()})
            return log_norm

        return float(self._weighted_sums(of_rows))

    def log_likelihoods(self, parameters: GaussianParameters) -> tuple[float, float]:
        """Σ_i w_i log p(x_i), and the classification's, where each row counts for its best component alone.

        That is Σ_i w_i max_k log π_k N(x_i; μ_k, Σ_k).
        """
        e_step = self._e_step(parameters)

        def of_rows(number: int, block: Block) -> np.ndarray:  # noqa: ARG001
            n, dtype = len(block.rows), self.source.dtype
            log_norm, log_joint = np.empty(n), np.empty((n, parameters.n_memberships), dtype)
            e_step.evaluate(block, log_norm=log_norm, log_joint=log_joint)
            return np.stack([log_norm, _largest(log_joint)])

        observed, classified = self._weighted_sums(of_rows).tolist()
        return observed, classified

    def classification_log_likelihood(self, parameters: GaussianParameters) -> float:
        """The second of `log_likelihoods`."""
        return self.log_likelihoods(parameters)[1]

    def _weighted_sums(self, of_rows: Callable[[int, Block], np.ndarray]) -> np.ndarray:
        """Σ w · of_rows(number, block), (..., n), over the rows, in the order of the tree."""
        total: TreeSum[np.ndarray] = TreeSum()

        def visit(number: int, block: Block) -> None:
            values, weights = of_rows(number, block), block.weights
            if weights is not None:
                # A row of weight 0 does not count, even where its density underflows.
                values = np.multiply(values, weights, where=weights > 0, out=np.zeros(values.shape))
            total.add(number, self._summed(values))

        self._for_each_block(visit)
        return total.total()

    def _e_step(self, parameters: GaussianParameters) -> GaussianEStep | MissingEStep:
        return (MissingEStep if self._incomplete else GaussianEStep)(parameters, self.source.dtype)

    def _summed(self, values: np.ndarray) -> np.ndarray:
        """Σ values (..., n) of a block; of a wide one in the order in which its blocks would be added."""
        total: TreeSum[np.ndarray] = TreeSum()
        step = block_rows(self.source.n_features)
        for number, start in enumerate(range(0, values.shape[-1], step)):
            total.add(number, values[..., start : start + step].sum(axis=-1, dtype=np.float64))
        return total.total()

    def _span(self, number: int, block: Block) -> slice:
        """Where the rows of `block` are among all."""
        start = number * self._block_rows
        return slice(start, start + len(block.rows))

    def _for_each_block(self, visit: Callable[[int, Block], None]) -> None:
        self.n_sweeps += 1
        if isinstance(self.source, (ArrayBlocks, IncompleteArray)):
            self._for_each(self.source, visit)
        else:
            self._share(ReadAhead(self.source, _BLOCKS_AHEAD + 2 * (1 + len(self._crew))), visit)

    def _for_each(self, items: Numbered[T], visit: Callable[[int, T], None]) -> None:
        """Visit all (number, item), in any order, from any thread."""
        self._share(ByNumber(items), visit)

    def _share(self, one_pass: AbstractContextManager[Pass[T]], visit: Callable[[int, T], None]) -> None:
        with one_pass as items:

            def work() -> None:
                try:
                    while (taken := items.take()) is not None:
                        visit(*taken)
                finally:
                    # After an error or Ctrl-C in one thread, the others finish their item and stop.
                    items.close()

            self._crew.start(work)
            try:
                work()
            finally:
                error = self._crew.join()
        if error is not None:
            raise error


def _largest(values: np.ndarray) -> np.ndarray:
    """That of each row of (n, K)."""
    return reduce(np.maximum, values.T) if values.shape[1] <= _FEW_COLUMNS else values.max(axis=1)
