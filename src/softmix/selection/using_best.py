"""What a search does once it has chosen: its best mixture does it."""

from typing import Any

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, ClusterMixin, DensityMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from softmix.estimators.fitted import has_noise, n_memberships
from softmix.estimators.gaussian_mixture import GaussianMixture


class UsesBest(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, DensityMixin):
    """The methods of a mixture, by `best_estimator_`."""

    best_estimator_: GaussianMixture

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

    def impute(self, X: Any, draws: int | None = None) -> np.ndarray:
        """Fill in missing values (NaN) by what the best mixture says of them; see GaussianMixture."""
        return self._best().impute(X, draws)

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
