"""The sweep in one process: Python threads take blocks, the kernel runs without the GIL.

Each thread takes the next block, makes its statistics and hands them to a tree sum, so any
number of threads and any schedule give the same bits.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Lock
from types import TracebackType
from typing import Self

import numpy as np

from softmix.blocks import ArrayBlocks, Block
from softmix.e_step import GaussianEStep
from softmix.parameters import GaussianParameters
from softmix.statistics import GaussianStatistics
from softmix.sweep.tree_sum import TreeSum


class ThreadSweep:
    """Sweeps over an in-memory source with `n_jobs` threads. Use as a context manager.

    Calling it with parameters gives the statistics of all rows under them.
    """

    def __init__(self, source: ArrayBlocks, n_jobs: int = 1) -> None:
        self.source = source
        helpers = min(n_jobs, len(source)) - 1
        self._n_helpers = helpers
        self._pool = ThreadPoolExecutor(helpers, "softmix") if helpers > 0 else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def __call__(self, parameters: GaussianParameters) -> GaussianStatistics:
        """The statistics of all rows, about the means of `parameters`."""
        e_step = GaussianEStep(parameters, self.source.dtype)
        total: TreeSum[GaussianStatistics] = TreeSum(len(self.source))
        self._for_each_block(lambda number: total.add(number, e_step(self.source[number])))
        return total.total()

    def evaluate(self, parameters: GaussianParameters, **outputs: np.ndarray) -> None:
        """Fill any of log_norm (n,), resp (n, K), labels (n,), log_joint (n, K) for all rows."""
        e_step = GaussianEStep(parameters, self.source.dtype)

        def visit(number: int) -> None:
            span = self.source.span(number)
            e_step.evaluate(self.source[number], **{name: out[span] for name, out in outputs.items()})

        self._for_each_block(visit)

    def log_likelihood(self, parameters: GaussianParameters, **outputs: np.ndarray) -> float:
        """Σ_i w_i log p(x_i) over all rows; fills `outputs` (see `evaluate`) on the way."""
        e_step = GaussianEStep(parameters, self.source.dtype)

        def of_rows(number: int, block: Block) -> np.ndarray:
            span, log_norm = self.source.span(number), np.empty(len(block.rows))
            e_step.evaluate(block, log_norm=log_norm, **{name: out[span] for name, out in outputs.items()})
            return log_norm

        return self._weighted_sum(of_rows)

    def classification_log_likelihood(self, parameters: GaussianParameters) -> float:
        """Σ_i w_i max_k log π_k N(x_i; μ_k, Σ_k): each row counts for its best component alone."""
        e_step = GaussianEStep(parameters, self.source.dtype)

        def of_rows(number: int, block: Block) -> np.ndarray:  # noqa: ARG001
            log_joint = np.empty((len(block.rows), parameters.n_components), self.source.dtype)
            e_step.evaluate(block, log_joint=log_joint)
            return log_joint.max(axis=1)

        return self._weighted_sum(of_rows)

    def _weighted_sum(self, of_rows: Callable[[int, Block], np.ndarray]) -> float:
        """Σ w · of_rows(number, block), in the order of the tree."""
        total: TreeSum[float] = TreeSum(len(self.source))

        def visit(number: int) -> None:
            block = self.source[number]
            values, weights = of_rows(number, block), block.weights
            if weights is not None:
                # A row of weight 0 does not count, even where its density underflows.
                values = np.multiply(values, weights, where=weights > 0, out=np.zeros(len(values)))
            total.add(number, float(values.sum(dtype=np.float64)))

        self._for_each_block(visit)
        return total.total()

    def _for_each_block(self, visit: Callable[[int], None]) -> None:
        queue = _Countdown(len(self.source))

        def work() -> None:
            try:
                while (number := queue.take()) is not None:
                    visit(number)
            finally:
                # After an error or Ctrl-C in one thread, the others finish their block and stop.
                queue.close()

        helpers = [self._pool.submit(work) for _ in range(self._n_helpers)] if self._pool else []
        try:
            work()
        finally:
            wait(helpers)
        for helper in helpers:
            helper.result()


class _Countdown:
    """The numbers 0 … n−1, each given to one taker."""

    def __init__(self, n: int) -> None:
        self._next, self._stop, self._lock = 0, n, Lock()

    def take(self) -> int | None:
        with self._lock:
            if self._next >= self._stop:
                return None
            self._next += 1
            return self._next - 1

    def close(self) -> None:
        with self._lock:
            self._stop = 0
