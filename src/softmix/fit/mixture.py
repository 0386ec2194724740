"""Fit one mixture: measure the spread, start, climb, and keep the best of the runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from softmix.e_step import statistics_from_resp
from softmix.exceptions import IllDefinedCovarianceError
from softmix.fit.degeneracy import Degeneracy, find_degeneracies
from softmix.fit.em import em
from softmix.fit.spread import measure_spread
from softmix.fit.starts import STARTS, draw_sample
from softmix.fit.stopping import Stopping
from softmix.m_step import CovarianceFloor
from softmix.parameters import GaussianParameters
from softmix.structures import Structure
from softmix.sweep import ThreadSweep


@dataclass(frozen=True, eq=False)
class Given:
    """What the user fixed of the start; None is left to the start."""

    weights: np.ndarray | None = None
    means: np.ndarray | None = None
    factors: np.ndarray | None = None

    def complete(self) -> bool:
        return self.weights is not None and self.means is not None and self.factors is not None

    def over(self, parameters: GaussianParameters) -> GaussianParameters:
        """`parameters` with what was given in their place."""
        return GaussianParameters(
            parameters.weights if self.weights is None else self.weights,
            parameters.means if self.means is None else self.means,
            parameters.factors if self.factors is None else self.factors,
            parameters.shape,
        )


class Watcher:
    """Told what a fit does; the default says nothing. `verbose` fits pass one that prints."""

    def run_begins(self, run: int) -> None: ...

    def iteration_ends(self, iteration: int, lower_bound: float, change: float) -> None: ...

    def run_ends(self, lower_bound: float, converged: bool) -> None: ...


@dataclass(frozen=True, eq=False)
class FitPlan:
    """How to fit, as the user asked for it."""

    structure: Structure
    n_components: int
    tol: float
    reg_covar: float
    max_iter: int
    n_init: int
    init_params: str
    given: Given = field(default_factory=Given)
    resume: GaussianParameters | None = None
    history: Sequence[float] = ()
    watcher: Watcher = field(default_factory=Watcher)


@dataclass(frozen=True, eq=False)
class FitResult:
    """The best run of a fit."""

    parameters: GaussianParameters
    log_likelihood: float  # per row, of the last sweep
    trace: list[float]
    n_iter: int
    converged: bool
    degeneracies: list[Degeneracy]


def fit_mixture(sweep: ThreadSweep, plan: FitPlan, rng: np.random.RandomState) -> FitResult:
    """Run EM from each start of `plan` and give the run with the highest log-likelihood.

    Raises
    ------
    IllDefinedCovarianceError
        With ``reg_covar=0``, if a covariance is singular at the start.
    """
    spread = measure_spread(sweep, plan.structure.shape)
    floor = CovarianceFloor(spread.factor, plan.reg_covar)

    def start() -> GaussianParameters:
        if plan.resume is not None:
            return plan.resume
        if plan.given.complete():
            return plan.given.over(_placeholder(plan, sweep.source.n_features))
        sample = draw_sample(sweep.source, spread, plan.n_components, rng)
        resp = STARTS[plan.init_params](sample, plan.n_components, rng)
        statistics = statistics_from_resp(plan.structure.shape, sample.rows, resp, sample.weights)
        return plan.given.over(plan.structure.m_step(statistics, floor))

    runs = 1 if plan.resume is not None else plan.n_init
    best = max((_run(sweep, plan, floor, start, run) for run in range(runs)), key=_rank)
    total_weight = float(sweep.source.n_rows if sweep.source.weights is None else sweep.source.weights.sum())
    degeneracies = find_degeneracies(best.parameters, total_weight, spread, floor)
    return FitResult(
        best.parameters, best.log_likelihood, best.trace, best.n_iter, best.converged,
        degeneracies + best.degeneracies,
    )


def _run(
    sweep: ThreadSweep,
    plan: FitPlan,
    floor: CovarianceFloor,
    start: Callable[[], GaussianParameters],
    run: int,
) -> FitResult:
    plan.watcher.run_begins(run)
    parameters = start()
    stopping = Stopping(plan.tol, plan.max_iter, plan.history, plan.watcher.iteration_ends)
    sound, collapsed = parameters, []

    def guarded_sweep(current: GaussianParameters):  # type: ignore[no-untyped-def]
        nonlocal sound
        sound = current
        return sweep(current)

    try:
        parameters = em(guarded_sweep, lambda s: plan.structure.m_step(s, floor), parameters, stopping)
    except IllDefinedCovarianceError as error:
        # The user forbade the floor: the run ends with its last sound parameters, unconverged.
        counts = sound.weights * sweep.source.n_rows
        parameters = sound
        stopping.converged = False
        collapsed = [Degeneracy(k, float(counts[k]), tuple(range(sound.n_features))) for k in error.components]
    log_likelihood = stopping.trace[-1] if stopping.trace else -np.inf
    plan.watcher.run_ends(log_likelihood, stopping.converged)
    return FitResult(
        parameters, log_likelihood, stopping.trace, stopping.n_iter, stopping.converged, collapsed
    )


def _rank(result: FitResult) -> tuple[bool, float]:
    """A run that ended in a collapse loses to any that did not, whatever its likelihood."""
    return not result.degeneracies, result.log_likelihood


def _placeholder(plan: FitPlan, n_features: int) -> GaussianParameters:
    K = plan.n_components
    return GaussianParameters(np.ones(K) / K, np.zeros((K, n_features)), np.empty(0), plan.structure.shape)
