"""Components that collapsed are placed anew where the fit is worst, a few times at most.

A collapsed component (empty, held by the floor, or on fewer rows than its covariance asks for) is
taken out, and of those that stay the one whose rows look least like a normal distribution is split
in its place. It is measured by Mardia's (1970) kurtosis,

    n_k |mean of m⁴ − d (d + 2)| / √(8 d (d + 2)),   m the distance in standard deviations,

which is low where a component spans two clusters and high where it spans a narrow and a wide one.
"""

from dataclasses import replace

import numpy as np

from softmix.blocks import Block
from softmix.e_step import GaussianEStep
from softmix.fit.checkpoint import Checkpoint
from softmix.fit.climb import climb_from
from softmix.fit.degeneracy import unwitnessed
from softmix.fit.log import logger
from softmix.fit.maximiser import Maximiser
from softmix.fit.moves import Components, halves, split
from softmix.fit.plan import FitPlan, RunResult
from softmix.fit.spread import Spread
from softmix.fit.starts import draw_sample, sample_size
from softmix.fit.state import ClimbState, FitState
from softmix.parameters import GaussianParameters
from softmix.sweep import ThreadSweep

# Rounds of placing anew; more components than this share of all are no accident.
_ROUNDS, _MOST = 3, 0.5


def reseeded(  # noqa: PLR0913, PLR0917 (all that a fit has)
    sweep: ThreadSweep,
    plan: FitPlan,
    spread: Spread,
    maximiser: Maximiser,
    result: RunResult,
    rng: np.random.RandomState,
    state: FitState | None = None,
    checkpoint: Checkpoint | None = None,
) -> RunResult:
    """`result`, or what it becomes when its collapsed components are placed anew and fewer collapse.

    `state` is told of it; Ctrl-C leaves it with what there was before.
    """
    state = FitState() if state is None else state
    plan = replace(plan, interruptible=False)
    while state.rounds < _ROUNDS:
        collapsed = _collapsed(sweep, plan, maximiser, result)
        K = plan.n_components
        if not 0 < len(collapsed) <= _MOST * K or not result.sound:
            break
        begin: GaussianParameters | ClimbState | None = state.take_climb()
        if begin is None:
            logger.info("components %s collapsed and are placed anew", collapsed.tolist())
            begin = _moved(sweep, spread, maximiser, result.parameters, collapsed, rng)
        again = climb_from(sweep, plan, spread, maximiser, begin, checkpoint)
        if not again.sound or len(_collapsed(sweep, plan, maximiser, again)) >= len(collapsed):
            break
        report = replace(again.report, reseeded=result.report.reseeded + len(collapsed))
        result = replace(again, report=report)
        state.so_far, state.rounds = result, state.rounds + 1
    return result


def _collapsed(sweep: ThreadSweep, plan: FitPlan, maximiser: Maximiser, result: RunResult) -> np.ndarray:
    degenerate = [k for degeneracy in result.degeneracies for k in degeneracy.components]
    counts = result.parameters.weights * sweep.source.n_rows
    few = unwitnessed(result.parameters, counts, maximiser.floor, plan.structure)
    return np.union1d(np.array(degenerate, dtype=int), few)


def _moved(
    sweep: ThreadSweep,
    spread: Spread,
    maximiser: Maximiser,
    parameters: GaussianParameters,
    collapsed: np.ndarray,
    rng: np.random.RandomState,
) -> GaussianParameters:
    K = parameters.n_components
    stay = np.setdiff1d(np.arange(K), collapsed)
    sample = draw_sample(sweep.source, spread, sample_size(K, parameters.n_features), rng)
    sample = sample.completed(parameters, rng)
    misfits = _misfits(parameters, sample.rows.astype(np.float64), sample.weights)[stay]
    components = Components.of(parameters)[stay]
    while len(components.weights) < K:
        missing = K - len(components.weights)
        worst = np.argsort(-misfits, kind="stable")[:missing]
        components = split(components, worst, halves, rng)
        misfits = np.append(np.delete(misfits, worst), np.repeat(misfits[worst] / 2.0, 2))
    placed = components.parameters(maximiser.structure, maximiser.floor)
    noise = parameters.noise
    return maximiser.admit(placed if noise is None else maximiser.with_noise(placed, noise.weight))


def _misfits(parameters: GaussianParameters, rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """How unlike a normal distribution each component's rows are, (K,)."""
    K, d = parameters.means.shape
    block, shape = Block(rows, weights), (len(rows), parameters.n_memberships)
    resp, log_joint = np.empty(shape), np.empty(shape)
    GaussianEStep(parameters, rows.dtype).evaluate(block, resp=resp, log_joint=log_joint)
    resp, log_joint = resp[:, :K], log_joint[:, :K]
    counted = resp * weights[:, None]
    log_constants = np.where(parameters.weights > 0, parameters.log_constants, 0.0)
    squared = np.where(counted > 0, 2.0 * (log_constants - log_joint), 0.0)
    rows_of = np.maximum(counted.sum(axis=0), np.finfo(np.float64).tiny)
    kurtosis = (counted * squared**2).sum(axis=0) / rows_of
    return rows_of * np.abs(kurtosis - d * (d + 2)) / np.sqrt(8.0 * d * (d + 2))
