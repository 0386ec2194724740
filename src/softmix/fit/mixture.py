"""Fit one mixture: measure the spread, start, climb, and keep the best of the runs."""

from dataclasses import dataclass, replace

import numpy as np

from softmix.e_step import statistics_from_resp
from softmix.exceptions import IllDefinedCovarianceError
from softmix.fit.climb import climb_from
from softmix.fit.maximiser import Maximiser
from softmix.fit.plan import FitPlan, FitResult, RunResult
from softmix.fit.report import FitReport
from softmix.fit.reseeding import reseeded
from softmix.fit.spread import Spread, measure_spread
from softmix.fit.starts import CLUSTERINGS, SEARCHES, Sample, draw_sample, rows_to_draw, sample_size
from softmix.fit.starts.given import statistics_of_given
from softmix.fit.starts.nearest import nearest
from softmix.parameters import GaussianParameters
from softmix.sweep import ThreadSweep


@dataclass
class _Tally:
    """Counts of what starts took."""

    starts: int = 0
    rows: int = 0


def fit_mixture(
    sweep: ThreadSweep, plan: FitPlan, rng: np.random.RandomState, spread: Spread | None = None
) -> FitResult:
    """Run EM from each start of `plan` and give the best run.

    `spread` is that of the rows, where it is known: many fits of the same rows measure it once.

    Raises
    ------
    IllDefinedCovarianceError
        With ``reg_covar=0``, if a covariance is singular at every start.
    """
    spread = measure_spread(sweep, plan.structure.shape) if spread is None else spread
    maximiser = _maximiser(plan, spread, sweep.source.total_weight)
    results: list[RunResult] = []
    refusal, tally = None, _Tally()
    for run in range(plan.n_init if plan.draws_starts else 1):
        plan.watcher.run_begins(run)
        tally.starts += 1
        try:
            parameters = maximiser.admit(_start(sweep, plan, spread, maximiser, rng, tally))
        except IllDefinedCovarianceError as error:
            refusal = error
            continue
        result = climb_from(sweep, plan, spread, maximiser, parameters)
        results.append(reseeded(sweep, plan, spread, maximiser, result, rng) if plan.may_reseed else result)
    if refusal is not None and not results:
        raise refusal
    best = _best(results, sweep, maximiser)
    return FitResult(best, _report(sweep, tally, results, best))


def _report(sweep: ThreadSweep, tally: _Tally, results: list[RunResult], best: RunResult) -> FitReport:
    return FitReport(
        sweeps=sweep.n_sweeps,
        rows_touched=tally.rows + sweep.n_sweeps * sweep.source.n_rows,
        starts_tried=tally.starts,
        stopped=best.report.stopped,
        degenerate=tuple(degeneracy.describe() for degeneracy in best.degeneracies),
        runs=tuple(replace(result.report, chosen=result is best) for result in results),
    )


def _maximiser(plan: FitPlan, spread: Spread, total_weight: float) -> Maximiser:
    structure = plan.structure
    floor = structure.floor(spread.factor, plan.reg_covar, spread.constant)
    prior = None
    if plan.prior is not None:
        prior = plan.prior.complete(structure, spread, plan.n_components, total_weight)
    return Maximiser(structure, floor, prior, plan.equal_weights)


def _best(results: list[RunResult], sweep: ThreadSweep, maximiser: Maximiser) -> RunResult:
    """The best run is sound, has few degenerate components, and is then the likeliest.

    A component on a handful of equal or collinear rows buys likelihood without end; the floor
    bounds it, and this keeps it from winning (Day 1969 on such spurious maxima).
    """
    if len(results) == 1:
        return results[0]

    def height(parameters: GaussianParameters) -> float:
        return sweep.log_likelihood(parameters) + maximiser.log_prior(parameters)

    return max(results, key=lambda r: (r.sound, -r.n_degenerate, height(r.parameters)))


def _start(
    sweep: ThreadSweep,
    plan: FitPlan,
    spread: Spread,
    maximiser: Maximiser,
    rng: np.random.RandomState,
    tally: _Tally,
) -> GaussianParameters:
    if plan.resumed is not None:
        return plan.resumed.parameters
    given = plan.given.complete(plan.structure.shape)
    if given is not None:
        return given
    shape = plan.structure.shape
    if plan.given.resp is not None:
        statistics = statistics_of_given(sweep, plan.given.resp, plan.n_components, shape, spread.mean)
        return plan.given.over(maximiser.m_step(statistics))
    K, d, n = plan.n_components, sweep.source.n_features, sweep.source.n_rows
    searches = plan.init_params in SEARCHES and plan.given.means is None
    wanted = rows_to_draw(n, K, d) if searches else sample_size(K, d)
    sample = draw_sample(sweep.source, spread, wanted, rng)
    if plan.given.means is not None:
        resp = nearest(sample.whitened, sample.coordinates(plan.given.means), plan.n_components)
        # A mean that is nearest to no row begins with a thin share of every row.
        resp[:, ~resp.any(axis=0)] = 1.0 / len(resp)
    else:
        resp = _memberships(sample, plan, rng, tally)
    statistics = statistics_from_resp(shape, sample.rows, resp, sample.weights)
    return plan.given.over(maximiser.m_step(statistics))


def _memberships(sample: Sample, plan: FitPlan, rng: np.random.RandomState, tally: _Tally) -> np.ndarray:
    if (search := SEARCHES.get(plan.init_params)) is None:
        return CLUSTERINGS[plan.init_params](sample, plan.n_components, rng)
    found = search(sample, plan.n_components, rng, plan.structure, plan.reg_covar)
    tally.starts += found.starts_tried - 1
    tally.rows += found.rows_touched
    return found.resp
