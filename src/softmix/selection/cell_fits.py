"""Fit the models of a grid to the rows of one source: starts that are shared, then EM for each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from softmix.blocks import Incomplete, Source
from softmix.e_step import statistics_from_resp
from softmix.estimators.given_noise import check_noise
from softmix.estimators.given_prior import check_prior
from softmix.fit import FitPlan, FitResult, Resumed, RunResult, fit_mixture
from softmix.fit.confirm import confirmed
from softmix.fit.degeneracy import n_unwitnessed
from softmix.fit.mixture import maximiser_for, noise_for
from softmix.fit.plan import Given
from softmix.fit.spread import Spread, measure_spread
from softmix.m_step import CovarianceFloor
from softmix.parameters import FactorShape, GaussianParameters
from softmix.selection.noisy_starts import handed_over
from softmix.selection.settings import Cell, Settings
from softmix.selection.starts import HIERARCHY, Start, Starts, feeders
from softmix.structures import Structure
from softmix.sweep import ThreadSweep

# With noise: steps from each start before the likeliest goes on.
_TRIAL = 6
# The climb on the sample ends at this share of the tolerance, so that the fit has little left to do.
_SHARE_OF_TOL = 0.5
# Of a source of no more rows than these, a sample has them all.
_ALL_DRAWN = 4096
# For fits that draw nothing: to seed a generator takes as long as a sweep of few rows.
_NO_DRAWS = np.random.RandomState(0)
# Fewer rows than these are an outlier and not a cluster, whatever the structure asks for.
_FEWEST = 2.0


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fit of one model, and what its rows say of it."""

    result: FitResult
    log_likelihood: float
    classification_log_likelihood: float
    complaint: str  # why it is degenerate; empty where it is not


