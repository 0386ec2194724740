"""The conjugate prior of a fit: what the user asked for, and defaults from the spread of the data.

mclust's defaults (Fraley & Raftery 2007): κ = 0.01, μ_P the mean of the rows, ν = d + 2, and

    Λ = var(X) / K^{2/d}                  for covariances that are matrices,
    ς² = mean variance of a column / K^{2/d}   for diagonal and spherical ones,

so that, before any row is seen, K components of the prior's size fill the volume of the data.
"""

from dataclasses import dataclass

import numpy as np

from softmix.fit.spread import Spread
from softmix.m_step import ConjugatePrior
from softmix.parameters.gaussian import invert_triangular
from softmix.structures import Structure


@dataclass(frozen=True, eq=False)
class PriorRequest:
    """What the user fixed of the prior; None takes the default."""

    shrinkage: float = 0.01
    mean: np.ndarray | None = None
    dof: float | None = None
    scale: np.ndarray | None = None

    def complete(
        self, structure: Structure, spread: Spread, n_components: int, total_weight: float
    ) -> ConjugatePrior:
        """The prior for a fit of `structure` to rows of this `spread` and total weight."""
        scale = self.scale
        if scale is None:
            # Of a sample, as R's var is.
            unbiased = total_weight / (total_weight - 1.0) if total_weight > 1.0 else 1.0
            scale = _spread_of(spread) * unbiased / n_components ** (2.0 / len(spread.mean))
        return ConjugatePrior(
            self.shrinkage,
            spread.mean if self.mean is None else self.mean,
            len(spread.mean) + 2.0 if self.dof is None else self.dof,
            scale,
            structure.shape,
            structure.one_covariance,
        )


def _spread_of(spread: Spread) -> np.ndarray:
    """The covariance of the rows, or, where only variances were measured, their mean."""
    if spread.factor.ndim == 2:
        roots = invert_triangular(spread.factor)
        return roots @ roots.T
    if spread.factor.ndim == 1:
        return np.asarray((spread.factor**-2.0).mean())
    return spread.factor**-2.0
