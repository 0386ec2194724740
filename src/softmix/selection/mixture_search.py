"""MixtureSearch: fit a grid of mixtures and choose one."""

from collections.abc import Iterable
from numbers import Integral, Real
from threading import Lock
from typing import Any, Self

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    DensityMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.model_selection import KFold, check_cv
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from softmix.blocks import ArrayBlocks, Source
from softmix.blocks.scan import Scan
from softmix.estimators.all_or_nothing import all_or_nothing
from softmix.estimators.fitted import has_noise, n_memberships
from softmix.estimators.gaussian_mixture import GaussianMixture
from softmix.estimators.row_weights import row_weights
from softmix.estimators.scanned import scan_to_fit
from softmix.estimators.warn import warn
from softmix.exceptions import DegenerateComponentWarning, SearchInterruptedWarning
from softmix.fit.spread import measure_spread
from softmix.parameters import FactorShape
from softmix.selection.choose_types import check_noises, check_sizes, check_types, grid
from softmix.selection.chosen import as_estimator
from softmix.selection.record import LARGER_IS_BETTER, SearchRecord, as_columns, ranked
from softmix.selection.run import SearchRun
from softmix.selection.settings import Cell, Settings
from softmix.sweep import ThreadSweep, resolve_n_jobs

_PASSED_ON = (
    *("tol", "reg_covar", "max_iter", "n_init", "init_params", "random_state", "n_jobs"),
    *("acceleration", "prior", "weights"),
)
_INIT_PARAMS = {"auto", "hierarchical", "kmeans", "k-means++", "random", "random_from_data"}


