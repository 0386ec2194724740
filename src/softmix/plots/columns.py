"""Which columns a picture shows: names of all, and the positions of those that were asked for."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np

Columns = int | str | Sequence[int | str] | None

_NAMED_IN_ERRORS = 20


def column_names(estimator: Any) -> list[str]:
    """Names of the columns that `estimator` was fitted to; column 0, column 1, … where it knows none."""
    known = getattr(estimator, "feature_names_in_", None)
    return numbered(estimator.means_.shape[1]) if known is None else [str(name) for name in known]


def table_names(X: Any) -> list[str]:
    """Names of the columns of a table or an array."""
    known = getattr(X, "feature_names", None)
    for attribute in ("column_names", "columns"):  # Arrow; pandas and polars
        known = known if known is not None else getattr(X, attribute, None)
    return numbered(np.shape(X)[1]) if known is None else [str(name) for name in known]


def numbered(n_columns: int) -> list[str]:
    """Names for columns that have none."""
    return [f"column {j}" for j in range(n_columns)]


def choose_columns(columns: Columns, names: Sequence[str], display: str, most: int = 2) -> list[int]:
    """Positions of `columns`, which are names or positions; None is the first `most`.

    Raises
    ------
    ValueError
        If there are none or more than `most`, or if one is unknown or there twice.
    """
    if columns is None:
        return list(range(min(most, len(names))))
    listed = [columns] if isinstance(columns, int | str | np.integer) else list(columns)
    if not 1 <= len(listed) <= most:
        wanted = "one or two columns" if most == 2 else f"1 to {most} columns"
        raise ValueError(f"The 'columns' parameter of {display} takes {wanted}. Got {columns!r}.")
    chosen = [_position(column, names) for column in listed]
    for place, position in enumerate(chosen):
        if position in chosen[:place]:
            raise ValueError(
                f"columns names {names[position]!r} twice: {columns!r}. Name each column of {display} once."
            )
    return chosen


def _position(column: Any, names: Sequence[str]) -> int:
    if isinstance(column, str) and column in names:
        return names.index(column)
    if isinstance(column, Integral) and -len(names) <= int(column) < len(names):
        return int(column) % len(names)
    some = ", ".join(map(repr, names[:_NAMED_IN_ERRORS]))
    more = ", …" if len(names) > _NAMED_IN_ERRORS else ""
    raise ValueError(f"columns has {column!r}; the model's columns are {some}{more}.")
