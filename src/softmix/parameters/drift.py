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
    """How far components may move by each of the measures."""

    stretch: float
    shift: float
    level: float


@dataclass(frozen=True, eq=False)
class Reference:
    """Parameters from which drift is measured, and their Cholesky factors."""

    parameters: GaussianParameters
    roots: np.ndarray

    @classmethod
    def at(cls, parameters: GaussianParameters) -> "Reference":
        return cls(parameters, parameters.cholesky_factors())

    def replaced(self, now: GaussianParameters, moved: np.ndarray) -> "Reference":
        """The reference with the components `moved` (K,) taken from `now`."""
        if moved.all():
            return Reference.at(now)
        then = self.parameters
        mixed = GaussianParameters(
            np.where(moved, now.weights, then.weights),
            np.where(moved[:, None], now.means, then.means),
            # A shared factor that moves too far moves all components too far.
            then.factors if then.shape is FactorShape.SHARED else _rows(moved, now.factors, then.factors),
            then.shape,
        )
        return Reference.at(mixed)

    def shares(self, now: GaussianParameters, allowed: Drift) -> np.ndarray | None:
        """The largest measure of each component (K,) as a share of what is allowed; inf where unknown.

        None where `now` is another kind of mixture altogether.
        """
        then = self.parameters
        if now.shape is not then.shape or now.means.shape != then.means.shape:
            return None
        with np.errstate(invalid="ignore", over="ignore"):
            level = np.abs(now.log_constants - then.log_constants)
            # A component that is empty and stays so has not moved.
            level = np.where(np.isneginf(now.log_constants) & np.isneginf(then.log_constants), 0.0, level)
            shares = np.maximum(self._shift(now) / allowed.shift, level / allowed.level)
            shares = np.maximum(shares, self._stretch(now) / allowed.stretch)
        return np.where(np.isnan(shares), np.inf, shares)

    def _stretch(self, now: GaussianParameters) -> np.ndarray:
        if now.shape.is_matrix:
            product = now.factors @ self.roots
            product -= np.eye(product.shape[-1])
            return np.sqrt(np.einsum("...ij,...ij->...", product, product))
        ratio = np.abs(now.factors * self.roots - 1.0)
        return ratio.max(axis=1) if now.shape is FactorShape.DIAGONAL else ratio

    def _shift(self, now: GaussianParameters) -> np.ndarray:
        step, factors = now.means - self.parameters.means, self.parameters.factors
        if now.shape.is_matrix:
            moved = (factors @ step[..., None])[..., 0]
        else:
            moved = step * (factors if now.shape is FactorShape.DIAGONAL else factors[:, None])
        return np.sqrt((moved**2).sum(axis=1))


def _rows(chosen: np.ndarray, new: np.ndarray, old: np.ndarray) -> np.ndarray:
    mixed = old.copy()
    mixed[chosen] = new[chosen]
    return mixed
