"""What missing values cost: sweeps of rows that lack values beside sweeps of the same rows complete.

Three values in ten are missing, in 64 patterns at random, one of them complete, or in a pattern of each
row's own. Both sweeps take turns in one process, with one set of parameters. The first sweep, which
groups the rows, counts by itself: a fit of an array pays it once.
"""

from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.cells import KINDS, SEED, Cell, Problem, make_problem

PATTERNS = 64
# Cells with the number of patterns; None: every row has its own.
CELLS = (
    *((Cell(100_000, 10, K), PATTERNS) for K in (5, 16)),
    (Cell(10_000, 40, 5), None),
)
# What the sweep over 64 patterns may cost, in sweeps of complete rows.
TARGET = 6.0
_RATE, _SWEEPS = 0.3, 15


def measure_missing(factor: int = 1) -> list[dict[str, Any]]:
    """One record a cell, structure and kind; `factor` makes the cells smaller."""
    return [
        _record(make_problem(cell if factor == 1 else cell.smaller(factor), covariance, kind), patterns)
        for cell, patterns in CELLS
        for covariance in ("full", "diag")
        for kind in (KINDS if patterns else ("overlapping",))
    ]


def _record(problem: Problem, patterns: int | None) -> dict[str, Any]:
    # softmix is imported when it is measured, as by the other parts.
    from softmix.blocks import ArrayBlocks, Incomplete  # noqa: PLC0415
    from softmix.parameters import FactorShape, GaussianParameters  # noqa: PLC0415
    from softmix.sweep import ThreadSweep  # noqa: PLC0415

    if problem.covariance == "full":
        factors, shape = np.linalg.inv(np.linalg.cholesky(problem.covariances)), FactorShape.FULL
    else:
        factors, shape = problem.covariances**-0.5, FactorShape.DIAGONAL
    start = GaussianParameters(problem.weights, problem.means, factors, shape)
    holes = with_holes(problem.rows, patterns)
    with (
        threadpool_limits(1),
        ThreadSweep(ArrayBlocks(problem.rows), 1, grouping=False) as complete,
        ThreadSweep(Incomplete.over(ArrayBlocks(holes)), 1) as missing,
    ):
        first = _seconds(missing, start)
        seconds = [(_seconds(complete, start), _seconds(missing, start)) for _ in range(_SWEEPS)]
    of_complete, of_missing = (median(each) for each in zip(*seconds, strict=True))
    return {
        "n": problem.cell.n,
        "d": problem.cell.d,
        "K": problem.cell.K,
        "covariance": problem.covariance,
        "kind": problem.kind,
        "patterns": patterns,
        "complete_ms": round(1e3 * of_complete, 2),
        "missing_ms": round(1e3 * of_missing, 2),
        "first_ms": round(1e3 * first, 1),
        "ratio": round(of_missing / of_complete, 2),
    }


def with_holes(rows: np.ndarray, patterns: int | None) -> np.ndarray:
    """`rows` with NaN in their place, in so many patterns, or one for each row."""
    rng = np.random.default_rng(SEED)
    n, d = rows.shape
    missing = rng.random((patterns or n, d)) < _RATE
    if patterns is not None:
        missing[0] = False
        missing = missing[rng.integers(patterns, size=n)]
    return np.where(missing, np.nan, rows)


def _seconds(sweep: Any, parameters: Any) -> float:
    begin = perf_counter()
    sweep(parameters)
    return perf_counter() - begin


if __name__ == "__main__":
    for record in measure_missing():
        print(record, flush=True)
