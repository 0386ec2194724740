"""One run of EM over all rows, from a start to its result."""

import numpy as np

from softmix.exceptions import IllDefinedCovarianceError
from softmix.fit.acceleration import Plain, Squarem
from softmix.fit.chart import Chart
from softmix.fit.degeneracy import Degeneracy, find_degeneracies, n_unwitnessed
from softmix.fit.em import em
from softmix.fit.maximiser import Maximiser
from softmix.fit.plan import FitPlan, RunResult
from softmix.fit.report import RunReport
from softmix.fit.spread import Spread
from softmix.fit.stopping import Stopping
from softmix.parameters import FactorShape, GaussianParameters
from softmix.statistics import GaussianStatistics
from softmix.sweep import ThreadSweep


class _Climb:
    """Sweep and M-step of one run; it keeps the parameters of the last sweep, which are sound."""

    def __init__(self, sweep: ThreadSweep, maximiser: Maximiser) -> None:
        self._sweep, self._maximiser = sweep, maximiser

    def sweep(self, parameters: GaussianParameters) -> GaussianStatistics:
        self.last_swept = parameters
        return self._sweep(parameters)

    def maximise(self, statistics: GaussianStatistics) -> GaussianParameters:
        return self._maximiser.m_step(statistics, self.last_swept)


def climb_from(
    sweep: ThreadSweep, plan: FitPlan, spread: Spread, maximiser: Maximiser, parameters: GaussianParameters
) -> RunResult:
    history = () if plan.resumed is None else plan.resumed.history
    stopping = Stopping(plan.tol, plan.max_iter, history, plan.watcher.iteration_ends)
    climb = _Climb(sweep, maximiser)
    acceleration = _acceleration(plan, spread, maximiser, parameters)
    total_weight = sweep.source.total_weight
    collapsed = []
    try:
        parameters = em(climb.sweep, climb.maximise, stopping, acceleration, maximiser.log_prior)
    except IllDefinedCovarianceError as error:
        parameters = climb.last_swept
        collapsed = _collapsed(error, parameters, total_weight)
    converged = stopping.converged and not collapsed
    height = stopping.trace[-1] if stopping.trace else -np.inf
    plan.watcher.run_ends(height, converged)
    degeneracies = collapsed + find_degeneracies(parameters, total_weight, maximiser.floor)
    # Effective rows count the same whatever unit weights have.
    counts = parameters.weights * sweep.source.n_rows
    report = RunReport(
        start=plan.start_name,
        log_likelihood=height,
        sweeps=stopping.n_iter,
        sweeps_refused=stopping.n_wasted,
        stopped="collapsed" if collapsed else stopping.reason,
        n_degenerate=sum(len(degeneracy.components) for degeneracy in degeneracies),
        n_unwitnessed=n_unwitnessed(parameters, counts, maximiser.floor, plan.structure),
    )
    return RunResult(
        parameters,
        acceleration.swept,
        stopping.trace,
        stopping.recent,
        stopping.n_iter,
        converged,
        not collapsed,
        degeneracies,
        report,
    )


def _acceleration(
    plan: FitPlan, spread: Spread, maximiser: Maximiser, parameters: GaussianParameters
) -> Plain:
    if plan.acceleration is None:
        return Plain(parameters)
    return Squarem(parameters, Chart(spread, plan.structure.shape), maximiser.admitted)


def _collapsed(
    error: IllDefinedCovarianceError, parameters: GaussianParameters, total_weight: float
) -> list[Degeneracy]:
    counts = parameters.weights * total_weight
    if parameters.shape is FactorShape.SHARED:  # one covariance: they all collapse
        columns = tuple(error.columns[0])
        return [Degeneracy(tuple(range(len(counts))), tuple(counts.tolist()), columns, held=False)]
    return [Degeneracy((k,), (float(counts[k]),), tuple(c), held=False) for k, c in error.columns.items()]