class MixtureSearch(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, DensityMixin, BaseEstimator
):
    """Choose the number of components and the covariance type of a Gaussian mixture.

    Every model of the grid is fitted, and the one with the best criterion is kept. The search for
    starts is shared: it goes along all numbers of components at once.

    Parameters
    ----------
    n_components : int or iterable of int, default=(1, ..., 9)
        The numbers of components to try.
    covariance_type : str or iterable of str, default='all'
        The covariance types to try, as :class:`~softmix.GaussianMixture` names them; 'all' is the
        fourteen of mclust, and E and V where X has one column.
    criterion : {'bic', 'icl', 'aic', 'cv'}, default='bic'
        What decides. 'bic', 'icl' and 'aic' as GaussianMixture has them: smaller is better. 'cv' is
        the mean log-density of held-out rows in k-fold cross-validation: larger is better.
    cv : int, splitter or iterable of (train, test), default=5
        For criterion='cv': the number of folds, of shuffled rows; or scikit-learn's splitters.
    tol : float, default=1e-4
        As of GaussianMixture, but ten times coarser: most models are far from the best.
    reg_covar : float, default=1e-14
    max_iter : int, default=1000
    n_init : int, default=1
        The number of searches for starts; of 'auto', each along all numbers of components.
    init_params : {'auto', 'hierarchical', 'kmeans', 'k-means++', 'random', 'random_from_data'}, \
            default='auto'
    random_state : int, RandomState instance or None, default=None
    warm_start : bool, default=False
        Keep the models that an earlier `fit` of the same rows with the same settings has fitted, and
        fit only those that are missing: after Ctrl-C, or when the grid has grown.
    n_jobs : int, default=None
        Threads. The answer has the same bits for any number.
    acceleration : {'squarem'} or None, default='squarem'
    prior : {'default'}, dict or None, default=None
    weights : {'free', 'equal'}, default='free'
    noise : None, bool, float, mask, or several of them, default=None
        As of GaussianMixture; of several, such as ``(None, True)``, every model is tried with each.
        criterion='cv' takes no mask.
    progress : callable, default=None
        Called as ``progress(record, n_done, n_models)`` after each model, one call at a time.

    Attributes
    ----------
    results_ : list of SearchRecord
        What became of each model, in the order of the grid: criteria, sweeps, seconds, and a status
        with its reason. Degenerate ones (a component is empty, held at the covariance floor, or on
        fewer than two distinct rows or than its covariance needs) are not chosen unless nothing
        else is left.
    table_ : dict of ndarray, or DataFrame
        `results_` as columns; a DataFrame where ``set_output(transform="pandas")`` or "polars" asks
        for one.
    best_estimator_ : GaussianMixture
    best_params_ : dict
        Its `n_components` and `covariance_type`, and, where it was asked for, its `noise`.
    best_score_ : float
        Its criterion, of the sign that `criterion` has.
    best_index_ : int
        Its place in `results_`.
    n_iter_ : int
        The best model's sweeps.
    labels_ : ndarray of shape (n_samples,)
        The most probable component of each row, where rows were in memory.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)

    Notes
    -----
    Ctrl-C ends the search and keeps what is fitted so far, with a
    :class:`~softmix.SearchInterruptedWarning`.

    References
    ----------
    Fraley & Raftery (2002), "Model-based clustering, discriminant analysis, and density estimation".
    Biernacki, Celeux & Govaert (2000) for the ICL; Smyth (2000) for cross-validated likelihood.

    Examples
    --------
    >>> import numpy as np
    >>> from softmix import MixtureSearch
    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(0, 1, (100, 2)), rng.normal(8, 1, (100, 2))])
    >>> search = MixtureSearch(range(1, 5), covariance_type="all", random_state=0).fit(X)
    >>> search.best_params_
    {'n_components': 2, 'covariance_type': 'EII'}
    """

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012 (scikit-learn's protocol)
        "n_components": [object],  # checked with the grid
        "covariance_type": [object],
        "criterion": [StrOptions(set(LARGER_IS_BETTER))],
        "cv": ["cv_object"],
        "tol": [Interval(Real, 0.0, None, closed="left")],
        "reg_covar": [Interval(Real, 0.0, None, closed="left")],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "init_params": [StrOptions(_INIT_PARAMS)],
        "random_state": ["random_state"],
        "warm_start": ["boolean"],
        "n_jobs": [Integral, None],
        "acceleration": [StrOptions({"squarem"}), None],
        "prior": [StrOptions({"default"}), dict, None],
        "weights": [StrOptions({"free", "equal"})],
        "noise": [object],  # checked with the grid
        "progress": [callable, None],
    }

    def __init__(  # noqa: PLR0913 (GaussianMixture's parameters, and the grid's)
        self,
        n_components: int | Iterable[int] = (1, 2, 3, 4, 5, 6, 7, 8, 9),
        *,
        covariance_type: str | Iterable[str] = "all",
        criterion: str = "bic",
        cv: Any = 5,
        tol: float = 1e-4,
        reg_covar: float = 1e-14,
        max_iter: int = 1000,
        n_init: int = 1,
        init_params: str = "auto",
        random_state: Any = None,
        warm_start: bool = False,
        n_jobs: int | None = None,
        acceleration: str | None = "squarem",
        prior: Any = None,
        weights: str = "free",
        noise: Any = None,
        progress: Any = None,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.criterion = criterion
        self.cv = cv
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.random_state = random_state
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.acceleration = acceleration
        self.prior = prior
        self.weights = weights
        self.noise = noise
        self.progress = progress

    # Fitting

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:  # noqa: ARG002
        """Fit every model of the grid to the rows of X, and choose.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or a :func:`~softmix.scan`
            As GaussianMixture takes it. criterion='cv' needs rows in memory.
        y : Ignored
        sample_weight : array-like of shape (n_samples,), default=None
            Nonnegative row weights.

        Returns
        -------
        self : MixtureSearch

        Raises
        ------
        ValueError
            If X or a parameter is malformed, or if no model of the grid could be fitted. The
            estimator is then as it was before.
        KeyboardInterrupt
            On Ctrl-C before any model is fitted.
        """
        with all_or_nothing(self):
            self._fit(X, sample_weight)
        return self

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None) -> np.ndarray:
        """Search, and give the most probable component of each row, shape (n_samples,)."""
        fitted = self.fit(X, y, sample_weight=sample_weight)
        return fitted.predict(X) if isinstance(X, Scan) else fitted.labels_

    def fit_transform(self, X: Any, y: Any = None, sample_weight: Any = None) -> np.ndarray:
        """Search, and give the memberships of each row, shape (n_samples, n_components)."""
        return self.fit(X, y, sample_weight=sample_weight).transform(X)

    def _fit(self, X: Any, sample_weight: Any) -> None:
        sizes = check_sizes(self.n_components)
        source = self._source(X, sample_weight)
        noises = check_noises(self.noise, source.n_rows)
        if self.criterion == "cv" and any(isinstance(noise, bytes) for noise in noises):
            raise ValueError(
                "noise marks rows, and criterion='cv' leaves some of them out. Set noise=True, or a share."
            )
        cells = grid(check_types(self.covariance_type, source.n_features), sizes, noises)
        run = self._run(source, sizes, cells)
        completed = run.go(cells)
        done = [cell for cell in cells if cell in run.tried]
        records = [run.tried[cell].record for cell in done]
        order = ranked(records, self.criterion)
        if not order:
            if not completed:
                raise KeyboardInterrupt
            raise ValueError(_nothing_fitted(records))
        self.results_ = records
        self._tried = run.tried
        self._choose(run, done[order[0]], order[0])
        self._warn(completed, len(done), len(cells))

    def _run(self, source: Source, sizes: tuple[int, ...], cells: list[Cell]) -> SearchRun:
        rng = check_random_state(self.random_state)
        seed = int(rng.randint(np.iinfo(np.int32).max))
        settings = Settings(**{name: getattr(self, name) for name in _SETTINGS}, seed=seed)
        run = SearchRun(source, settings, sizes, resolve_n_jobs(self.n_jobs), self._teller(cells))
        if self.criterion == "cv":
            run.folds = self._folds(source, seed)
        self._remember(run, source)
        return run

    def _remember(self, run: SearchRun, source: Source) -> None:
        """Take over the models of an earlier fit, if that was of the same rows and settings."""
        with ThreadSweep(source, resolve_n_jobs(self.n_jobs)) as sweep:
            rows = _fingerprint(sweep)
        asked = {name: getattr(self, name) for name in (*_SETTINGS, "random_state", "cv")}
        key = rows, repr(asked), self.criterion == "cv"
        if self.warm_start and getattr(self, "_fitted_to", None) == key:
            run.settings = vars(self)["_settings"]
            run.tried.update(self._tried)
        self._fitted_to: Any = key
        self._settings: Settings = run.settings

    def _teller(self, cells: list[Cell]) -> Any:
        if self.progress is None:
            return lambda _: None
        lock, done = Lock(), iter(range(1, len(cells) + 1))

        def tell(record: SearchRecord) -> None:
            with lock:
                self.progress(record, next(done), len(cells))

        return tell

    def _source(self, X: Any, sample_weight: Any) -> Source:
        if isinstance(X, Scan):
            if self.criterion == "cv":
                raise ValueError(
                    "criterion='cv' draws folds of rows in memory, but X is a scan. Take criterion='bic' or "
                    "'icl', or pass an array."
                )
            one = GaussianMixture()
            source = scan_to_fit(one, X, sample_weight)
            self.__dict__.pop("feature_names_in_", None)
            self.__dict__.update(_columns(one))
            return source
        X = validate_data(self, X, dtype=[np.float64, np.float32], ensure_min_samples=2)
        return ArrayBlocks(X, row_weights(sample_weight, X))

    def _folds(self, source: Source, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Row numbers to fit and to hold out, those of weight 0 left out."""
        weights = source.row_weights()
        counted = np.arange(source.n_rows) if weights is None else np.flatnonzero(weights)
        if not isinstance(self.cv, Integral):
            folds = check_cv(self.cv).split(np.arange(source.n_rows))
            return [(np.intersect1d(train, counted), np.intersect1d(test, counted)) for train, test in folds]
        n_folds = int(self.cv)
        if len(counted) < 2 * n_folds:
            raise ValueError(
                f"cv={self.cv} folds need at least {2 * self.cv} rows that count, and there are "
                f"{len(counted)}. Lower cv, or take another criterion."
            )
        folds = KFold(self.cv, shuffle=True, random_state=seed).split(counted)
        return [(counted[train], counted[test]) for train, test in folds]

    def _choose(self, run: SearchRun, cell: Cell, number: int) -> None:
        result = run.tried[cell].result
        assert result is not None  # noqa: S101 (what has a criterion has a fit)
        passed_on = {name: getattr(self, name) for name in _PASSED_ON}
        self.best_estimator_ = as_estimator(cell, result, run.source, passed_on, _columns(self))
        self.best_index_ = number
        self.best_score_ = getattr(self.results_[number], self.criterion)
        self.best_params_ = {"n_components": cell.n_components, "covariance_type": cell.covariance_type}
        if self.noise is not None:
            self.best_params_["noise"] = cell.noise_given
        self.__dict__.pop("labels_", None)
        self.n_iter_ = result.best.n_iter
        if hasattr(self.best_estimator_, "labels_"):
            self.labels_ = self.best_estimator_.labels_

    def _warn(self, completed: bool, n_done: int, n_cells: int) -> None:
        best = self.results_[self.best_index_]
        if not completed:
            warn(
                f"The search was interrupted with {n_done} of {n_cells} models fitted; the best of these is "
                "kept. fit with warm_start=True goes on.",
                SearchInterruptedWarning,
            )
        if not best.is_sound:
            warn(
                f"Every model that could be fitted is degenerate. The best of them, {best.model} with "
                f"{best.n_components} components, is kept: {best.reason}",
                DegenerateComponentWarning,
            )

    @property
    def table_(self) -> Any:
        """`results_` as columns: a dict of arrays, or a DataFrame where set_output asks for one."""
        check_is_fitted(self, "results_")
        columns = as_columns(self.results_)
        wanted = getattr(self, "_sklearn_output_config", {}).get("transform", "default")
        if wanted == "pandas":
            import pandas as pd  # noqa: PLC0415 (only where it is asked for)

            return pd.DataFrame(columns)
        if wanted == "polars":
            import polars as pl  # noqa: PLC0415 (only where it is asked for)

            return pl.DataFrame(columns)
        return columns

    # Using the best model

    def predict(self, X: Any) -> np.ndarray:
        """The most probable component of each row, ndarray of int of shape (n_samples,)."""
        return self._best().predict(X)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Memberships of each row, ndarray of shape (n_samples, n_components)."""
        return self._best().predict_proba(X)

    def transform(self, X: Any) -> np.ndarray:
        """The membership embedding of each row: `predict_proba`."""
        return self._best().predict_proba(X)

    def score_samples(self, X: Any) -> np.ndarray:
        """Log-density of each row in nats, ndarray of shape (n_samples,)."""
        return self._best().score_samples(X)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Mean log-density per row (weighted), in nats."""
        return self._best().score(X, y, sample_weight=sample_weight)

    def sample(self, n_samples: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Draw rows from the best mixture; see GaussianMixture."""
        return self._best().sample(n_samples)

    def bic(self, X: Any, sample_weight: Any = None) -> float:
        """The best mixture's BIC for X; smaller is better."""
        return self._best().bic(X, sample_weight)

    def aic(self, X: Any, sample_weight: Any = None) -> float:
        """The best mixture's AIC for X; smaller is better."""
        return self._best().aic(X, sample_weight)

    def icl(self, X: Any, sample_weight: Any = None) -> float:
        """The best mixture's ICL for X; smaller is better."""
        return self._best().icl(X, sample_weight)

    def _best(self) -> GaussianMixture:
        check_is_fitted(self, "best_estimator_")
        return self.best_estimator_

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns of `transform`: 'mixturesearch0', …, and 'mixturesearch_noise'."""
        names = super().get_feature_names_out(input_features)
        if has_noise(self.best_estimator_):
            names[-1] = f"{type(self).__name__.lower()}_noise"
        return names

    @property
    def _n_features_out(self) -> int:
        return n_memberships(self.best_estimator_)


_SETTINGS = tuple(name for name in _PASSED_ON if name not in {"random_state", "n_jobs"})


def _fingerprint(sweep: ThreadSweep) -> tuple[Any, ...]:
    """What tells these rows from others: how many, their weight, mean and covariance, to the bit."""
    spread, source = measure_spread(sweep, FactorShape.FULL), sweep.source
    return source.n_rows, source.total_weight, spread.mean.tobytes(), spread.factor.tobytes()


def _columns(estimator: Any) -> dict[str, Any]:
    """What `estimator` remembers of the columns."""
    return {
        name: vars(estimator)[name]
        for name in ("n_features_in_", "feature_names_in_")
        if name in vars(estimator)
    }


def _nothing_fitted(records: list[SearchRecord]) -> str:
    first = records[0]
    return (
        f"No model of the grid could be fitted. {first.model} with {first.n_components} component(s), "
        f"{first.status}: {first.reason}"
    )
