"""MixtureSearch: fit a grid of mixtures and choose one."""

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from softmix.blocks import Source
from softmix.blocks.scan import Scan
from softmix.estimators.all_or_nothing import all_or_nothing
from softmix.estimators.gaussian_mixture import GaussianMixture
from softmix.estimators.given_noise import refuse_noise_beside_missing
from softmix.estimators.missing_values import array_source, validated
from softmix.estimators.scanned import scan_to_fit
from softmix.estimators.warn import warn
from softmix.exceptions import DegenerateComponentWarning, SearchInterruptedWarning
from softmix.selection.callbacks import (
    CallbackSupportMixin,
    ModelTasks,
    begin_search,
    end_search,
    set_up_callbacks,
)
from softmix.selection.choose_types import check_noises, check_sizes, check_types, grid
from softmix.selection.chosen import as_estimator
from softmix.selection.priors import check_priors
from softmix.selection.progress import progress_shown
from softmix.selection.record import LARGER_IS_BETTER, SearchRecord, as_table, ranked
from softmix.selection.rows import draw_folds, fingerprint
from softmix.selection.run import Ending, SearchRun, Tried
from softmix.selection.settings import Cell, Settings
from softmix.selection.using_best import UsesBest
from softmix.selection.watching import Watching
from softmix.sweep import resolve_n_jobs

_PASSED_ON = (
    *("tol", "reg_covar", "max_iter", "n_init", "init_params", "random_state", "n_jobs"),
    *("acceleration", "weights", "missing"),
)
_INIT_PARAMS = {"auto", "hierarchical", "kmeans", "k-means++", "random", "random_from_data"}


