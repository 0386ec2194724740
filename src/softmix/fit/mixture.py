"""Fit one mixture: measure the spread, start, climb, and keep the best of the runs."""

import numpy as np

from softmix.e_step import statistics_from_resp
from softmix.exceptions import IllDefinedCovarianceError
from softmix.fit.degeneracy import Degeneracy, find_degeneracies
from softmix.fit.em import em
from softmix.fit.plan import FitPlan, FitResult
from softmix.fit.spread import Spread, measure_spread
from softmix.fit.starts import CLUSTERINGS, SEARCHES, Sample, draw_sample
from softmix.fit.starts.nearest import nearest
from softmix.fit.stopping import Stopping
from softmix.m_step import CovarianceFloor
from softmix.parameters import FactorShape, GaussianParameters
from softmix.statistics import GaussianStatistics
from softmix.structures import Structure
from softmix.sweep import ThreadSweep


def fit_mixture(sweep: ThreadSweep, plan: FitPlan, rng: np.random.RandomState) -> FitResult:
    """Run EM from each start of `plan` and give the best run.

    Raises
    ------
    IllDefinedCovarianceError
        With ``reg_covar=0``, if a covariance is singular at every start.
    """
    spread = measure_spread(sweep, plan.structure.shape)
    floor = plan.structure.floor(spread.factor, plan.reg_covar, spread.constant)
    results, refusal = [], None
    for run in range(plan.n_init if plan.draws_starts else 1):
        plan.watcher.run_begins(run)
        try:
            parameters = plan.structure.project(_start(sweep, plan, spread, floor, rng), floor)
        except IllDefinedCovarianceError as error:
            refusal = error
            continue
        results.append(_climb(sweep, plan, floor, parameters))
    if refusal is not None and not results:
        raise refusal
    return _best(results, sweep)


def _best(results: list[FitResult], sweep: ThreadSweep) -> FitResult:
    """The best run is sound, has few degenerate components, and is then the likeliest.

    A component on a handful of equal or collinear rows buys likelihood without end; the floor
    bounds it, and this keeps it from winning (Day 1969 on such spurious maxima).
    """
    if len(results) == 1:
        return results[0]
    return max(results, key=lambda r: (r.sound, -r.n_degenerate, sweep.log_likelihood(r.parameters)))


def _start(
    sweep: ThreadSweep, plan: FitPlan, spread: Spread, floor: CovarianceFloor, rng: np.random.RandomState
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
    return plan.given.over(plan.structure.m_step(statistics, floor))


def _memberships(sample: Sample, plan: FitPlan, rng: np.random.RandomState) -> np.ndarray:
    if (search := SEARCHES.get(plan.init_params)) is not None:
        return search(sample, plan.n_components, rng, plan.structure, plan.reg_covar)
    return CLUSTERINGS[plan.init_params](sample, plan.n_components, rng)


class _Climb:
    """Sweep and M-step of one run; it keeps the parameters of the last sweep, which are sound."""

    def __init__(self, sweep: ThreadSweep, structure: Structure, floor: CovarianceFloor) -> None:
        self._sweep, self._structure, self._floor = sweep, structure, floor

    def sweep(self, parameters: GaussianParameters) -> GaussianStatistics:
        self.last_swept = parameters
        return self._sweep(parameters)

    def maximise(self, statistics: GaussianStatistics) -> GaussianParameters:
        return self._structure.m_step(statistics, self._floor, self.last_swept)


def _climb(
    sweep: ThreadSweep, plan: FitPlan, floor: CovarianceFloor, parameters: GaussianParameters
) -> FitResult:
    history = () if plan.resumed is None else plan.resumed.history
    stopping = Stopping(plan.tol, plan.max_iter, history, plan.watcher.iteration_ends)
    climb = _Climb(sweep, plan.structure, floor)
    total_weight = sweep.source.total_weight
    collapsed = []
    try:
        parameters = em(climb.sweep, climb.maximise, parameters, stopping)
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
        collapsed + find_degeneracies(parameters, total_weight, floor),
    )


def _collapsed(
    error: IllDefinedCovarianceError, parameters: GaussianParameters, total_weight: float
) -> list[Degeneracy]:
    counts = parameters.weights * total_weight
    if parameters.shape is FactorShape.SHARED:  # one covariance: they all collapse
        columns = tuple(error.columns[0])
        return [Degeneracy(tuple(range(len(counts))), tuple(counts.tolist()), columns, held=False)]
    return [Degeneracy((k,), (float(counts[k]),), tuple(c), held=False) for k, c in error.columns.items()]
