"""One run of EM over all rows, from a start to its result."""

from collections.abc import Callable

import numpy as np

from softmix.exceptions import IllDefinedCovarianceError
from softmix.fit.acceleration import Plain, Squarem
from softmix.fit.chart import Chart
from softmix.fit.checkpoint import Checkpoint
from softmix.fit.degeneracy import Degeneracy, find_degeneracies, n_unwitnessed
from softmix.fit.em import em
from softmix.fit.log import logger
from softmix.fit.maximiser import Maximiser
from softmix.fit.plan import FitPlan, RunResult
from softmix.fit.report import RunReport
from softmix.fit.spread import Spread
from softmix.fit.state import ClimbState
from softmix.fit.stopping import Stopping
from softmix.parameters import FactorShape, GaussianParameters
from softmix.statistics import GaussianStatistics
from softmix.sweep import ThreadSweep


class _Climb:
    """Sweep and M-step of one run; it keeps the parameters of the last sweep, which are sound."""

    def __init__(
        self,
        sweep: ThreadSweep,
        maximiser: Maximiser,
        stopping: Stopping,
        acceleration: Plain,
        checkpoint: Checkpoint | None,
    ) -> None:
        self._sweep, self._maximiser = sweep, maximiser
        self._stopping, self._acceleration, self._checkpoint = stopping, acceleration, checkpoint
        self._state: ClimbState | None = None

    def sweep(self, parameters: GaussianParameters) -> GaussianStatistics:
        self._state = ClimbState(parameters, self._stopping.state, self._acceleration.state)
        if self._checkpoint is not None:
            self._checkpoint.offer(self._state)
        self.last_swept = parameters
        return self._sweep(parameters)

    def maximise(self, statistics: GaussianStatistics) -> GaussianParameters:
        return self._maximiser.m_step(statistics, self.last_swept)

    def interrupted(self, *, may_end: bool) -> GaussianParameters | None:
        """The best parameters as they were before the sweep that was interrupted.

        None if all rows were not swept until then, or if the climb may not end so.
        """
        if self._state is None:
            return None
        if self._checkpoint is not None:
            self._checkpoint.write()
        if not may_end or self._state.stopping.n_seen == 0:
            return None
        self._stopping.state, self._acceleration.state = self._state.stopping, self._state.acceleration
        self._stopping.reason = "interrupted"
        return self._acceleration.safe


def climb_from(
    sweep: ThreadSweep,
    plan: FitPlan,
    spread: Spread,
    maximiser: Maximiser,
    begin: GaussianParameters | ClimbState,
    checkpoint: Checkpoint | None = None,
) -> RunResult:
    """EM from parameters, or on from where an earlier climb was."""
    history = () if plan.resumed is None else plan.resumed.history
    parameters = begin.parameters if isinstance(begin, ClimbState) else begin
    stopping = Stopping(plan.tol, plan.max_iter, history, _watch(plan))
    acceleration = _acceleration(plan, spread, maximiser, parameters)
    if isinstance(begin, ClimbState):
        stopping.state, acceleration.state = begin.stopping, begin.acceleration
    climb = _Climb(sweep, maximiser, stopping, acceleration, checkpoint)
    collapsed: list[Degeneracy] = []
    try:
        parameters = em(climb.sweep, climb.maximise, parameters, stopping, acceleration, maximiser.log_prior)
    except IllDefinedCovarianceError as error:
        parameters = climb.last_swept
        collapsed = _collapsed(error, parameters, sweep.source.total_weight)
    except KeyboardInterrupt:
        kept = climb.interrupted(may_end=plan.interruptible)
        if kept is None:
            raise
        parameters = kept
    plan.watcher.run_ends(_height(stopping), stopping.converged and not collapsed)
    return run_result(parameters, acceleration.swept, stopping, collapsed, plan, maximiser, sweep)


def run_result(  # noqa: PLR0913, PLR0917 (all that a run was)
    parameters: GaussianParameters,
    swept: GaussianParameters,
    stopping: Stopping,
    collapsed: list[Degeneracy],
    plan: FitPlan,
    maximiser: Maximiser,
    sweep: ThreadSweep,
) -> RunResult:
    """What is said of a run that ended at `parameters`."""
    height, total_weight = _height(stopping), sweep.source.total_weight
    logger.info("run at %.6f nats a row after %d sweeps: %s", height, stopping.n_iter, stopping.reason)
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
        swept,
        stopping.trace,
        stopping.recent,
        stopping.n_iter,
        stopping.converged and not collapsed,
        not collapsed,
        degeneracies,
        report,
    )


def _height(stopping: Stopping) -> float:
    return stopping.trace[-1] if stopping.trace else -np.inf


def _watch(plan: FitPlan) -> Callable[[int, float, float], bool | None]:
    def ends(iteration: int, lower_bound: float, change: float) -> bool | None:
        logger.debug("sweep %d: %.9f nats a row, %+.3g", iteration, lower_bound, change)
        return plan.watcher.iteration_ends(iteration, lower_bound, change)

    return ends


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