class MixtureSearch(UsesBest, CallbackSupportMixin, BaseEstimator):
    """Choose the number of components and the covariance type of a Gaussian mixture.

    Every model of the grid is fitted, and the one with the best criterion is kept. The search for
    starts is shared: it goes along all numbers of components at once. The best model is then fitted from
    a search of its own too, and the better fit stays (but not with criterion='cv').

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
    prior : None, 'default', dict, or several of them, default=None
        As of GaussianMixture; of several, such as ``(None, "default")``, every model is tried with
        each. The criteria are of the likelihood, the prior not counted, as mclust's: a prior costs
        likelihood, so it is chosen where a model is degenerate without.
    weights : {'free', 'equal'}, default='free'
    noise : None, bool, float, mask, or several of them, default=None
        As of GaussianMixture; of several, such as ``(None, True)``, every model is tried with each.
        criterion='cv' takes no mask.
    missing : {'marginal'} or None, default=None
        What NaN means, as of GaussianMixture. With 'marginal' every model is fitted to what is observed
        of each row, and the criteria are of that likelihood; where values are missing, every model
        searches for a start of its own.
    progress : bool, 'auto' or callable, default=False
        True shows a bar on standard error (with rich, an extra) or in a notebook, with the best model
        so far; 'auto' one only where that is a terminal or a notebook. A callable is called as
        ``progress(record, n_done, n_models)`` after each model, one call at a time.

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
        Its `n_components` and `covariance_type`, and, where they were asked for, its `noise` and
        `prior`.
    best_score_ : float
        Its criterion, of the sign that `criterion` has.
    best_index_ : int
        Its place in `results_`.
    stopped_ : str
        'completed', or what ended the search early: 'interrupted' (Ctrl-C) or 'callback'.
    n_iter_ : int
        The best model's sweeps.
    labels_ : ndarray of shape (n_samples,)
        The most probable component of each row, where rows were in memory.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)

    Notes
    -----
    Ctrl-C ends the search and keeps what is fitted so far, with a
    :class:`~softmix.SearchInterruptedWarning`; `results_` has the models that are fitted. With
    ``warm_start=True`` another `fit` of the same rows fits the others only, in another process too:
    the estimator is pickled with all that it has fitted.

    scikit-learn's callbacks (``set_callbacks``, from its version 1.9 on) are told of each model as a
    task of the search. One that asks to stop ends the search, and what is fitted is kept.

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
        "prior": [object],
        "weights": [StrOptions({"free", "equal"})],
        "noise": [object],
        "missing": [StrOptions({"marginal"}), None],
        "progress": ["boolean", StrOptions({"auto"}), callable],
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
        missing: str | None = None,
        progress: Any = False,
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
        self.missing = missing
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
        set_up_callbacks(self)
        with all_or_nothing(self):
            self._fit(X, sample_weight)
        end_search(self, X=X, metadata={"sample_weight": sample_weight})
        return self

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None) -> np.ndarray:
        """Search, and give the most probable component of each row, shape (n_samples,)."""
        fitted = self.fit(X, y, sample_weight=sample_weight)
        return fitted.predict(X) if isinstance(X, Scan) else fitted.labels_

    def fit_transform(self, X: Any, y: Any = None, sample_weight: Any = None) -> np.ndarray:
        """Search, and give the memberships of each row, shape (n_samples, n_components)."""
        return self.fit(X, y, sample_weight=sample_weight).transform(X)

    def _fit(self, X: Any, sample_weight: Any) -> None:
        refuse_noise_beside_missing(self.noise, self.missing)
        sizes = check_sizes(self.n_components)
        source = self._source(X, sample_weight)
        noises = check_noises(self.noise, source.n_rows)
        if self.criterion == "cv" and any(isinstance(noise, bytes) for noise in noises):
            raise ValueError(
                "noise marks rows, and criterion='cv' leaves some of them out. Set noise=True, or a share."
            )
        types = check_types(self.covariance_type, source.n_features)
        cells = grid(types, sizes, noises, check_priors(self.prior, types, source.n_features))
        settings, tried = self._remembered(source)
        folds = draw_folds(source, self.cv, settings.seed) if self.criterion == "cv" else ()
        known = sum(cell in tried for cell in cells)
        begin_search(self, len(cells) - known, X=X, metadata={"sample_weight": sample_weight})
        with progress_shown(self.progress, self.criterion) as show:
            watching = Watching(show, ModelTasks(self), known, len(cells))
            n_jobs = resolve_n_jobs(self.n_jobs)
            run = SearchRun(source, settings, self.criterion, sizes, n_jobs, watching, folds, dict(tried))
            ending = run.go(cells)
        done = [cell for cell in cells if cell in run.tried]
        records = [run.tried[cell].record for cell in done]
        order = ranked(records, self.criterion)
        if not order:
            if ending is Ending.INTERRUPTED:
                raise KeyboardInterrupt
            raise ValueError(_nothing_fitted(records))
        self.results_, self._tried, self.stopped_ = records, run.tried, str(ending)
        self._choose(run, done[order[0]], order[0])
        self._warn(ending, len(done), len(cells))

    def _remembered(self, source: Source) -> tuple[Settings, dict[Cell, Tried]]:
        """How to fit, and the models of an earlier fit, if that was of the same rows and settings."""
        asked = {name: getattr(self, name) for name in (*_SETTINGS, "random_state", "cv")}
        key = fingerprint(source, resolve_n_jobs(self.n_jobs)), repr(asked), self.criterion == "cv"
        if self.warm_start and getattr(self, "_fitted_to", None) == key:
            return vars(self)["_settings"], self._tried
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        self._fitted_to: Any = key
        self._settings: Settings = Settings(**{name: getattr(self, name) for name in _SETTINGS}, seed=seed)
        return self._settings, {}

    def _source(self, X: Any, sample_weight: Any) -> Source:
        if isinstance(X, Scan):
            if self.criterion == "cv":
                raise ValueError(
                    "criterion='cv' draws folds of rows in memory, but X is a scan. Take criterion='bic' or "
                    "'icl', or pass an array."
                )
            one = GaussianMixture(missing=self.missing)
            source = scan_to_fit(one, X, sample_weight)
            self.__dict__.pop("feature_names_in_", None)
            self.__dict__.update(_columns(one))
            return source
        X = validated(self, X, allow_nan=self.missing is not None, ensure_min_samples=2)
        return array_source(self, X, sample_weight)

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
        if self.prior is not None:
            self.best_params_["prior"] = cell.prior_given
        self.__dict__.pop("labels_", None)
        self.n_iter_ = result.best.n_iter
        if hasattr(self.best_estimator_, "labels_"):
            self.labels_ = self.best_estimator_.labels_

    def _warn(self, ending: Ending, n_done: int, n_cells: int) -> None:
        best = self.results_[self.best_index_]
        if ending is Ending.INTERRUPTED:
            warn(
                f"The search was interrupted with {n_done} of {n_cells} models fitted; the best of these is "
                "kept. fit with warm_start=True goes on.",
                SearchInterruptedWarning,
            )
        if not best.is_sound:
            warn(
                f"Every model that could be fitted is degenerate. The best of them, {best.name} with "
                f"{best.n_components} components, is kept: {best.reason}",
                DegenerateComponentWarning,
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing is not None
        return tags

    @property
    def table_(self) -> Any:
        """`results_` as columns: a dict of arrays, or a DataFrame where set_output asks for one."""
        check_is_fitted(self, "results_")
        return as_table(
            self.results_, getattr(self, "_sklearn_output_config", {}).get("transform", "default")
        )


_SETTINGS = tuple(name for name in _PASSED_ON if name not in {"random_state", "n_jobs", "missing"})


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
        f"No model of the grid could be fitted. {first.name} with {first.n_components} component(s), "
        f"{first.status}: {first.reason}"
    )
