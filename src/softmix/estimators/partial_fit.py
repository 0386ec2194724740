"""`partial_fit`: a mixture learns rows that come a block at a time (fit/online.py)."""

from abc import abstractmethod
from collections.abc import Generator
from contextlib import closing
from typing import Any, Self

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import validate_parameter_constraints
from sklearn.utils.metaestimators import available_if

from softmix.blocks import ArrayBlocks, Source
from softmix.blocks.incomplete import array_blocks
from softmix.blocks.scan import Scan
from softmix.estimators.all_or_nothing import all_or_nothing
from softmix.estimators.fitted import has_noise, holds, set_attributes
from softmix.estimators.given_noise import asks_noise
from softmix.estimators.given_prior import check_prior
from softmix.estimators.missing_values import validated
from softmix.estimators.row_weights import row_weights
from softmix.estimators.scanned import scan_to_learn
from softmix.estimators.warn import warn
from softmix.exceptions import DegenerateComponentWarning
from softmix.fit import FitPlan, Forgetting, RunResult, Stream, learn
from softmix.parameters import GaussianParameters
from softmix.structures import Structure
from softmix.sweep import ReadAhead, ThreadSweep, one_blas_thread, resolve_n_jobs

# Rows that a stream begins with, for each row that a component's covariance asks for.
_ROWS_TO_START = 10
_BLOCKS_AHEAD = 4
# What a fit says of its rows and its sweeps, and a stream has none of.
_OF_A_FIT = ("labels_", "lower_bounds_", "fit_report_", "_recent_bounds")

# The parameters that a step looks at.
_OF_A_STEP = ("n_components", "covariance_type", "reg_covar", "weights", "learning_decay", "half_life")


def _learns(estimator: Any) -> bool:
    """Whether there is a `partial_fit`: an AttributeError says why not."""
    if asks_noise(estimator.noise) or has_noise(estimator):
        raise AttributeError(
            "partial_fit does not learn a noise component: its box would have to hold rows yet to come. Set "
            "noise=None, or fit all rows, or a scan of them."
        )
    return True


