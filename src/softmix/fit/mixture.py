"""Fit one mixture: measure the spread, start, climb, and keep the best of the runs."""

import numpy as np

from softmix.e_step import statistics_from_resp
from softmix.exceptions import IllDefinedCovarianceError
from softmix.fit.acceleration import Plain, Squarem
from softmix.fit.chart import Chart
from softmix.fit.degeneracy import Degeneracy, find_degeneracies
from softmix.fit.em import em
from softmix.fit.maximiser import Maximiser
from softmix.fit.plan import FitPlan, FitResult
from softmix.fit.spread import Spread, measure_spread
from softmix.fit.starts import CLUSTERINGS, SEARCHES, Sample, draw_sample
from softmix.fit.starts.nearest import nearest
from softmix.fit.stopping import Stopping
from softmix.parameters import FactorShape, GaussianParameters
from softmix.statistics import GaussianStatistics
from softmix.sweep import ThreadSweep


def fit_mixture(sweep: ThreadSweep, plan: FitPlan, rng: np.random.RandomState) -> FitResult:
    """Run EM from each start of `plan` and give the best run.

    Raises
    ------
    IllDefinedCovarianceError
        With ``reg_covar=0``, if a covariance is singular at every start.
    """
    spread = measure_spread(sweep, plan.structure.shape)
    maximiser = _maximiser(plan, spread, sweep.source.total_weight)
    results, refusal = [], None
    for run in range(plan.n_init if plan.draws_starts else 1):
        plan.watcher.run_begins(run)
        try:
            parameters = maximiser.admit(_start(sweep, plan, spread, maximiser, rng))
        except IllDefinedCovarianceError as error:
            refusal = error
            continue
        results.append(_climb(sweep, plan, spread, maximiser, parameters))
    if refusal is not None and not results:
        raise refusal
    return _best(results, sweep, maximiser)


def _maximiser(plan: FitPlan, spread: Spread, total_weight: float) -> Maximiser:
    structure = plan.structure
    floor = structure.floor(spread.factor, plan.reg_covar, spread.constant)
    prior = None
    if plan.prior is not None:
        prior = plan.prior.complete(structure, spread, plan.n_components, total_weight)
    return Maximiser(structure, floor, prior, plan.equal_weights)


def _best(results: list[FitResult], sweep: ThreadSweep, maximiser: Maximiser) -> FitResult:
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
    sweep: ThreadSweep, plan: FitPlan, spread: Spread, maximiser: Maximiser, rng: np.random.RandomState
) -> GaussianParameters:
    if plan.resumed is not None:
        return plan.resumed.parameters
    given = plan.given.complete(plan.structure.shape)
    if given is not None:
        return given
    sample = draw_sample(sweep.source, spread, plan.n_components, rng)
    if plan.given.means is not None:
        resp = nearest(sample.whitened, sample.coordinates(plan.given.means), plan.n_components)
        # A mean that is nearest to no row begins with a thin share of every row.
        resp[:, ~resp.any(axis=0)] = 1.0 / len(resp)
    else:
        resp = _memberships(sample, plan, rng)
    statistics = statistics_from_resp(plan.structure.shape, sample.rows, resp, sample.weights)
    return plan.given.over(maximiser.m_step(statistics))


def _memberships(sample: Sample, plan: FitPlan, rng: np.random.RandomState) -> np.ndarray:
    if (search := SEARCHES.get(plan.init_params)) is not None:
        return search(sample, plan.n_components, rng, plan.structure, plan.reg_covar)
    return CLUSTERINGS[plan.init_params](sample, plan.n_components, rng)


class _Climb:
    """Sweep and M-step of one run; it keeps the parameters of the last sweep, which are sound."""

    def __init__(self, sweep: ThreadSweep, maximiser: Maximiser) -> None:
        self._sweep, self._maximiser = sweep, maximiser

    def sweep(self, parameters: GaussianParameters) -> GaussianStatistics:
        self.last_swept = parameters
        return self._sweep(parameters)

    def maximise(self, statistics: GaussianStatistics) -> GaussianParameters:
        return self._maximiser.m_step(statistics, self.last_swept)


def _climb(
    sweep: ThreadSweep, plan: FitPlan, spread: Spread, maximiser: Maximiser, parameters: GaussianParameters
) -> FitResult:
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
    plan.watcher.run_ends(stopping.trace[-1] if stopping.trace else -np.inf, converged)
    return FitResult(
        parameters,
        stopping.trace,
        stopping.recent,
        stopping.n_iter,
        converged,
        not collapsed,
        collapsed + find_degeneracies(parameters, total_weight, maximiser.floor),
    )


def _acceleration(
    plan: FitPlan, spread: Spread, maximiser: Maximiser, parameters: GaussianParameters
) -> Plain | Squarem:
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
