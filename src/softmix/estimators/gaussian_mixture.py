"""GaussianMixture: scikit-learn's estimator, on softmix's sweep."""

from dataclasses import replace
from numbers import Integral, Real
from operator import itemgetter
from os import PathLike
from typing import Any, Self

import numpy as np
from sklearn.base import (
    _fit_context,
)
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from softmix.blocks import ArrayBlocks, Source
from softmix.blocks.incomplete import IncompleteArray
from softmix.blocks.scan import Scan
from softmix.estimators.all_or_nothing import all_or_nothing
from softmix.estimators.asked_for import checkpoint_of, plan_for, source_to_fit
from softmix.estimators.callbacks import CallbackSupportMixin, callbacks_told
from softmix.estimators.fitted import set_attributes
from softmix.estimators.partial_fit import PartialFitMixture
from softmix.estimators.warn import warn_of
from softmix.estimators.watching import watching
from softmix.fit import FitPlan, FitResult, RunResult, fit_mixture
from softmix.parameters import GaussianParameters
from softmix.structures import STRUCTURES
from softmix.sweep import ThreadSweep, one_blas_thread, resolve_n_jobs

_INIT_PARAMS = {"auto", "hierarchical", "kmeans", "k-means++", "random", "random_from_data"}


class GaussianMixture(CallbackSupportMixin, PartialFitMixture):
    """Gaussian mixture fitted by expectation-maximisation.

    A drop-in for :class:`sklearn.mixture.GaussianMixture`, many times faster, with row weights
    and with the memberships as an embedding (`transform`). The density is

        p(x) = Σ_k π_k N(x; μ_k, Σ_k).

    Parameters
    ----------
    n_components : int, default=1
        The number of components, K.
    covariance_type : {'full', 'tied', 'diag', 'spherical', 'EII', 'VII', 'EEI', 'VEI', 'EVI', \
'VVI', 'EEE', 'VEE', 'EVE', 'VVE', 'EEV', 'VEV', 'EVV', 'VVV', 'E', 'V'}, default='full'
        What the covariances may be: one free matrix a component ('full', mclust's VVV), one
        matrix for all ('tied', EEE), one variance a component and column ('diag', VVI), or
        one variance a component ('spherical', VII). mclust's names say which of volume, shape
        and orientation are equal (E), vary (V), or are the identity (I); E and V alone are for
        one column.
    tol : float, default=1e-5
        Stop when the gain in log-likelihood still to come, projected from the last three
        iterations, is at most this many nats per row, twice in a row; or when 100 iterations
        in a row each gained no more. On the problems of `benchmarks/` the default left less
        than 1e-4. With 0, `max_iter` iterations are made.
    reg_covar : float, default=1e-14
        The covariance floor, as a share of the data's own spread S (the covariance that a
        single component of the same type would have): Σ_k ⪰ reg_covar · S. It does not
        depend on units and is not added to sound covariances. 0 forbids the floor: a
        covariance that is singular is then an error.
    max_iter : int, default=1000
        The largest number of sweeps of all rows in a run.
    n_init : int, default=1
        The number of starts. Of runs with equally few degenerate components the one with the
        highest log-likelihood is kept.
    init_params : {'auto', 'hierarchical', 'kmeans', 'k-means++', 'random', 'random_from_data'}, \
default='auto'
        How a run starts. 'auto' climbs from several places on a sample of the rows, splits and
        merges components, and begins at the best that it found more than once; 'hierarchical' is
        model-based agglomeration, as mclust starts; the others are scikit-learn's. All starts work
        in coordinates without units.
    weights_init : array-like of shape (n_components,), default=None
        Initial weights.
    means_init : array-like of shape (n_components, n_features), default=None
        Initial means.
    precisions_init : array-like, default=None
        Initial precisions (inverse covariances), of the shape of `precisions_`.
    random_state : int, RandomState instance or None, default=None
        Seeds the starts and `sample`.
    warm_start : bool, default=False
        Begin at the solution of the last call to `fit`.
    verbose : int, default=0
        1 prints iterations; 2 adds log-likelihoods and seconds.
    verbose_interval : int, default=10
        Iterations between two printed lines.
    n_jobs : int, default=None
        Threads. None uses every core that the process may use, within OMP_NUM_THREADS and
        joblib's limits. The answer has the same bits for any number.
    acceleration : {'squarem'} or None, default='squarem'
        Extrapolate every second iteration (SQUAREM), and go back where that lost: the fit
        needs fewer sweeps and the log-likelihood never falls. None is EM alone.

    prior : {'default'}, dict or None, default=None
        A conjugate prior for means and covariances, which keeps components from collapsing: with
        it, EM climbs to the maximum of the posterior (Fraley & Raftery 2007). 'default' takes
        mclust's values; a dict gives some of them: 'shrinkage' (κ, 0.01; 0 leaves the means
        without a prior), 'mean' (of shape (d,), that of the rows), 'dof' (ν, d + 2), and 'scale'
        (Λ, the covariance of the rows / K^{2/d}; for diagonal and spherical types one variance).
    weights : {'free', 'equal'}, default='free'
        'equal' holds every weight at 1 / K.
    resp_init : array-like of shape (n_samples,) or (n_samples, n_components), default=None
        Labels, -1 for a row that has none, or memberships to begin with, of the rows that `fit`
        is given. What else is given of the start takes the place of what they say.
    learning_decay : float, default=0.7
        α in (0.5, 1], of `partial_fit` alone. After n rows the mixture remembers about
        n₀^{1−α} n^α of them, n₀ being those that it began with. 1 remembers all alike; less
        forgets sooner what was computed under early parameters.
    half_life : float, default=None
        For streams that drift, of `partial_fit` alone: after so many rows (their weight, where
        they have weights) what was known counts half, and the memory grows no more. None: it grows.
    init_size : int, default=None
        Rows that `partial_fit` gathers before it begins. None: 10 for each row that a covariance
        asks for (d + 2 for 'full', 3 for 'diag' and 'spherical', 1 where all share one) and component.
    checkpoint : path, default=None
        A file in which a long fit keeps where it is. A later fit of the same rows with the same
        parameters and path, in another process too, goes on from there and comes to the same bits as
        one that never stopped; with others it refuses. When the fit is done the file is removed.
    checkpoint_every : float or str, default=60
        Seconds between two checkpoints, or, as '10 sweeps', sweeps: what a fit loses at most that is
        killed. One is also written before the first sweep from each start. The largest part of a
        checkpoint are the groups of rows that a fit of 24 components and more may make: some 5 bytes a
        row.
    progress : bool or 'auto', default=False
        Show a line with run, sweep, log-likelihood, the gain still to come and rows a second while
        the fit lasts, on standard error or in a notebook. 'auto' does so on a terminal, where rich is
        installed, or in a notebook alone; True needs rich, but in a notebook.
    missing : {'marginal'} or None, default=None
        What NaN means. None refuses it. With 'marginal' it is a missing value, and each row counts by
        the marginal density of what is observed of it: exact maximum likelihood where values are
        missing at random (Ghahramani & Jordan 1994). `predict` and the rest then take NaN too.
    noise : bool, float or array-like of bool of shape (n_samples,), default=None
        Give rows that belong to no cluster a component of their own, uniform over a box that
        holds all rows. True guesses which rows begin as noise; a number between 0 and 1 takes
        that share of them, those in the emptiest places; a mask marks them, as mclust's
        ``initialization=list(noise=)`` does. With True, rows without a label in `resp_init` begin
        as noise. Memberships have one column more, the last, and a label of -1 means noise.

    Attributes
    ----------
    weights_ : ndarray of shape (n_components,)
        They sum to one; with `noise`, to ``1 - noise_weight_``.
    means_ : ndarray of shape (n_components, n_features)
    covariances_ : ndarray
        (K, d, d) for 'full', (d, d) for 'tied', (K, d) for 'diag', (K,) for 'spherical'. Of
        mclust's names, EEE has (d, d), those that end in II (K,), others in I (K, d), and the
        rest (K, d, d).
    precisions_ : ndarray
        Inverses of `covariances_`, of the same shape.
    precisions_cholesky_ : ndarray
        Upper triangular P_k with P_k P_kᵀ = Σ_k⁻¹ (for 'diag' and 'spherical' square roots).
    converged_ : bool
    n_iter_ : int
        Sweeps of all rows in the best run.
    fit_report_ : FitReport
        Sweeps, rows touched, starts tried, why it stopped and what was degenerate.
    lower_bound_ : float
        Mean log-likelihood per row (weighted) of the data under the stored parameters.
    lower_bounds_ : list of float
        The same at each iteration of the best run; with a prior, and its logarithm per row, up to
        a constant, so that it never falls.
    labels_ : ndarray of shape (n_samples,)
        The most probable component of each row of the data, where they were in memory; -1 for
        noise.
    n_samples_seen_ : float
        The weight of the rows of `fit` and of all calls of `partial_fit` since.
    noise_weight_ : float
        With `noise`, the share of the rows that is noise.
    noise_log_density_ : float
        With `noise`, its log-density at every row: the logarithm of one over the box's volume.
    noise_box_ : ndarray of shape (n_features + 1, n_features)
        With `noise`, a corner of the box and the edges that leave it: the smaller of the box along
        the columns and that along the principal components.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)

    Notes
    -----
    The log-likelihood never falls between iterations. Where a covariance would become
    singular, the floor holds it and a :class:`~softmix.DegenerateComponentWarning` names the
    component and its columns.

    References
    ----------
    Dempster, Laird & Rubin (1977), "Maximum likelihood from incomplete data via the EM
    algorithm".

    Examples
    --------
    >>> import numpy as np
    >>> from softmix import GaussianMixture
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> gm = GaussianMixture(n_components=2, covariance_type="tied", random_state=0).fit(X)
    >>> gm.means_[gm.means_[:, 0].argsort()].round(6) + 0.0
    array([[ 1.,  2.],
           [10.,  2.]])
    >>> bool(gm.predict([[0, 0]]) == gm.predict([[1, 1]]))
    True
    """

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012 (scikit-learn's protocol)
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "covariance_type": [StrOptions(set(STRUCTURES))],
        "tol": [Interval(Real, 0.0, None, closed="left")],
        "reg_covar": [Interval(Real, 0.0, None, closed="left")],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "init_params": [StrOptions(_INIT_PARAMS)],
        "weights_init": ["array-like", None],
        "means_init": ["array-like", None],
        "precisions_init": ["array-like", None],
        "random_state": ["random_state"],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
        "verbose_interval": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "acceleration": [StrOptions({"squarem"}), None],
        "prior": [StrOptions({"default"}), dict, None],
        "weights": [StrOptions({"free", "equal"})],
        "resp_init": ["array-like", None],
        "learning_decay": [Interval(Real, 0.5, 1.0, closed="right")],
        "half_life": [Interval(Real, 0.0, None, closed="neither"), None],
        "init_size": [Interval(Integral, 1, None, closed="left"), None],
        "checkpoint": [str, PathLike, None],
        "checkpoint_every": [Real, str],
        "progress": ["boolean", StrOptions({"auto"})],
        "missing": [StrOptions({"marginal"}), None],
        "noise": ["boolean", Interval(Real, 0.0, 1.0, closed="neither"), "array-like", None],
    }

    def __init__(  # noqa: PLR0913 (scikit-learn's parameters)
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        tol: float = 1e-5,
        reg_covar: float = 1e-14,
        max_iter: int = 1000,
        n_init: int = 1,
        init_params: str = "auto",
        weights_init: Any = None,
        means_init: Any = None,
        precisions_init: Any = None,
        random_state: Any = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
        n_jobs: int | None = None,
        acceleration: str | None = "squarem",
        prior: Any = None,
        weights: str = "free",
        resp_init: Any = None,
        learning_decay: float = 0.7,
        half_life: float | None = None,
        init_size: int | None = None,
        checkpoint: str | PathLike[str] | None = None,
        checkpoint_every: float | str = 60,
        progress: bool | str = False,
        missing: str | None = None,
        noise: Any = None,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.verbose_interval = verbose_interval
        self.n_jobs = n_jobs
        self.acceleration = acceleration
        self.prior = prior
        self.weights = weights
        self.resp_init = resp_init
        self.learning_decay = learning_decay
        self.half_life = half_life
        self.init_size = init_size
        self.checkpoint = checkpoint
        self.checkpoint_every = checkpoint_every
        self.progress = progress
        self.missing = missing
        self.noise = noise

    # Fitting

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Fit the mixture to the rows of X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Arrays, pandas, polars and Arrow tables. float32 is fitted in float32 with float64
            sums; everything else in float64. Arrays of either are viewed, not copied. Or a
            :func:`~softmix.scan` of rows that need not fit in memory; `labels_` is then left out.
        y : Ignored
        sample_weight : array-like of shape (n_samples,), default=None
            Nonnegative row weights; a weight of 2 is the row twice, of 0 the row left out.

        Returns
        -------
        self : GaussianMixture

        Raises
        ------
        ValueError
            If X has NaN (unless `missing` takes it) or infinite values, or fewer rows than components; if an
            initial parameter is malformed; with ``reg_covar=0``, if a covariance is singular at the
            start; if `checkpoint` is damaged or of another fit. The estimator is then as it was
            before.
        KeyboardInterrupt
            On Ctrl-C before a sweep of all rows is done, or on a second one. The first one after that
            ends the fit with the best parameters so far and a
            :class:`~softmix.FitInterruptedWarning`; `converged_` is False, and `fit_report_.stopped`
            'interrupted'.
        """
        with callbacks_told(self, X=X, y=y, metadata={"sample_weight": sample_weight}), all_or_nothing(self):
            self._fit(source_to_fit(self, X, sample_weight))
        return self

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None) -> np.ndarray:
        """Fit the mixture and give the most probable component of each row, shape (n_samples,)."""
        fitted = self.fit(X, y, sample_weight=sample_weight)
        return fitted.predict(X) if isinstance(X, Scan) else fitted.labels_

    def fit_transform(self, X: Any, y: Any = None, sample_weight: Any = None) -> np.ndarray:
        """Fit the mixture and give the memberships of each row, shape (n_samples, n_components)."""
        return self.fit(X, y, sample_weight=sample_weight).transform(X)

    def _fit(self, source: Source) -> RunResult:
        plan, checkpoint = plan_for(self, source), checkpoint_of(self)
        with (
            ThreadSweep(source, resolve_n_jobs(self.n_jobs)) as sweep,
            one_blas_thread(),
            watching(self, source) as watcher,
        ):
            watched = replace(plan, watcher=watcher, interruptible=True)
            result = fit_mixture(sweep, watched, check_random_state(self.random_state), checkpoint)
            try:
                self._keep_result(sweep, plan, result)
            except KeyboardInterrupt:
                if result.was_interrupted:
                    raise
                # The first Ctrl-C finds a fit that lacks but its labels.
                result = result.interrupted()
                self._keep_result(sweep, plan, result)
        warn_of(self, result)
        if checkpoint is not None and not result.was_interrupted:
            checkpoint.remove()
        return result.best

    def _keep_result(self, sweep: ThreadSweep, plan: FitPlan, result: FitResult) -> None:
        best = result.best
        self.converged_ = best.converged and not result.was_interrupted
        self.n_iter_ = best.n_iter
        self.lower_bounds_ = best.trace
        self.fit_report_ = result.report
        self._recent_bounds = best.recent
        self._fitted_structure = plan.structure.name
        self._stream_ends(sweep.source.total_weight)
        self._settle(sweep, plan, best)

    def _settle(self, sweep: ThreadSweep, plan: FitPlan, best: RunResult) -> None:
        """Store the parameters of `best`, and the labels and bound that belong to them as stored.

        At the top a step can lose by rounding alone: it is taken back, so that the bound never falls within
        a fit, nor from one to the next. After a step that gained but rounding the last is not looked at.
        """
        earlier = [(-np.inf, best.parameters)]
        if plan.resumed is not None:
            earlier.append((getattr(self, "lower_bound_", -np.inf), plan.resumed.parameters))
        if best.trace and plan.prior is None:  # with a prior, the trace is of another height
            earlier.append((best.trace[-1], best.swept))
        highest, parameters = max(earlier, key=itemgetter(0))
        rounding = np.finfo(sweep.source.dtype).eps * max(1.0, abs(highest))
        alone = plan.resumed is None and plan.prior is None and len(best.trace) > 1
        is_still = alone and highest - best.trace[-2] <= rounding
        self._store(sweep, parameters if is_still else best.parameters)
        if not is_still and 0 < highest - self.lower_bound_ <= 64 * rounding:
            self._store(sweep, parameters)

    def _store(self, sweep: ThreadSweep, parameters: GaussianParameters) -> None:
        set_attributes(self, parameters, sweep.source.dtype)
        log_likelihood = sweep.log_likelihood(self._parameters(), **self._labels_to_fill(sweep.source))
        self.lower_bound_ = log_likelihood / sweep.source.total_weight

    def _labels_to_fill(self, source: Source) -> dict[str, np.ndarray]:
        if not isinstance(source, (ArrayBlocks, IncompleteArray)):
            # 8 bytes a row may be more than there is memory
            self.__dict__.pop("labels_", None)
            return {}
        self.labels_ = np.empty(source.n_rows, dtype=np.int64)
        return {"labels": self.labels_}
