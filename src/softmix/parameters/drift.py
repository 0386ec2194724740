"""How far a mixture's components have moved since a reference, in standard deviations of their own.

With the reference's F, μ, L = F⁻¹ and log-constant a, and the present F′, μ′, a′, component by
component:

    stretch = ‖F′ L − I‖_F (or more),   shift = |F (μ′ − μ)|,   level = |a′ − a|

so that the present distance z′ of any point lies between (1 − stretch)(z − shift) and
(1 + stretch)(z + shift), z being its distance at the reference. Cost O(K d³).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from softmix.parameters.gaussian import FactorShape, GaussianParameters


class Drift(NamedTuple):
    """The three measures, each of shape (K,); or three numbers that bound them."""

    stretch: np.ndarray | float
    shift: np.ndarray | float
    level: np.ndarray | float

    def share_of(self, bound: "Drift") -> float:
        """The largest measure of any component as a share of its bound; infinite where unknown."""
        with np.errstate(invalid="ignore"):
            shares = [np.max(mine / most) for mine, most in zip(self, bound, strict=True)]
        return float(np.max(np.where(np.isnan(shares), np.inf, shares)))


@dataclass(frozen=True, eq=False)
class Reference:
    """Parameters from which drift is measured, and their Cholesky factors."""

    parameters: GaussianParameters
    roots: np.ndarray

    @classmethod
    def at(cls, parameters: GaussianParameters) -> "Reference":
        return cls(parameters, parameters.cholesky_factors())

    def drift(self, now: GaussianParameters) -> Drift | None:
        """How far `now` is from here; None where it is another kind of mixture altogether."""
        then = self.parameters
        if now.shape is not then.shape or now.means.shape != then.means.shape:
            return None
        with np.errstate(invalid="ignore", over="ignore"):
            level = np.abs(now.log_constants - then.log_constants)
            # A component that is empty and stays so has not moved.
            level = np.where(np.isneginf(now.log_constants) & np.isneginf(then.log_constants), 0.0, level)
            return Drift(self._stretch(now), self._shift(now), level)

    def _stretch(self, now: GaussianParameters) -> np.ndarray:
        if now.shape.is_matrix:
            product = now.factors @ self.roots
            product -= np.eye(product.shape[-1])
            return np.sqrt((product**2).sum(axis=(-2, -1)))
        ratio = np.abs(now.factors * self.roots - 1.0)
        return ratio.max(axis=1) if now.shape is FactorShape.DIAGONAL else ratio

    def _shift(self, now: GaussianParameters) -> np.ndarray:
        step, factors = now.means - self.parameters.means, self.parameters.factors
        if now.shape.is_matrix:
            moved = (factors @ step[..., None])[..., 0]
        else:
            moved = step * (factors if now.shape is FactorShape.DIAGONAL else factors[:, None])
        return np.sqrt((moved**2).sum(axis=1))
