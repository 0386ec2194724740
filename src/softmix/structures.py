"""The covariance structures: the table that joins a name, a shape, an M-step and a count.

Names are mclust's (volume, shape, orientation: Equal, Varying, Identity); scikit-learn's
four are aliases.
"""

from collections.abc import Callable
from dataclasses import dataclass

from softmix import m_step
from softmix.m_step import CovarianceFloor
from softmix.parameters import FactorShape, GaussianParameters
from softmix.statistics import GaussianStatistics


@dataclass(frozen=True)
class Structure:
    """One covariance structure.

    Parameters
    ----------
    name : str
        mclust's name.
    shape : FactorShape
        How factors and scatters are stored.
    m_step : callable
        (statistics, floor) → parameters.
    n_covariance_parameters : callable
        (K, d) → the number of free parameters in the covariances.
    is_free : bool
        Whether nothing but their shape ties the covariances, so that any factors of that
        shape are a model of this structure.
    """

    name: str
    shape: FactorShape
    m_step: Callable[[GaussianStatistics, CovarianceFloor], GaussianParameters]
    n_covariance_parameters: Callable[[int, int], int]
    is_free: bool = False

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Free parameters of the whole mixture: covariances, means and weights."""
        K, d = n_components, n_features
        return self.n_covariance_parameters(K, d) + K * d + K - 1

    def rows_needed(self, n_features: int) -> float:
        """Rows that a component must own for its own part of the covariances to be determined.

        d + 2 for a matrix of its own, 3 for its own variances, 1 for none.
        """
        own = self.n_covariance_parameters(2, n_features) - self.n_covariance_parameters(1, n_features)
        return 1.0 + 2.0 * own / n_features


_VVV = Structure("VVV", FactorShape.FULL, m_step.vvv, lambda K, d: K * d * (d + 1) // 2, is_free=True)
_EEE = Structure("EEE", FactorShape.SHARED, m_step.eee, lambda K, d: d * (d + 1) // 2, is_free=True)  # noqa: ARG005
_VVI = Structure("VVI", FactorShape.DIAGONAL, m_step.vvi, lambda K, d: K * d, is_free=True)
_VII = Structure("VII", FactorShape.SCALAR, m_step.vii, lambda K, d: K, is_free=True)  # noqa: ARG005

STRUCTURES: dict[str, Structure] = {
    "full": _VVV,
    "tied": _EEE,
    "diag": _VVI,
    "spherical": _VII,
    "VVV": _VVV,
    "EEE": _EEE,
    "VVI": _VVI,
    "VII": _VII,
}
