"""What a search says of each model that it tried: frozen records, and the table that they make."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

import numpy as np

from softmix.selection.priors import model_name

# What each criterion is called in records, and whether more of it is better.
LARGER_IS_BETTER = {"bic": False, "icl": False, "aic": False, "cv": True}


class Status(StrEnum):
    """How a fit ended. Only the first two are chosen while there is one."""

    CONVERGED = "converged"
    NOT_CONVERGED = "not converged"
    DEGENERATE = "degenerate"
    NOT_POSSIBLE = "not possible"
    FAILED = "failed"


SOUND = frozenset({Status.CONVERGED, Status.NOT_CONVERGED})


@dataclass(frozen=True)
class SearchRecord:
    """One model of the grid.

    Parameters
    ----------
    covariance_type : str
        As it was asked for.
    model : str
        mclust's name of it.
    n_components : int
    n_parameters : int
        Free parameters, ν.
    log_likelihood : float
        ℓ, weighted, of all rows. NaN, as all that follows from it, where there is no fit.
    bic, icl, aic : float
        In scikit-learn's sign: smaller is better.
    cv : float
        The mean log-density of rows held out, in nats: larger is better. NaN unless it is the
        criterion.
    sweeps : int
        Sweeps of all rows that EM made.
    seconds : float
        Time of its own fit, and its part of climbs that are shared; the search for starts is not in it.
    status : {'converged', 'not converged', 'degenerate', 'not possible', 'failed'}
    reason : str
        Why it is not 'converged'; else empty.
    noise : bool
        Whether it has a noise component.
    prior : str
        'none', 'default', or the parts that were given of it, such as 'shrinkage=0.0'.
    """

    covariance_type: str
    model: str
    n_components: int
    n_parameters: int
    log_likelihood: float = np.nan
    bic: float = np.nan
    icl: float = np.nan
    aic: float = np.nan
    cv: float = np.nan
    sweeps: int = 0
    seconds: float = 0.0
    status: Status = Status.CONVERGED
    reason: str = ""
    noise: bool = False
    prior: str = "none"

    @property
    def is_sound(self) -> bool:
        """Whether it may be chosen without a doubt."""
        return self.status in SOUND

    @property
    def name(self) -> str:
        """What it is called beside its number of components: 'VVV', 'VVV + noise + prior'."""
        return model_name(self.covariance_type, noise=self.noise, prior=self.prior)


def ranked(records: Sequence[SearchRecord], criterion: str) -> list[int]:
    """Positions of the records that have a fit, the best first: sound ones before degenerate ones.

    Of equals, as E and V are with one component, the one with fewer parameters comes first, and
    then the one that was asked for first.
    """
    sign = -1.0 if LARGER_IS_BETTER[criterion] else 1.0
    heights = np.array([sign * getattr(record, criterion) for record in records])
    fitted = np.flatnonzero(np.isfinite(heights)).tolist()

    def place(number: int) -> tuple[bool, float, int, int]:
        record = records[number]
        return not record.is_sound, float(np.round(heights[number], 6)), record.n_parameters, number

    return sorted(fitted, key=place)


def as_columns(records: Sequence[SearchRecord]) -> dict[str, np.ndarray]:
    """The records as a tidy table: a column for each of their parts, a row for each."""
    return {
        field.name: np.array(
            [
                str(value) if isinstance(value, Status) else value
                for value in (getattr(r, field.name) for r in records)
            ]
        )
        for field in fields(SearchRecord)
    }


def as_table(records: Sequence[SearchRecord], container: str) -> Any:
    """The records as columns: a dict of arrays, or a DataFrame of 'pandas' or 'polars'."""
    columns = as_columns(records)
    if container == "pandas":
        import pandas as pd  # noqa: PLC0415 (only where it is asked for)

        return pd.DataFrame(columns)
    if container == "polars":
        import polars as pl  # noqa: PLC0415 (only where it is asked for)

        return pl.DataFrame(columns)
    return columns