class PartialFitMixin:
    """Adds `partial_fit` to an estimator of Gaussian mixtures.

    Of a stream it keeps `_stream`, what is known of the rows; `_began`, the weight of those that it
    began with; and `_gathered`, rows that are too few to begin.
    """

    n_components: int
    n_features_in_: int
    means_: np.ndarray
    reg_covar: float
    n_jobs: int | None
    prior: Any
    weights: str
    learning_decay: float
    half_life: float | None
    init_size: int | None
    missing: str | None
    _parameter_constraints: dict[str, list[Any]]

    @abstractmethod
    def _fit(self, source: Source) -> RunResult:
        """Fit `source`, and warn of what went wrong."""

    @abstractmethod
    def _structure(self) -> Structure:
        """That of `covariance_type`."""

    @abstractmethod
    def _parameters(self) -> GaussianParameters:
        """The parameters in the public attributes."""

    @abstractmethod
    def _check_goes_on(self, caller: str, n_features: int) -> None:
        """Raise a ValueError if the parameters are of another model than is now asked for."""

    @available_if(_learns)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:  # noqa: ARG002
        """Learn the rows of X, and forget some of what was known: stepwise EM.

        The first call is a `fit` of its rows, once they are `init_size`; until then rows are
        gathered. Each further call makes one step, s ← (1 − γ) s + γ s_X on the sufficient
        statistics, then the M-step. γ is reckoned in rows (see `learning_decay` and `half_life`): 10
        rows move the mixture less than 10,000 do. After `fit`, or `load`, it goes on from there; the
        rows that are gone count as rows distributed as the mixture says.

        On repeated passes over rows in random order it comes to where `fit` comes from the same
        start. It does not look for a better start or another number of components, and components
        are not placed anew. For rows that can be read again, `fit` of a :func:`~softmix.scan` is the
        better answer.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            One row or more: one step. Or a :func:`~softmix.scan`: it is read once, and each of its
            blocks, of 1,024 to 16,384 rows, is a step.
        y : Ignored
        sample_weight : array-like of shape (n_samples,), default=None
            Nonnegative row weights; a weight of 2 is the row twice.

        Returns
        -------
        self : GaussianMixture
            `n_samples_seen_` is the weight of all rows so far, `n_iter_` the number of steps,
            `lower_bound_` the mean log-likelihood per row, each row's before it was learned and as it
            is remembered. `converged_` is False; `labels_`, `lower_bounds_` and `fit_report_` are not
            there.

        Raises
        ------
        ValueError
            If X has NaN (unless `missing` takes it) or infinite values, or other columns than
            before; if `n_components` or `covariance_type` have changed since; with
            ``reg_covar=0``, if a covariance becomes singular. The estimator is then as it was
            before.
        """
        with all_or_nothing(self), closing(self._parts(X, sample_weight)) as parts:
            for rows in parts:
                self._learn(rows)
        return self

    def _parts(self, X: Any, sample_weight: Any) -> Generator[ArrayBlocks]:
        """What to learn in one step each."""
        first = not (hasattr(self, "means_") or self.__dict__.get("_gathered"))
        if isinstance(X, Scan):
            with ReadAhead(scan_to_learn(self, X, sample_weight, first=first), _BLOCKS_AHEAD) as blocks:
                while (taken := blocks.take()) is not None:
                    _, block = taken
                    yield ArrayBlocks(block.rows, block.weights)
        else:
            X = validated(self, X, allow_nan=self.missing is not None, reset=first)
            yield ArrayBlocks(X, row_weights(sample_weight, X))

    def _learn(self, rows: ArrayBlocks) -> None:
        stream = self._known(rows.n_features)
        if stream is None:
            self._gather(rows)
            return
        with self._sweep(rows) as sweep, one_blas_thread():
            block = sweep(stream.parameters)
            learned = learn(stream, block, self._plan_of_steps(), self._forgetting())
            set_attributes(self, learned.parameters, np.result_type(np.asarray(self.means_), rows.dtype))
            self._keep(learned)
        self._warn_of_new(learned, stream)

    def _known(self, n_features: int) -> Stream | None:
        """What is known of the rows so far; None before there are parameters."""
        if not hasattr(self, "means_"):
            return None
        self._validate_parameters_of_steps()
        self._check_goes_on("partial_fit", n_features)
        stream = self.__dict__.get("_stream")
        if stream is not None and holds(self, stream.parameters):
            return stream
        missing = [name for name in ("n_samples_seen_", "lower_bound_") if not hasattr(self, name)]
        if missing:
            raise ValueError(
                f"partial_fit goes on from a fit, but this {type(self).__name__} has parameters without "
                f"{' and '.join(missing)}: how many rows do they stand for, and how likely are those? "
                "Set these attributes, or begin at weights_init, means_init and precisions_init."
            )
        seen = float(self.n_samples_seen_)
        return Stream.of_mixture(
            self._parameters(), self.__dict__.get("_began", seen), seen, float(self.lower_bound_)
        )

    def _gather(self, rows: ArrayBlocks) -> None:
        gathered = [*self.__dict__.get("_gathered", ()), _copied(rows)]
        self._gathered = gathered
        if self._n_gathered() >= self._rows_to_start():
            self._begin(_joined(gathered))

    def _begin(self, rows: ArrayBlocks) -> None:
        degeneracies = tuple(self._fit(self._source(rows)).degeneracies)
        with self._sweep(rows) as sweep, one_blas_thread():
            statistics = sweep(self._parameters())
        weight = rows.total_weight
        self._keep(Stream(self._parameters(), statistics, weight, weight, 1, degeneracies))

    def _source(self, rows: ArrayBlocks) -> Source:
        """`rows` for a sweep, which must know whether values are missing."""
        names = getattr(self, "feature_names_in_", None)
        return array_blocks(rows.rows, rows.weights, None if names is None else tuple(names))

    def _sweep(self, rows: ArrayBlocks) -> ThreadSweep:
        return ThreadSweep(self._source(rows), resolve_n_jobs(self.n_jobs), grouping=False)

    def _keep(self, stream: Stream) -> None:
        for name in _OF_A_FIT:
            self.__dict__.pop(name, None)
        self._stream, self._fitted_structure = stream, self._structure().name
        self.n_samples_seen_, self.n_iter_ = stream.seen, stream.n_steps
        self.lower_bound_, self.converged_ = stream.mean_log_density, False

    def _stream_ends(self, weight: float) -> None:
        """Begin to count anew, at rows of this weight."""
        self.__dict__.pop("_stream", None)
        self.__dict__.pop("_gathered", None)
        self.n_samples_seen_ = self._began = weight

    def _validate_parameters_of_steps(self) -> None:
        """scikit-learn validates at the first call alone."""
        constraints = {name: self._parameter_constraints[name] for name in _OF_A_STEP}
        values = {name: getattr(self, name) for name in _OF_A_STEP}
        validate_parameter_constraints(constraints, values, type(self).__name__)

    def _plan_of_steps(self) -> FitPlan:
        """What a step needs of a plan: nothing is started, and nothing climbs."""
        structure, d = self._structure(), self.means_.shape[1]
        return FitPlan(
            structure=structure,
            n_components=self.n_components,
            tol=0.0,
            reg_covar=self.reg_covar,
            max_iter=1,
            n_init=1,
            init_params="given",
            prior=check_prior(self.prior, d, structure),
            equal_weights=self.weights == "equal",
        )

    def _forgetting(self) -> Forgetting:
        return Forgetting(self.learning_decay, self.half_life)

    def _rows_to_start(self) -> float:
        enough = _ROWS_TO_START * self._structure().rows_needed(self.n_features_in_) * self.n_components
        return max(enough if self.init_size is None else self.init_size, self.n_components, 2)

    def _n_gathered(self) -> int:
        return sum(_n_counted(rows) for rows in self._gathered)

    def _why_not_fitted(self) -> str | None:
        """Where rows are gathered, what is missing; else None."""
        if not self.__dict__.get("_gathered"):
            return None
        return (
            f"This %(name)s has gathered {self._n_gathered()} rows, and partial_fit begins with "
            f"{self._rows_to_start():.0f}. Give it more rows, or set init_size."
        )

    def _warn_of_new(self, now: Stream, before: Stream) -> None:
        known = {(d.components, d.columns) for d in before.degeneracies}
        for degeneracy in now.degeneracies:
            if (degeneracy.components, degeneracy.columns) not in known:
                names = getattr(self, "feature_names_in_", None)
                warn(degeneracy.describe(names), DegenerateComponentWarning)


def _n_counted(rows: ArrayBlocks) -> int:
    return rows.n_rows if rows.weights is None else int(np.count_nonzero(rows.weights))


def _copied(rows: ArrayBlocks) -> ArrayBlocks:
    """What the caller may write over."""
    return ArrayBlocks(rows.rows.copy(), None if rows.weights is None else rows.weights.copy())


def _joined(parts: list[ArrayBlocks]) -> ArrayBlocks:
    rows = np.concatenate([part.rows for part in parts])
    if all(part.weights is None for part in parts):
        return ArrayBlocks(rows)
    weights = [np.ones(part.n_rows) if part.weights is None else part.weights for part in parts]
    return ArrayBlocks(rows, np.concatenate(weights))
