"""Many components: sweeps that group rows beside dense sweeps, in the same run.

Two climbs of plain EM from the same start take turns, sweep by sweep: one may group rows, the
other may not. A "converged" sweep is the median of the last third, when groups have long been
made; "all" sweeps count the making of groups and every test of whether to. Components overlap, or
are separated, as in `cells.py`.
"""

from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.cells import Cell, Problem, make_problem

CELLS = (
    (Cell(200_000, 8, 400), (1, 2)),
    (Cell(200_000, 2, 100), (1,)),
    (Cell(200_000, 16, 1000), (1,)),
)
# What a converged sweep of separated components, and all sweeps of overlapping ones, may cost.
TARGETS = {"separated": 0.25, "overlapping": 1.1}
AGREEMENT = 1e-9
_SWEEPS, _FLOOR = 15, 1e-6


def measure_many(factor: int = 1) -> list[dict[str, Any]]:
    """One record a cell, kind and number of threads; `factor` makes the cells smaller."""
    records = []
    for cell, all_threads in CELLS:
        small = cell if factor == 1 else cell.smaller(factor)
        for kind in TARGETS:
            problem = make_problem(small, "full", kind)
            records += [_record(problem, threads) for threads in all_threads]
    return records


@dataclass
class _Climb:
    """Plain EM, one sweep at a time."""

    sweep: Any
    parameters: Any
    seconds: list[float] = field(default_factory=list)
    grouped: list[bool] = field(default_factory=list)

    def step(self, structure: Any, floor: Any) -> None:
        begin = perf_counter()
        statistics = self.sweep(self.parameters)
        self.seconds.append(perf_counter() - begin)
        self.grouped.append(self.sweep.is_grouped)
        self.parameters = structure.m_step(statistics, floor)

    @property
    def converged_seconds(self) -> float:
        return median(self.seconds[-(_SWEEPS // 3) :])


def _record(problem: Problem, threads: int) -> dict[str, Any]:
    climb, dense = _two_climbs(problem, threads)
    return {
        "n": problem.cell.n,
        "d": problem.cell.d,
        "K": problem.cell.K,
        "kind": problem.kind,
        "threads": threads,
        "dense_ms": round(1e3 * dense.converged_seconds, 2),
        "converged": round(climb.converged_seconds / dense.converged_seconds, 4),
        "all": round(sum(climb.seconds) / sum(dense.seconds), 4),
        "sweeps": _SWEEPS,
        "grouped": sum(climb.grouped),
        "difference": _difference(climb.parameters, dense.parameters),
    }


def _two_climbs(problem: Problem, threads: int) -> tuple[_Climb, _Climb]:
    # softmix is imported when it is measured, as by the other parts.
    from softmix.blocks import ArrayBlocks  # noqa: PLC0415
    from softmix.m_step import CovarianceFloor  # noqa: PLC0415
    from softmix.parameters import FactorShape, GaussianParameters  # noqa: PLC0415
    from softmix.structures import STRUCTURES  # noqa: PLC0415
    from softmix.sweep import ThreadSweep  # noqa: PLC0415

    factors = np.linalg.inv(np.linalg.cholesky(problem.covariances))
    start = GaussianParameters(problem.weights, problem.means, factors, FactorShape.FULL)
    floor = CovarianceFloor(np.linalg.cholesky(np.cov(problem.rows.T)), _FLOOR)
    source = ArrayBlocks(problem.rows)
    with (
        threadpool_limits(1),
        ThreadSweep(source, threads) as sweep,
        ThreadSweep(source, threads, grouping=False) as dense_sweep,
    ):
        climbs = _Climb(sweep, start), _Climb(dense_sweep, start)
        for _ in range(_SWEEPS):
            for climb in climbs:
                climb.step(STRUCTURES["full"], floor)
    return climbs


def _difference(found: Any, expected: Any) -> float:
    """The largest difference of any parameter, relative to the largest of its kind."""
    pairs = [(getattr(found, name), getattr(expected, name)) for name in ("weights", "means", "factors")]
    return float(f"{max(np.abs(a - b).max() / np.abs(b).max() for a, b in pairs):.2g}")


if __name__ == "__main__":
    for record in measure_many():
        print(record, flush=True)
