"""Covariances as standard deviations and correlations: what does not depend on units, and its condition."""

from dataclasses import dataclass

import numpy as np

from softmix.parameters import GaussianParameters

# Correlations of which the inverse has a larger trace for each column are not factored or inverted as they
# are: an E-step would be wrong by more than a millionth of a millionth.
ILL_CONDITIONED = 1e4
_VERY_WELL_CONDITIONED = 1e3


@dataclass(frozen=True, eq=False)
class Correlations:
    """Of each covariance matrix (one where components share it).

    Parameters
    ----------
    scale : ndarray of shape (K or 1, d)
        Standard deviations.
    roots : ndarray of shape (K or 1, d, d)
        Cholesky factors of the correlations.
    factors : ndarray of shape (K or 1, d, d)
        The inverses of `roots`.
    """

    scale: np.ndarray
    roots: np.ndarray
    factors: np.ndarray

    @classmethod
    def of(cls, parameters: GaussianParameters) -> "Correlations":
        """Those of `parameters` whose factors are matrices."""
        d = parameters.n_features
        roots = parameters.cholesky_factors().reshape(-1, d, d)
        scale = np.linalg.norm(roots, axis=2)
        factors = parameters.factors.reshape(-1, d, d) * scale[:, None, :]
        return cls(scale, roots / scale[:, :, None], factors)

    @property
    def are_well_conditioned(self) -> bool:
        """Whether they can be factored as they are."""
        return self._condition <= ILL_CONDITIONED

    @property
    def are_very_well_conditioned(self) -> bool:
        """Whether even products of their inverses can be trusted."""
        return self._condition <= _VERY_WELL_CONDITIONED

    @property
    def _condition(self) -> float:
        return float(np.square(self.factors).sum(axis=(1, 2)).max() / self.scale.shape[1])

    def matrices(self) -> np.ndarray:
        return self.roots @ self.roots.swapaxes(1, 2)
