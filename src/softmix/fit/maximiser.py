"""The M-step of a fit: a structure with its floor, its prior, its noise, and what holds for its weights."""

from dataclasses import dataclass, replace

import numpy as np

from softmix.exceptions import IllDefinedCovarianceError
from softmix.m_step import ConjugatePrior, CovarianceFloor
from softmix.parameters import GaussianParameters, Noise
from softmix.statistics import GaussianStatistics
from softmix.structures import Structure

# Of the noise's count: Gaussians that have no more rows than this have none.
_EMPTY = 1e-200


@dataclass(frozen=True, eq=False)
class Maximiser:
    """What turns statistics into parameters, the same for all sweeps of a fit.

    Parameters
    ----------
    structure : Structure
    floor : CovarianceFloor
    prior : ConjugatePrior or None
    equal_weights : bool
        Hold every weight at 1 / K, or, with noise of weight π_0, at (1 − π_0) / K.
    noise : Noise or None
        Where noise is, and how dense; its weight is that of the parameters.
    """

    structure: Structure
    floor: CovarianceFloor
    prior: ConjugatePrior | None = None
    equal_weights: bool = False
    noise: Noise | None = None

    def m_step(
        self, statistics: GaussianStatistics, previous: GaussianParameters | None = None
    ) -> GaussianParameters:
        """See `Structure.m_step`. The noise is done without: its weight is its share of the rows."""
        gaussians, noise = float(statistics.count.sum()), statistics.noise_count
        if noise > 0 and gaussians <= _EMPTY * noise and previous is not None:
            return self.with_noise(previous, 1.0)
        fitted = self.structure.m_step(
            statistics, self.floor, previous, self.prior, equal_weights=self.equal_weights
        )
        return self.with_noise(fitted, noise / (gaussians + noise)) if statistics.layout.noise else fitted

    def with_noise(self, parameters: GaussianParameters, weight: float) -> GaussianParameters:
        """Gaussians whose weights sum to one, and the noise beside them; themselves in a fit without."""
        if self.noise is None:
            return parameters
        weights = parameters.weights * (1.0 - weight)
        return replace(parameters, weights=weights, noise=self.noise.weighing(weight))

    def renewed(self, parameters: GaussianParameters) -> GaussianParameters:
        """Parameters of an earlier fit, their noise over the box of the rows of this one."""
        if self.noise is None or parameters.noise is None:
            return parameters
        return replace(parameters, noise=self.noise.weighing(parameters.noise.weight))

    def admit(self, parameters: GaussianParameters, *, is_within: bool = False) -> GaussianParameters:
        """A start, moved to where EM climbs: see `Structure.project`.

        It may be known to be within the structure; then only the floor can move it.
        """
        sound = is_within and self._is_above_floor(parameters)
        return self._with_its_weights(parameters if sound else self._projected(parameters))

    def log_prior(self, parameters: GaussianParameters) -> float:
        """Up to a constant; 0 without a prior."""
        return 0.0 if self.prior is None else self.prior.log_density(parameters)

    def admitted(self, leap: GaussianParameters) -> GaussianParameters | None:
        """Extrapolated parameters where, or moved to where, EM climbs; None where there is no such place."""
        sound = self.structure.is_free and self._is_above_floor(leap)
        try:
            admitted = leap if sound else self._projected(leap)
        except IllDefinedCovarianceError:
            return None
        return self._with_its_weights(admitted)

    def _is_above_floor(self, parameters: GaussianParameters) -> bool:
        """Whether no direction of a component can be held by the floor."""
        return bool(self.floor.clears(parameters).all())

    def _projected(self, parameters: GaussianParameters) -> GaussianParameters:
        if not parameters.weights.any():  # all is noise: there is nothing to project
            return parameters
        return replace(self.structure.project(parameters, self.floor), noise=parameters.noise)

    def _with_its_weights(self, parameters: GaussianParameters) -> GaussianParameters:
        if not self.equal_weights:
            return parameters
        K, noise = parameters.n_components, parameters.noise
        gaussians = 1.0 if noise is None else 1.0 - noise.weight
        return replace(parameters, weights=np.full(K, gaussians / K))
