"""Components of a finished fit that their rows do not witness, said in the user's terms.

`degeneracy.unwitnessed` is what a search for a start goes by, and is quick to doubt: a top that is passed
over costs nothing. A warning is due only where no other account is left:

- a component has fewer effective rows than its own part of the covariance has to be determined by;
- or its covariance, which nothing ties to the others', is flat: of its axes' lengths, in the units of
  the data, s_1 ≥ … ≥ s_d, some are shorter than the one before by a factor below 10^(−2 m / (3 r)), m its
  rows and r those that a covariance asks for, and as many rows of n could lie so by chance. Any q + 1
  rows lie in a flat of q dimensions. That each of m − q − 1 others is as near to it, in d − q directions,
  has a chance of about (s_{q+1} / s_q)^((m − q − 1)(d − q)), and there are C(n, m) choices of m rows.

So tight small clusters are not doubted, nor thin ones of many rows. Day (1969) and McLachlan & Peel
(2000, section 3.10) describe such spurious maxima.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor as whole
from math import lgamma

import numpy as np

from softmix.m_step import CovarianceFloor
from softmix.parameters import FactorShape, GaussianParameters
from softmix.structures import Structure

# Effective rows are shares: less than half a row short is not short.
_SHORT = 0.5


@dataclass(frozen=True)
class Doubt:
    """A component that too few rows stand for.

    Parameters
    ----------
    component : int
    count : float
        Its effective number of rows.
    needed : float
        Rows that its covariance asks for.
    columns : tuple of int
        Those in which it is flat; all where its rows are too few for any.
    flat : bool
    """

    component: int
    count: float
    needed: float
    columns: tuple[int, ...]
    flat: bool

    def describe(self, names: Sequence[str] | np.ndarray | None = None) -> str:
        """One sentence and what to do; `names` are the columns' names where the data has them."""
        shown = [str(c) if names is None else repr(str(names[c])) for c in self.columns]
        plural = "s" if len(shown) > 1 else ""
        who = f"Component {self.component} (effective count {self.count:.4g})"
        what = (
            f"is so flat in column{plural} {', '.join(shown)} as that few rows may lie by chance"
            if self.flat
            else f"has fewer rows than the {self.needed:.3g} that determine its covariance in "
            + (f"all {len(shown)} columns" if plural else f"column {shown[0]}")
        )
        return (
            f"{who} {what}. Lower n_components, take a covariance_type with fewer parameters, or set "
            "prior='default'."
        )


def doubts(
    parameters: GaussianParameters, n_rows: int, floor: CovarianceFloor, structure: Structure
) -> tuple[Doubt, ...]:
    """The components to doubt, those that are empty or held by the floor aside: those are degenerate.

    Parameters
    ----------
    n_rows : int
        Rows in all: effective rows count the same whatever unit weights have.
    """
    needed, counts = structure.rows_needed(parameters.n_features), parameters.weights * n_rows
    found = []
    for k, count in enumerate(counts.tolist()):
        if count == 0 or (floor.share > 0 and floor.thin_columns(parameters, k)):
            continue
        if count < whole(needed) - _SHORT:
            every = tuple(range(parameters.n_features))
            found.append(Doubt(k, count, needed, every, flat=False))
        elif structure.is_free and parameters.shape in {FactorShape.FULL, FactorShape.DIAGONAL}:
            columns = _flat_columns(parameters, k, count, n_rows, needed, floor)
            found += [Doubt(k, count, needed, columns, flat=True)] if columns else []
    return tuple(found)


def _flat_columns(
    parameters: GaussianParameters, k: int, count: float, n_rows: int, needed: float, floor: CovarianceFloor
) -> tuple[int, ...]:
    """The columns in which the component is flat; none where it is not."""
    lengths = floor.lengths(parameters, k)
    d, choices = len(lengths), lgamma(n_rows + 1) - lgamma(count + 1) - lgamma(n_rows - count + 1)
    for q in range(1, d):
        flatness = lengths[q] / lengths[q - 1]
        by_chance = (count - q - 1) * (d - q) * -np.log(flatness) < choices
        if by_chance and flatness < 10.0 ** (-2.0 * count / (3.0 * needed)):
            return tuple(floor.columns_below(parameters, k, lengths[q] * lengths[q - 1]))
    return ()
