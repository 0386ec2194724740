"""Cost of one EM iteration, by the difference of two fits: (t(b) − t(a)) / (b − a).

Everything that a fit does once (validation, spread, factors of the start, last E-step) cancels.
Contestants alternate within a round, and the best time of each over the rounds counts: noise of
the machine only adds. The result is in ns per row × component × iteration. A contestant that stops
at convergence (oneDAL) is divided by the iterations that it made, and repeated more often.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from typing import NamedTuple

from benchmarks.cells import Problem
from benchmarks.peers import Contestant, Timed

_FIRST = 1
_FEWEST, _MOST = 2, 40


class Effort(NamedTuple):
    """Rounds, and the differences to aim at in seconds; `long` bounds that of a slow peer.

    softmix, being short, is measured `again` times a round.
    """

    rounds: int
    fast: float = 0.05
    slow: float = 0.5
    long: float = 2.5
    again: int = 2


@dataclass
class Cost:
    """One contestant's times over the rounds, and the iterations it made in the longer fits."""

    name: str
    few: list[float] = field(default_factory=list)
    many: list[float] = field(default_factory=list)
    iterations: int = 0
    log_likelihood: float = float("nan")
    failure: str = ""

    def ns(self, problem: Problem) -> float | None:
        """ns per row × component × iteration, or None where there is no sound difference."""
        if self.failure or not self.many:
            return None
        steps = self.iterations - _FIRST
        difference = min(self.many) - min(self.few)
        return 1e9 * difference / (steps * problem.cell.n * problem.cell.K) if difference > 0 else None

    def seconds(self) -> dict[str, float]:
        """The times that made the figure, and the median of the longer fits beside their best."""
        summary = {"few": min(self.few), "many": min(self.many), "many_median": median(self.many)}
        return {name: round(value, 6) for name, value in summary.items()} | {"fits": len(self.many)}


@dataclass(frozen=True)
class Comparison:
    """The costs of all contestants on one problem, with one number of threads."""

    problem: Problem
    threads: int
    costs: list[Cost]
    steps: int

    def as_record(self) -> dict[str, object]:
        """What goes into the file of raw figures."""
        return {
            "n": self.problem.cell.n,
            "d": self.problem.cell.d,
            "K": self.problem.cell.K,
            "covariance": self.problem.covariance,
            "kind": self.problem.kind,
            "threads": self.threads,
            "iterations": {"first": _FIRST} | {cost.name: cost.iterations for cost in self.costs},
            "effective_components": round(self.problem.effective_components, 2),
            "ns": {cost.name: _rounded(cost.ns(self.problem)) for cost in self.costs},
            "seconds": {cost.name: cost.seconds() for cost in self.costs if cost.many},
            "log_likelihood": {cost.name: cost.log_likelihood for cost in self.costs if not cost.failure},
            "failures": {cost.name: cost.failure for cost in self.costs if cost.failure},
        }


def compare(
    problem: Problem,
    contestants: Sequence[Contestant],
    threads: int,
    effort: Effort,
    steps: int | None = None,
) -> Comparison:
    """Time `contestants` on `problem`, alternating.

    `steps` are the iterations between the two fits, by default as many as `effort` asks for. Numbers of
    threads are compared by the same fits: one iteration more may be the one that groups the rows.
    """
    costs = [Cost(contestant.name) for contestant in contestants]
    warm_ups = [_warm_up(c, problem, threads, cost) for c, cost in zip(contestants, costs, strict=True)]
    steps = steps or _steps(warm_ups, effort)
    for _ in range(effort.rounds):
        for contestant, cost in zip(contestants, costs, strict=True):
            begin, pairs = perf_counter(), effort.again if contestant.name.startswith("softmix") else 1
            while pairs > 0 or (cost.iterations <= steps // 2 and perf_counter() - begin < effort.slow):
                _one_pair(contestant, problem, threads, steps, cost)
                pairs -= 1
                if cost.failure:
                    break
    return Comparison(problem, threads, costs, steps)


def _warm_up(contestant: Contestant, problem: Problem, threads: int, cost: Cost) -> float:
    timed = _fit(contestant, problem, _FIRST, threads, cost)
    return timed.seconds if timed else float("nan")


def _one_pair(contestant: Contestant, problem: Problem, threads: int, steps: int, cost: Cost) -> None:
    few = _fit(contestant, problem, _FIRST, threads, cost)
    many = _fit(contestant, problem, _FIRST + steps, threads, cost)
    if few and many:
        cost.few.append(few.seconds)
        cost.many.append(many.seconds)
        cost.log_likelihood, cost.iterations = many.log_likelihood, many.iterations
        if many.iterations <= _FIRST:
            cost.failure = f"stopped after {many.iterations} iteration(s) of {_FIRST + steps}"


def _fit(contestant: Contestant, problem: Problem, iterations: int, threads: int, cost: Cost) -> Timed | None:
    if cost.failure:
        return None
    try:
        return contestant.fit(problem, iterations, threads)
    except (RuntimeError, ValueError, ArithmeticError) as error:
        cost.failure = str(error).strip().splitlines()[0]
        return None


def _steps(warm_ups: list[float], effort: Effort) -> int:
    """The number of iterations between the two fits; a warm-up is about two iterations."""
    times = [seconds / 2 for seconds in warm_ups if seconds == seconds]  # noqa: PLR0124 (NaN)
    if not times:
        return _FEWEST
    wanted = max(effort.fast / min(times), effort.slow / max(times))
    return int(min(max(min(wanted, effort.long / max(times)), _FEWEST), _MOST)) + 1


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
