"""A fit that goes on from a top: where one look at all rows agrees that nothing more is to come, it is over.

A search in memory climbs with every row, to where EM itself would stop. What is left is to say so of the
rows as they are: their log-likelihood must be what the climb had last, and the rule of `Stopping` must
hold with it. Otherwise the fit is EM's, as any other.
"""

from dataclasses import dataclass

from softmix.fit.climb import run_result
from softmix.fit.maximiser import Maximiser
from softmix.fit.mixture import finished
from softmix.fit.plan import FitPlan, FitResult, Resumed
from softmix.fit.state import FitState
from softmix.fit.stopping import Stopping
from softmix.m_step import CovarianceFloor
from softmix.sweep import ThreadSweep


@dataclass(frozen=True, eq=False)
class Confirmed:
    """A fit, and the log-likelihoods that confirmed it (see `ThreadSweep.log_likelihoods`)."""

    result: FitResult
    log_likelihood: float
    classification_log_likelihood: float


def confirmed(sweep: ThreadSweep, plan: FitPlan, floor: CovarianceFloor) -> Confirmed | None:
    """The fit of `plan` at the parameters that it goes on from; None where EM may yet climb from them.

    `floor` is that of its structure and the rows.
    """
    resumed = plan.resumed
    if resumed is None or not resumed.is_within or not resumed.history or plan.max_iter == 0:
        return None
    if plan.prior is not None or plan.noise is not None:
        return None
    if not _after_one_sweep(plan, resumed, resumed.history[-1]).converged:
        return None
    maximiser = Maximiser(plan.structure, floor, equal_weights=plan.equal_weights)
    parameters = maximiser.admit(resumed.parameters, is_within=True)
    if parameters is not resumed.parameters:
        return None
    observed, classified = sweep.log_likelihoods(parameters)
    stopping = _after_one_sweep(plan, resumed, observed / sweep.source.total_weight)
    if not stopping.converged:
        return None
    run = run_result(parameters, parameters, stopping, [], plan, maximiser, sweep)
    state = FitState(run=1, results=[run], starts=1)
    return Confirmed(finished(sweep, state, run, maximiser), observed, classified)


def _after_one_sweep(plan: FitPlan, resumed: Resumed, height: float) -> Stopping:
    """What stopping says once the sweep of where the climb ended gave `height`."""
    stopping = Stopping(plan.tol, plan.max_iter, resumed.history)
    stopping.saw(height)
    return stopping
