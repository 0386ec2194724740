"""The covariance structures: the table that joins a name, a shape, an M-step and a count.

Names are mclust's (volume, shape, orientation: Equal, Varying, Identity); scikit-learn's
four are aliases, and so are mclust's E and V, for data of one column.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from softmix import m_step
from softmix.m_step import ConjugatePrior, CovarianceFloor, Moments, moments
from softmix.parameters import FactorShape, GaussianParameters
from softmix.statistics import GaussianStatistics

# Covariances that differ by less are the same but for rounding.
_SAME = 1e-9


class Equivariance(StrEnum):
    """The linear maps of the rows that a structure follows: it fits the moved rows by moving its fit."""

    AFFINE = "affine"  # any invertible map
    COLUMNS = "columns"  # each column's own scale
    ROTATIONS = "rotations"  # rotations, and one scale for all columns


@dataclass(frozen=True)
class Structure:
    """One covariance structure.

    Parameters
    ----------
    name : str
        mclust's name.
    shape : FactorShape
        How factors and scatters are stored.
    equivariance : Equivariance
    covariances : callable
        (moments, floor) → factors, of a covariance M-step in closed form; of one by iteration,
        (moments, floor, previous factors or None) → factors.
    n_covariance_parameters : callable
        (K, d) → the number of free parameters in the covariances.
    iterative : bool
        Whether `covariances` iterates, and begins at the previous factors.
    is_free : bool
        Whether nothing but their shape ties the covariances, so that any factors of that
        shape are a model of this structure.
    """

    name: str
    shape: FactorShape
    equivariance: Equivariance
    covariances: Callable[..., np.ndarray]
    n_covariance_parameters: Callable[[int, int], int]
    iterative: bool = False
    is_free: bool = False

    @property
    def one_covariance(self) -> bool:
        """Whether one covariance serves all components."""
        return self.n_covariance_parameters(2, 2) == self.n_covariance_parameters(1, 2)

    def n_parameters(
        self, n_components: int, n_features: int, *, equal_weights: bool = False, noise: bool = False
    ) -> int:
        """Free parameters of the whole mixture: covariances, means and weights.

        Noise has two, as mclust counts: its weight, and the volume that it fills.
        """
        K, d = n_components, n_features
        weights = 0 if equal_weights else K - 1
        return self.n_covariance_parameters(K, d) + K * d + weights + (2 if noise else 0)

    def rows_needed(self, n_features: int) -> float:
        """Rows that a component must own for its own part of the covariances to be determined.

        d + 2 for a matrix of its own, 3 for its own variances, 1 for none.
        """
        own = self.n_covariance_parameters(2, n_features) - self.n_covariance_parameters(1, n_features)
        return 1.0 + 2.0 * own / n_features

    def floor(self, factor: np.ndarray, share: float, constant: np.ndarray) -> CovarianceFloor:
        """The covariance floor, of `factor` from the spread of all rows; see CovarianceFloor."""
        if self.equivariance is Equivariance.ROTATIONS and factor.ndim == 2:
            return CovarianceFloor.round(factor, share, constant)
        if factor.ndim == 2:
            return CovarianceFloor.resolved(factor, share, constant)
        return CovarianceFloor(factor, share)

    def m_step(
        self,
        statistics: GaussianStatistics,
        floor: CovarianceFloor,
        previous: GaussianParameters | None = None,
        prior: ConjugatePrior | None = None,
        *,
        equal_weights: bool = False,
    ) -> GaussianParameters:
        """The M-step: the expected log-likelihood is at its maximum, or above that of `previous`.

        With a prior, it is the expected log-posterior.

        Parameters
        ----------
        statistics : GaussianStatistics
        floor : CovarianceFloor
        previous : GaussianParameters, optional
            Those of the sweep that gave the statistics. Steps by iteration begin there; without
            them they may end in another maximum.
        prior : ConjugatePrior, optional
        equal_weights : bool
            Hold every weight at 1 / K.
        """
        found = moments(statistics)
        found = found.with_equal_weights() if equal_weights else found
        found = found if prior is None else prior.over(found)
        return self.likeliest(found, floor, None if previous is None else previous.factors)

    def project(self, parameters: GaussianParameters, floor: CovarianceFloor) -> GaussianParameters:
        """`parameters` within the structure and above the floor; themselves where they are.

        It is the M-step for rows that are distributed as `parameters` say, so the nearest in
        Kullback-Leibler divergence. EM climbs among such parameters: a start elsewhere would have
        to fall first.
        """
        count = parameters.weights
        covariances = parameters.covariances()
        scatter = {
            FactorShape.FULL: lambda: covariances * count[:, None, None],
            FactorShape.SHARED: lambda: covariances * count.sum(),
            FactorShape.DIAGONAL: lambda: covariances * count[:, None],
            FactorShape.SCALAR: lambda: covariances * count * parameters.n_features,
        }[self.shape]()
        occupied = Moments(parameters.weights, parameters.means, count, scatter)
        projected = self.likeliest(occupied, floor, parameters.factors)
        return parameters if _is_same(projected, parameters) else projected

    def likeliest(
        self, found: Moments, floor: CovarianceFloor, previous: np.ndarray | None = None
    ) -> GaussianParameters:
        """The M-step, of moments as they are; iterations begin at the factors `previous`."""
        start = (previous,) if self.iterative else ()
        factors = self.covariances(found, floor, *start)
        return GaussianParameters(found.weights, found.means, factors, self.shape)


def _is_same(one: GaussianParameters, other: GaussianParameters) -> bool:
    """Whether the covariances of the components that are not empty differ by rounding only."""
    if one.shape.is_matrix:
        ratios = one.factors @ other.cholesky_factors() - np.eye(one.n_features)
    else:
        ratios = one.factors / other.factors - 1.0
    counted = ratios if one.shape is FactorShape.SHARED else ratios[one.weights > 0]
    return bool(np.abs(counted).max(initial=0.0) <= _SAME)


def _angles(d: int) -> int:
    """Free parameters of an orientation."""
    return d * (d - 1) // 2


_AFFINE, _COLUMNS, _ROTATIONS = Equivariance
_FULL, _SHARED, _DIAGONAL, _SCALAR = FactorShape

_TABLE = (
    Structure("EII", _SCALAR, _ROTATIONS, m_step.eii, lambda K, d: 1),  # noqa: ARG005
    Structure("VII", _SCALAR, _ROTATIONS, m_step.vii, lambda K, d: K, is_free=True),  # noqa: ARG005
    Structure("EEI", _DIAGONAL, _COLUMNS, m_step.eei, lambda K, d: d),  # noqa: ARG005
    Structure("VEI", _DIAGONAL, _COLUMNS, m_step.vei, lambda K, d: K + d - 1, iterative=True),
    Structure("EVI", _DIAGONAL, _COLUMNS, m_step.evi, lambda K, d: 1 + K * (d - 1)),
    Structure("VVI", _DIAGONAL, _COLUMNS, m_step.vvi, lambda K, d: K * d, is_free=True),
    Structure("EEE", _SHARED, _AFFINE, m_step.eee, lambda K, d: d + _angles(d), is_free=True),  # noqa: ARG005
    Structure("VEE", _FULL, _AFFINE, m_step.vee, lambda K, d: K + d - 1 + _angles(d), iterative=True),
    Structure(
        "EVE", _FULL, _ROTATIONS, m_step.eve, lambda K, d: 1 + K * (d - 1) + _angles(d), iterative=True
    ),
    Structure("VVE", _FULL, _ROTATIONS, m_step.vve, lambda K, d: K * d + _angles(d), iterative=True),
    Structure("EEV", _FULL, _ROTATIONS, m_step.eev, lambda K, d: d + K * _angles(d)),
    Structure("VEV", _FULL, _ROTATIONS, m_step.vev, lambda K, d: K + d - 1 + K * _angles(d), iterative=True),
    Structure("EVV", _FULL, _AFFINE, m_step.evv, lambda K, d: 1 + K * (d - 1) + K * _angles(d)),
    Structure("VVV", _FULL, _AFFINE, m_step.vvv, lambda K, d: K * d + K * _angles(d), is_free=True),
)


_ALIASES = {"full": "VVV", "tied": "EEE", "diag": "VVI", "spherical": "VII", "E": "EII", "V": "VII"}
# mclust's names for one column, where all structures are one of two.
UNIVARIATE = ("E", "V")

_BY_NAME = {structure.name: structure for structure in _TABLE}
STRUCTURES: dict[str, Structure] = {
    **_BY_NAME,
    **{alias: _BY_NAME[name] for alias, name in _ALIASES.items()},
}
