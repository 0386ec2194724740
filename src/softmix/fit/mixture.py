"""Fit one mixture: measure the spread, start, climb, and keep the best of the runs."""

from dataclasses import replace

import numpy as np

from softmix.e_step import statistics_from_resp
from softmix.exceptions import IllDefinedCovarianceError
from softmix.fit.checkpoint import Checkpoint
from softmix.fit.climb import climb_from
from softmix.fit.doubt import Doubt, doubts
from softmix.fit.log import logger
from softmix.fit.maximiser import Maximiser
from softmix.fit.noise import measure_noise
from softmix.fit.noise_start import NoiseStart, unclaimed
from softmix.fit.plan import FitPlan, FitResult, RunResult
from softmix.fit.report import FitReport
from softmix.fit.reseeding import reseeded
from softmix.fit.spread import Spread, measure_spread
from softmix.fit.starts import CLUSTERINGS, SEARCHES, Sample, draw_sample, rows_to_draw, sample_size
from softmix.fit.starts.given import statistics_of_given
from softmix.fit.starts.incomplete import likeliest_start
from softmix.fit.starts.nearest import nearest
from softmix.fit.state import ClimbState, FitState
from softmix.parameters import GaussianParameters, Noise
from softmix.sweep import ThreadSweep


def fit_mixture(
    sweep: ThreadSweep,
    plan: FitPlan,
    rng: np.random.RandomState,
    checkpoint: Checkpoint | None = None,
    spread: Spread | None = None,
) -> FitResult:
    """Run EM from each start of `plan` and give the best run.

    `spread` is that of the rows, where it is known: many fits of the same rows measure it once.

    Raises
    ------
    IllDefinedCovarianceError
        With ``reg_covar=0``, if a covariance is singular at every start.
    CheckpointError
        If the checkpoint is damaged or of another fit.
    KeyboardInterrupt
        On Ctrl-C, but of an `interruptible` plan only before a sweep of all rows.
    """
    if checkpoint is not None:
        checkpoint.read(plan)
    spread = measure_spread(sweep, plan.structure.shape) if spread is None else spread
    maximiser = maximiser_for(plan, spread, sweep.source.total_weight, noise_for(sweep, plan, spread))
    state = FitState()
    if checkpoint is not None:
        state, rng = checkpoint.begin(sweep, spread, rng)
    interrupted = False
    while state.run < (plan.n_init if plan.draws_starts else 1) and not interrupted:
        try:
            interrupted = _run(sweep, plan, spread, maximiser, rng, state, checkpoint)
        except KeyboardInterrupt:
            interrupted = True
            if state.so_far is not None:
                state.ends_run(state.so_far)
            if not (plan.interruptible and state.results):
                raise
    if state.refused is not None and not state.results:
        raise IllDefinedCovarianceError(state.refused)
    try:
        best = _best(state.results, sweep, maximiser, in_haste=interrupted)
    except KeyboardInterrupt:
        if interrupted or not plan.interruptible:
            raise
        interrupted = True
        best = _best(state.results, sweep, maximiser, in_haste=True)
    return finished(sweep, state, best, maximiser, interrupted=interrupted)


def finished(
    sweep: ThreadSweep, state: FitState, best: RunResult, maximiser: Maximiser, *, interrupted: bool = False
) -> FitResult:
    """What a fit of which the runs are made comes to."""
    report = _report(sweep, state, best, interrupted=interrupted)
    return FitResult(best, report, _doubts(best, sweep, maximiser))


def _doubts(best: RunResult, sweep: ThreadSweep, maximiser: Maximiser) -> tuple[Doubt, ...]:
    """What is to be doubted in a result; with a prior nothing is: it says what few rows do not."""
    if not best.report.n_unwitnessed or not best.sound or maximiser.prior is not None:
        return ()
    return doubts(best.parameters, sweep.source.n_rows, maximiser.floor, maximiser.structure)


def _run(  # noqa: PLR0913, PLR0917 (all that a fit has)
    sweep: ThreadSweep,
    plan: FitPlan,
    spread: Spread,
    maximiser: Maximiser,
    rng: np.random.RandomState,
    state: FitState,
    checkpoint: Checkpoint | None,
) -> bool:
    """Make the run that `state` says, or what is left of it; whether Ctrl-C ended it."""
    plan.watcher.run_begins(state.run)
    if state.so_far is None:
        begin: GaussianParameters | ClimbState | None = state.take_climb()
        if begin is None:
            state.starts += 1
            try:
                start = _start(sweep, plan, spread, maximiser, rng, state)
                begin = maximiser.admit(start, is_within=plan.resumed is not None and plan.resumed.is_within)
            except IllDefinedCovarianceError as error:
                state.refused, state.run = error.columns, state.run + 1
                return False
            logger.info("run %d begins at a start by %s", state.run, plan.start_name)
        state.so_far = climb_from(sweep, plan, spread, maximiser, begin, checkpoint)
    result = state.so_far
    if plan.may_reseed and result.report.stopped not in {"interrupted", "callback"}:
        result = reseeded(sweep, plan, spread, maximiser, result, rng, state, checkpoint)
    state.ends_run(result)
    return result.was_interrupted


