"""Which components collapsed, said in the user's terms: component, rows, columns."""

from dataclasses import dataclass

import numpy as np

from softmix.fit.spread import Spread
from softmix.m_step import CovarianceFloor
from softmix.parameters import FactorShape, GaussianParameters

# A direction within this factor of the floor is held by it.
_AT_FLOOR = 1.0 + 1e-6
# Columns with at least this share of the strongest loading are named.
_LOADING = 0.3


@dataclass(frozen=True)
class Degeneracy:
    """One collapsed component: its number, its effective rows, the columns without spread."""

    component: int
    count: float
    columns: tuple[int, ...]

    def describe(self, names: np.ndarray | None = None) -> str:
        """One sentence; `names` are the columns' names where the data has them."""
        if not self.count:
            return f"Component {self.component} is empty: no row belongs to it."
        shown = [str(c) if names is None else repr(str(names[c])) for c in self.columns]
        where = f"column{'s' if len(shown) > 1 else ''} {', '.join(shown)}"
        return (
            f"Component {self.component} (effective count {self.count:.1f}) has no spread in {where}; "
            "its covariance is held at the floor (reg_covar times the data's own)."
        )


def find_degeneracies(
    parameters: GaussianParameters, total_weight: float, spread: Spread, floor: CovarianceFloor
) -> list[Degeneracy]:
    """The components that are empty or that the floor holds, directions the data lacks aside.

    A direction without spread in all rows (a constant or collinear column) holds every
    component and is reported once for each, as it is.
    """
    counts = parameters.weights * total_weight
    found = []
    for k, count in enumerate(counts):
        columns = () if count == 0 else _thin_columns(parameters, k, spread, floor)
        if count == 0 or columns:
            found.append(Degeneracy(k, float(count), columns))
    return found


def _thin_columns(
    parameters: GaussianParameters, k: int, spread: Spread, floor: CovarianceFloor
) -> tuple[int, ...]:
    if floor.share == 0:
        return ()
    limit = floor.share * _AT_FLOOR
    d = parameters.n_features
    if parameters.shape is FactorShape.SCALAR:
        ratio = (floor.factor / parameters.factors[k]) ** 2
        return tuple(range(d)) if ratio <= limit else ()
    if parameters.shape is FactorShape.DIAGONAL:
        ratio = (floor.factor / parameters.factors[k]) ** 2
        return tuple(np.flatnonzero(ratio <= limit).tolist())
    own = parameters.cholesky_factors()
    whitened = floor.factor @ (own if own.ndim == 2 else own[k])
    axes, roots, _ = np.linalg.svd(whitened)
    thin = axes[:, roots**2 <= limit].T @ floor.factor * spread.scale
    strength = np.abs(thin)
    named = (strength >= _LOADING * strength.max(axis=1, keepdims=True)).any(axis=0) if len(thin) else []
    return tuple(np.flatnonzero(named).tolist())
