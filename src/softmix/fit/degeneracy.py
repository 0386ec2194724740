"""Which components collapsed, said in the user's terms: components, rows, columns."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from softmix.m_step import CovarianceFloor
from softmix.parameters import GaussianParameters
from softmix.structures import Structure

# A floor from this share of the data's covariance on holds components that do have spread.
_WIDE = 1e-2
# Rows to spare for each component, without which the rows it asks for leave no choice.
_TO_SPARE = 1.0


@dataclass(frozen=True)
class Degeneracy:
    """Components that collapsed alike: in the same columns, or, empty, in none.

    Parameters
    ----------
    components : tuple of int
    counts : tuple of float
        The effective number of rows of each.
    columns : tuple of int
        The columns in which they have no spread.
    held : bool
        Whether the floor holds them; otherwise the run ended before they collapsed.
    share : float
        The floor, as a share of the data's own covariance.
    """

    components: tuple[int, ...]
    counts: tuple[float, ...]
    columns: tuple[int, ...]
    held: bool = True
    share: float = 0.0

    def describe(self, names: Sequence[str] | np.ndarray | None = None) -> str:
        """One sentence; `names` are the columns' names where the data has them."""
        several = len(self.components) > 1
        if not self.columns:
            which = ", ".join(map(str, self.components))
            return (
                f"Components {which} are empty: no row belongs to them."
                if several
                else f"Component {which} is empty: no row belongs to it."
            )
        counted = zip(self.components, self.counts, strict=True)
        which = ", ".join(f"{component} (effective count {count:.4g})" for component, count in counted)
        shown = [str(c) if names is None else repr(str(names[c])) for c in self.columns]
        where = f"column{'s' if len(shown) > 1 else ''} {', '.join(shown)}"
        if self.share >= _WIDE:
            return (
                f"Component{'s' if several else ''} {which} would be narrower in {where} than reg_covar="
                f"{self.share:g} allows, and {'are' if several else 'is'} held there: it is a share of the "
                "data's own covariance, not an amount in squared units. Lower it (the default is 1e-14)."
            )
        fate = (
            "the covariance is held at the floor (reg_covar times the data's own)."
            if self.held
            else "reg_covar=0 forbids the floor that would hold it, so the run ended before this step."
        )
        subject = f"Components {which} have" if several else f"Component {which} has"
        return f"{subject} no spread in {where}: {fate}"


def unwitnessed(
    parameters: GaussianParameters, counts: np.ndarray, floor: CovarianceFloor, structure: Structure
) -> np.ndarray:
    """The components with fewer rows than a covariance asks for, or few for one so thin.

    A component on a handful of nearly collinear rows has a high likelihood that says nothing
    (Day 1969; McLachlan & Peel 2000, section 3.10, on spurious maxima). Rows by the hundred do
    not fall into a thin sheet by chance; a few do: a direction thinner than 10^(−2 m / 3) of the
    data's own, with m times as many rows as a covariance asks for, is not believed.

    Of data with hardly the rows that all components ask for, nothing is witnessed, and no top less
    so than another. A covariance that all share is thin only where all rows lie in K parallel
    sheets, which is no chance.

    Parameters
    ----------
    counts : ndarray of shape (K,)
        Effective rows of each component.
    """
    needed = structure.rows_needed(parameters.n_features)
    if counts.sum() < parameters.n_components * (needed + _TO_SPARE):
        return np.arange(parameters.n_components)
    if structure.one_covariance:
        return np.flatnonzero(counts < needed)
    believed = 10.0 ** (-2.0 * counts / (3.0 * needed))
    not_believed = counts < needed
    for k in np.flatnonzero(~not_believed & ~floor.are_wider(parameters, believed)).tolist():
        not_believed[k] = floor.holds(parameters, k) or floor.thinness(parameters, k) < believed[k]
    return np.flatnonzero(not_believed)


def n_unwitnessed(
    parameters: GaussianParameters, counts: np.ndarray, floor: CovarianceFloor, structure: Structure
) -> int:
    """How many components are `unwitnessed`."""
    return len(unwitnessed(parameters, counts, floor, structure))


def find_degeneracies(
    parameters: GaussianParameters, total_weight: float, floor: CovarianceFloor
) -> list[Degeneracy]:
    """The components that are empty or that the floor holds, those of the same columns together.

    A direction without spread in all rows (a constant or collinear column) holds every
    component.
    """
    alike: dict[tuple[int, ...], list[int]] = {}
    for k in np.flatnonzero(~floor.clears(parameters) | (parameters.weights == 0)).tolist():
        if parameters.weights[k] == 0:
            alike.setdefault((), []).append(k)
        elif floor.share > 0 and (columns := floor.thin_columns(parameters, k)):
            alike.setdefault(tuple(columns), []).append(k)
    counts = parameters.weights * total_weight
    return [
        Degeneracy(tuple(ks), tuple(counts[ks].tolist()), columns, share=floor.share)
        for columns, ks in alike.items()
    ]