def _report(sweep: ThreadSweep, state: FitState, best: RunResult, *, interrupted: bool) -> FitReport:
    return FitReport(
        sweeps=sweep.n_sweeps,
        rows_touched=state.rows + sweep.n_sweeps * sweep.source.n_rows,
        starts_tried=state.starts,
        stopped="interrupted" if interrupted else best.report.stopped,
        degenerate=tuple(degeneracy.describe() for degeneracy in best.degeneracies),
        runs=tuple(replace(result.report, chosen=result is best) for result in state.results),
    )


def maximiser_for(
    plan: FitPlan, spread: Spread, total_weight: float, noise: Noise | None = None
) -> Maximiser:
    """The M-step that `plan` asks for, of rows with this `spread` and total weight."""
    structure = plan.structure
    floor = structure.floor(spread.factor, plan.reg_covar, spread.constant)
    prior = None
    if plan.prior is not None:
        prior = plan.prior.complete(structure, spread, plan.n_components, total_weight)
    return Maximiser(structure, floor, prior, plan.equal_weights, noise)


def noise_for(sweep: ThreadSweep, plan: FitPlan, spread: Spread) -> Noise | None:
    """The noise that `plan` asks for, over the box of the rows; None where it asks for none."""
    return None if plan.noise is None else measure_noise(sweep, plan.structure, spread, plan.reg_covar)


def _best(results: list[RunResult], sweep: ThreadSweep, maximiser: Maximiser, *, in_haste: bool) -> RunResult:
    """The best run is sound, has few degenerate components and then few doubtful, and is the likeliest.

    A component on a handful of equal or collinear rows buys likelihood without end; the floor
    bounds it, and this keeps it from winning (Day 1969 on such spurious maxima).
    """
    if len(results) == 1:
        return results[0]

    def height(result: RunResult) -> float:
        if in_haste:  # no more sweeps than must be
            return result.report.log_likelihood
        return sweep.log_likelihood(result.parameters) + maximiser.log_prior(result.parameters)

    def place(result: RunResult) -> tuple[bool, int, int, float]:
        n_doubtful = len(_doubts(result, sweep, maximiser))
        return result.sound, -result.n_degenerate, -n_doubtful, height(result)

    return max(results, key=place)


def _start(
    sweep: ThreadSweep,
    plan: FitPlan,
    spread: Spread,
    maximiser: Maximiser,
    rng: np.random.RandomState,
    state: FitState,
) -> GaussianParameters:
    if plan.resumed is not None:
        return maximiser.renewed(plan.resumed.parameters)
    given = plan.given.complete(plan.structure.shape)
    if given is not None:
        share = plan.given.noise_weight
        return maximiser.with_noise(given, 1.0 / (plan.n_components + 1) if share is None else share)
    shape = plan.structure.shape
    if plan.given.resp is not None:
        statistics = statistics_of_given(sweep, plan.given.resp, plan.n_components, shape, spread)
        begun = plan.given.over(maximiser.m_step(statistics))
        return maximiser.with_noise(begun, unclaimed(sweep.source, statistics.count.sum()))
    K, d, n = plan.n_components, sweep.source.n_features, sweep.source.n_rows
    searches = plan.init_params in SEARCHES and plan.given.means is None
    wanted = rows_to_draw(n, K, d) if searches else sample_size(K, d)
    if plan.noise is not None:

        def begin(sample: Sample, plan: FitPlan, maximiser: Maximiser) -> GaussianParameters:
            return _from_sample(sample, plan, maximiser, rng, state)

        return NoiseStart(plan, spread, maximiser, rng, begin, state).parameters(sweep.source, wanted)
    sample = draw_sample(sweep.source, spread, wanted, rng)

    def from_sample(sample: Sample) -> GaussianParameters:
        return _from_sample(sample, plan, maximiser, rng, state)

    if searches and sample.observed is not None:
        return likeliest_start(sample, from_sample, maximiser, rng)
    return from_sample(sample)


def _from_sample(
    sample: Sample, plan: FitPlan, maximiser: Maximiser, rng: np.random.RandomState, state: FitState
) -> GaussianParameters:
    if plan.given.means is not None:
        resp = nearest(sample.whitened, sample.coordinates(plan.given.means), plan.n_components)
        # A mean that is nearest to no row begins with a thin share of every row.
        resp[:, ~resp.any(axis=0)] = 1.0 / len(resp)
    else:
        resp = _memberships(sample, plan, rng, state)
    statistics = statistics_from_resp(plan.structure.shape, sample.rows, resp, sample.weights)
    return plan.given.over(maximiser.m_step(statistics))


def _memberships(sample: Sample, plan: FitPlan, rng: np.random.RandomState, state: FitState) -> np.ndarray:
    if (search := SEARCHES.get(plan.init_params)) is None:
        return CLUSTERINGS[plan.init_params](sample, plan.n_components, rng)
    found = search(sample, plan.n_components, rng, plan.structure, plan.reg_covar)
    state.starts += found.starts_tried - 1
    state.rows += found.rows_touched
    return found.resp
