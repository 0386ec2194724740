"""The M-step of a fit: a structure with its floor, its prior, and what holds for its weights."""

from dataclasses import dataclass, replace

import numpy as np

from softmix.exceptions import IllDefinedCovarianceError
from softmix.m_step import ConjugatePrior, CovarianceFloor
from softmix.parameters import GaussianParameters
from softmix.statistics import GaussianStatistics
from softmix.structures import Structure


@dataclass(frozen=True, eq=False)
class Maximiser:
    """What turns statistics into parameters, the same for all sweeps of a fit.

    Parameters
    ----------
    structure : Structure
    floor : CovarianceFloor
    prior : ConjugatePrior or None
    equal_weights : bool
        Hold every weight at 1 / K.
    """

    structure: Structure
    floor: CovarianceFloor
    prior: ConjugatePrior | None = None
    equal_weights: bool = False

    def m_step(
        self, statistics: GaussianStatistics, previous: GaussianParameters | None = None
    ) -> GaussianParameters:
        """See `Structure.m_step`."""
        return self.structure.m_step(
            statistics, self.floor, previous, self.prior, equal_weights=self.equal_weights
        )

    def admit(self, parameters: GaussianParameters) -> GaussianParameters:
        """A start, moved to where EM climbs: see `Structure.project`."""
        return self._with_its_weights(self.structure.project(parameters, self.floor))

    def log_prior(self, parameters: GaussianParameters) -> float:
        """Up to a constant; 0 without a prior."""
        return 0.0 if self.prior is None else self.prior.log_density(parameters)

    def admitted(self, leap: GaussianParameters) -> GaussianParameters | None:
        """Extrapolated parameters where, or moved to where, EM climbs; None where there is no such place."""
        sound = self.structure.is_free and (self.floor.thinness_bounds(leap) > self.floor.lowest).all()
        try:
            admitted = leap if sound else self.structure.project(leap, self.floor)
        except IllDefinedCovarianceError:
            return None
        return self._with_its_weights(admitted)

    def _with_its_weights(self, parameters: GaussianParameters) -> GaussianParameters:
        K = parameters.n_components
        return replace(parameters, weights=np.full(K, 1.0 / K)) if self.equal_weights else parameters