class CellFits:
    """Fits of models to the rows of `source`, each with `n_jobs` threads.

    Two threads may fit two models at once. What a model becomes depends on neither.
    """

    def __init__(self, source: Source, settings: Settings, sizes: tuple[int, ...], n_jobs: int) -> None:
        self.source, self._settings, self._n_jobs = source, settings, n_jobs
        weights = source.row_weights()
        self.n_counted = source.n_rows if weights is None else int(np.count_nonzero(weights))
        self._sizes = tuple(filter(self.n_counted.__ge__, sizes))
        self._starts: Starts | None = None
        self._spreads: dict[FactorShape, Spread] = {}
        self._floors: dict[str, CovarianceFloor] = {}
        self._noisy: dict[Cell, GaussianParameters] = {}

    def paths(self, cells: list[Cell]) -> list[tuple[str, int]]:
        """The searches for starts that `cells` need: (free structure, run)."""
        if self._settings.init_params != "auto" or not self._sizes or self._lack_values:
            return []
        if self._starts is None:
            with ThreadSweep(self.source, self._n_jobs) as sweep:
                self._starts = Starts(sweep, self._sizes, self._settings.reg_covar, self._settings.seed)
        plain = [cell for cell in cells if cell.noise is None]
        names = dict.fromkeys(name for cell in plain for name in feeders(cell.structure))
        return [(name, run) for name in names for run in range(self._settings.n_init)]

    def find(self, path: tuple[str, int]) -> None:
        """Make one of the searches of `paths`."""
        if self._starts is not None:
            self._starts.find(*path)

    def lead(self, cells: Sequence[Cell]) -> list[Cell]:
        """Climb to where EM of `cells`, of one structure, begins; gives those that it did.

        None where a climb sees a sample only: then EM has more to do, and each climbs when its turn comes.
        """
        if self._starts is None or not self._starts.has_all:
            return []
        led = [cell for cell in cells if cell.noise is None and cell.n_components <= self.n_counted]
        if led:
            sizes = dict.fromkeys(cell.n_components for cell in led)
            self._starts.lead(led[0].structure, [*sizes], *self._how_far)
        return led

    @property
    def _how_far(self) -> tuple[int, float]:
        """The searches that led to starts, and the tolerance to climb on the sample."""
        return self._settings.n_init, _SHARE_OF_TOL * self._settings.tol

    def shares_start(self, cell: Cell) -> bool:
        """Whether `cell` begins where a search for all models led."""
        return self._starts is not None and cell.noise is None and cell.n_components > 1

    def fit(self, cell: Cell, *, shared_start: bool = True) -> Fitted:
        """EM from the best start of `cell`: of those that all models share, or one of its own.

        Raises
        ------
        ValueError
            If the prior does not fit the structure, or, without a floor, a covariance is singular.
        """
        with ThreadSweep(self.source, self._n_jobs) as sweep:
            spread = self._spread(sweep, cell.structure.shape)
            floor, plan = self._floor(cell.structure, spread), self._plan(cell)
            if shared_start and cell.noise is None:
                plan = self._from_start(plan, cell, floor)
            elif shared_start and self._starts is not None:
                plan = self._from_noisy_start(sweep, plan, cell, floor)
            if (found := confirmed(sweep, plan, floor)) is not None:
                complaint = self._complaint(cell, found.result.best, floor)
                heights = found.log_likelihood, found.classification_log_likelihood
                return Fitted(found.result, *heights, complaint)
            rng = self._rng(cell) if plan.draws_starts else _NO_DRAWS
            result = fit_mixture(sweep, plan, rng, spread=spread)
            observed, classified = sweep.log_likelihoods(result.best.parameters)
            return Fitted(result, observed, classified, self._complaint(cell, result.best, floor))

    def _plan(self, cell: Cell) -> FitPlan:
        asked = self._settings
        return FitPlan(
            structure=cell.structure,
            n_components=cell.n_components,
            tol=asked.tol,
            reg_covar=asked.reg_covar,
            max_iter=asked.max_iter,
            n_init=asked.n_init,
            init_params=asked.init_params,
            acceleration=asked.acceleration,
            prior=check_prior(cell.prior_given, self.source.n_features, cell.structure),
            equal_weights=asked.weights == "equal",
            noise=check_noise(cell.noise_given, self.source, cell.n_components, None),
        )

    @cached_property
    def _lack_values(self) -> bool:
        """Whether values are missing: then each model searches for a start of its own."""
        if not isinstance(self.source, Incomplete):
            return False
        with ThreadSweep(self.source, self._n_jobs) as sweep:
            return self._spread(sweep, FactorShape.FULL).normal is not None

    def _spread(self, sweep: ThreadSweep, shape: FactorShape) -> Spread:
        if shape not in self._spreads:
            self._spreads[shape] = measure_spread(sweep, shape)
        return self._spreads[shape]

    def _floor(self, structure: Structure, spread: Spread) -> CovarianceFloor:
        if structure.name not in self._floors:
            self._floors[structure.name] = structure.floor(
                spread.factor, self._settings.reg_covar, spread.constant
            )
        return self._floors[structure.name]

    def _from_start(self, plan: FitPlan, cell: Cell, floor: CovarianceFloor) -> FitPlan:
        """`plan` from the start that was found; itself where no path led to this K."""
        start = None
        if self._starts is not None:
            start = self._starts.best(cell, *self._how_far)
        if self._starts is None or start is None:
            return plan
        if isinstance(start, np.ndarray):
            sample, shape = self._starts.sample, cell.structure.shape
            statistics = statistics_from_resp(shape, sample.rows, start, sample.weights)
            start = Start(cell.structure.m_step(statistics, floor), [])
        return replace(plan, resumed=Resumed(start.parameters, start.history, is_within=True))

    def _from_noisy_start(
        self, sweep: ThreadSweep, plan: FitPlan, cell: Cell, floor: CovarianceFloor
    ) -> FitPlan:
        """`plan` from the start with noise that a few steps take highest."""
        spread = self._spread(sweep, cell.structure.shape)
        maximiser = maximiser_for(plan, spread, self.source.total_weight, noise_for(sweep, plan, spread))
        assert self._starts is not None  # noqa: S101 (asked by the caller)
        found = [
            self._found_with_noise(sweep, cell, name) for name in feeders(cell.structure) if name != HIERARCHY
        ]
        begun = [handed_over(one, self._starts.sample, maximiser) for one in found]
        if len(begun) == 1:
            return _given(plan, begun[0])
        trial = replace(plan, max_iter=_TRIAL, acceleration=None)
        tried = [fit_mixture(sweep, _given(trial, start), _NO_DRAWS, spread=spread).best for start in begun]

        def height(result: RunResult) -> tuple[bool, float]:
            return not self._complaint(cell, result, floor), result.trace[-1] if result.trace else -np.inf

        return _given(plan, max(tried, key=height).parameters)

    def _found_with_noise(self, sweep: ThreadSweep, cell: Cell, name: str) -> GaussianParameters:
        """Where a fit of the free structure `name` begins, with as many components and the same noise."""
        key = cell._replace(covariance_type=name, prior=None)  # a prior may not suit `name`
        if key not in self._noisy:  # two threads that both find it find the same
            plan, rng = replace(self._plan(key), max_iter=0), self._rng(key)
            self._noisy[key] = fit_mixture(sweep, plan, rng).best.parameters
        return self._noisy[key]

    def _rng(self, cell: Cell) -> np.random.RandomState:
        return np.random.RandomState([self._settings.seed, cell.n_components, *map(ord, cell.structure.name)])

    def _complaint(self, cell: Cell, result: RunResult, floor: CovarianceFloor) -> str:
        """Why the fit is degenerate, or nothing."""
        # What holds every component, such as a constant column, is the rows' and no fault of this model.
        every = [d for d in result.degeneracies if len(d.components) == cell.n_components]
        if own := [d for d in result.degeneracies if d not in every]:
            return own[0].describe()
        counts = result.parameters.weights * self._n_distinct
        # A prior says what few rows do not.
        needed = cell.structure.rows_needed(self.source.n_features) if cell.prior is None else 0.0
        few = np.flatnonzero(counts < max(_FEWEST, needed) - 1e-6)
        if len(few) and cell.n_components > 1:
            return (
                f"Component {few[0]} has {counts[few[0]]:.3g} distinct rows, fewer than the "
                f"{max(_FEWEST, needed):.3g} that say what its covariance is."
            )
        if cell.n_components == 1 or every or not needed:
            return ""
        n_thin = result.report.n_unwitnessed
        if self._n_distinct != self.source.n_rows:
            n_thin = n_unwitnessed(result.parameters, counts, floor, cell.structure)
        if n_thin:
            return "A component is thinner than its few rows can witness."
        return ""

    @property
    def _n_distinct(self) -> float:
        """Distinct rows, as far as they are known: copies of a row say nothing of a spread."""
        if self._starts is None or self.n_counted > _ALL_DRAWN:
            return float(self.n_counted)
        return float(len(self._starts.sample.rows))


def _given(plan: FitPlan, start: GaussianParameters) -> FitPlan:
    """`plan` from parameters with noise."""
    assert start.noise is not None  # noqa: S101 (every such start has it)
    weights = start.weights / start.weights.sum()  # those among the Gaussians
    return replace(plan, given=Given(weights, start.means, start.factors, start.noise.weight))
