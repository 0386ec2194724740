"""What a fitted mixture says of rows: memberships, densities, criteria, draws, files."""

from os import PathLike
from typing import Any

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    DensityMixin,
    TransformerMixin,
)
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from softmix.blocks import Source
from softmix.blocks.scan import Scan
from softmix.estimators.fitted import get_parameters, has_noise, n_memberships
from softmix.estimators.missing_values import array_source, completed, validated
from softmix.estimators.scanned import scan_to_score
from softmix.parameters import GaussianParameters, draw
from softmix.structures import STRUCTURES, Structure
from softmix.sweep import ThreadSweep, resolve_n_jobs


class FittedMixture(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, DensityMixin, BaseEstimator
):
    """The methods of an estimator of Gaussian mixtures that do not fit it."""

    covariance_type: str
    weights: str
    missing: str | None
    n_jobs: int | None
    random_state: Any
    means_: np.ndarray

    def _why_not_fitted(self) -> str | None:
        """What there is to say of a model without parameters, beside that it has none."""
        return None

    # Rows

    def predict(self, X: Any) -> np.ndarray:
        """The most probable component of each row, ndarray of int of shape (n_samples,)."""
        source = self._source_to_score(X)
        labels = np.empty(source.n_rows, dtype=np.int64)
        self._evaluate(source, labels=labels)
        return labels

    def predict_proba(self, X: Any) -> np.ndarray:
        """Memberships r_ik = p(z=k | x_i), ndarray of shape (n_samples, n_components).

        With `noise` there is one column more, the last.
        Rows sum to one, far rows' too: all is done in log space. Only where every density
        overflows (distances of 1e19 standard deviations in float32, 1e154 in float64) are they 0.
        """
        source = self._source_to_score(X)
        resp = np.empty((source.n_rows, n_memberships(self)), dtype=source.dtype)
        self._evaluate(source, resp=resp)
        return resp

    def transform(self, X: Any) -> np.ndarray:
        """The membership embedding of each row: `predict_proba`, (n_samples, n_components)."""
        return self.predict_proba(X)

    def score_samples(self, X: Any) -> np.ndarray:
        """Log-density log p(x_i) of each row in nats, ndarray of shape (n_samples,)."""
        source = self._source_to_score(X)
        log_norm = np.empty(source.n_rows, dtype=source.dtype)
        self._evaluate(source, log_norm=log_norm)
        return log_norm

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:  # noqa: ARG002
        """Mean log-density per row (weighted), in nats."""
        source = self._source_to_score(X, sample_weight)
        return self._log_likelihood(source) / source.total_weight

    def sample(self, n_samples: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Draw rows from the mixture.

        Parameters
        ----------
        n_samples : int, default=1

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            Component by component, noise last.
        y : ndarray of int of shape (n_samples,)
            The component of each row; -1 for noise.
        """
        check_is_fitted(self, msg=self._why_not_fitted())
        if n_samples < 1:
            raise ValueError(
                f"Invalid value for 'n_samples': {n_samples}. The sampling requires at least one sample."
            )
        X, y = draw(self._parameters(), n_samples, check_random_state(self.random_state))
        return X.astype(np.asarray(self.means_).dtype, copy=False), y

    def impute(self, X: Any, draws: int | None = None) -> np.ndarray:
        """Fill in missing values (NaN) by what the mixture says of them given the rest of their row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or Scan
            NaN is taken here whatever `missing` says.
        draws : int, default=None
            None gives each missing value its conditional mean, which is the best guess of it but
            has too little spread: for the uncertainty, analyse several draws from the conditional
            distribution (multiple imputation, Rubin 1987), seeded by `random_state`.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features), or (draws, n_samples, n_features)
            Observed values are as they were.
        """
        source = self._source_to_score(X, allow_nan=True)
        return completed(self._parameters(), source, draws, check_random_state(self.random_state))

    # Criteria

    def bic(self, X: Any, sample_weight: Any = None) -> float:
        """Bayesian information criterion, −2ℓ + ν log n; smaller is better (mclust's is −bic)."""
        source = self._source_to_score(X, sample_weight)
        return -2.0 * self._log_likelihood(source) + self._n_parameters() * np.log(source.total_weight)

    def aic(self, X: Any, sample_weight: Any = None) -> float:
        """Akaike information criterion, −2ℓ + 2ν; smaller is better."""
        source = self._source_to_score(X, sample_weight)
        return -2.0 * self._log_likelihood(source) + 2.0 * self._n_parameters()

    def icl(self, X: Any, sample_weight: Any = None) -> float:
        """Integrated completed likelihood, bic − 2 Σ_i log max_k r_ik; smaller is better.

        It is the BIC plus a price for rows that no component owns (Biernacki, Celeux & Govaert
        2000; as mclust computes it, with the opposite sign).
        """
        source = self._source_to_score(X, sample_weight)
        # Σ log max_k r_ik = Σ max_k log π_k N(x_i; μ_k, Σ_k) − ℓ: no memberships are stored.
        with ThreadSweep(source, resolve_n_jobs(self.n_jobs)) as sweep:
            classified = sweep.classification_log_likelihood(self._parameters())
        return -2.0 * classified + self._n_parameters() * np.log(source.total_weight)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the fitted model to one file, without pickle; `softmix.load` reads it back."""
        from softmix.store import save  # noqa: PLC0415 (a consumer, above this layer)

        save(self, path)

    def write_predictions(self, source: Any, path: str | PathLike[str]) -> None:
        """Write what the mixture says of each row to a table file, however many rows there are.

        The columns are the ids of the scan, then `label`, `membership_0` … (`membership_noise` is
        the last, of a mixture with noise), `uncertainty`
        (1 − the largest membership) and `log_density`.

        Parameters
        ----------
        source : Scan, or anything that `softmix.scan` takes
        path : path
            A .parquet or .csv file. It is written under another name, in bounded memory, and moved
            into place at the end.
        """
        from softmix.store import write_predictions  # noqa: PLC0415 (a consumer, above this layer)

        write_predictions(self, source, path)

    def _n_parameters(self) -> int:
        K, d = np.shape(self.means_)
        equal_weights = self.weights == "equal"
        return self._structure().n_parameters(K, d, equal_weights=equal_weights, noise=has_noise(self))

    # The fitted state as the layers below see it

    def _structure(self) -> Structure:
        return STRUCTURES[self.covariance_type]

    def _parameters(self) -> GaussianParameters:
        """The parameters as stored in the public attributes, which the user may have set."""
        return get_parameters(self, self._structure().shape)

    def _source_to_score(self, X: Any, sample_weight: Any = None, *, allow_nan: bool = False) -> Source:
        check_is_fitted(self, msg=self._why_not_fitted())
        allow_nan = allow_nan or self.missing is not None
        if isinstance(X, Scan):
            return scan_to_score(self, X, sample_weight, allow_nan=allow_nan)
        X = validated(self, X, allow_nan=allow_nan, reset=False)
        if X.shape[1] != np.shape(self.means_)[-1]:  # a model whose attributes the user set
            raise ValueError(
                f"X has {X.shape[1]} features, but the means_ of this {type(self).__name__} have "
                f"{np.shape(self.means_)[-1]}."
            )
        return array_source(self, X, sample_weight)

    def _evaluate(self, source: Source, **outputs: np.ndarray) -> None:
        with ThreadSweep(source, resolve_n_jobs(self.n_jobs)) as sweep:
            sweep.evaluate(self._parameters(), **outputs)

    def _log_likelihood(self, source: Source) -> float:
        with ThreadSweep(source, resolve_n_jobs(self.n_jobs)) as sweep:
            return sweep.log_likelihood(self._parameters())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing is not None
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "means_")  # a stream that gathers rows knows its columns before

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the columns of `transform`: 'gaussianmixture0', …, and 'gaussianmixture_noise'."""
        names = super().get_feature_names_out(input_features)
        if has_noise(self):
            names[-1] = f"{type(self).__name__.lower()}_noise"
        return names

    @property
    def _n_features_out(self) -> int:
        return n_memberships(self)
