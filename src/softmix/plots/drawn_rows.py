"""The rows that a picture shows: all of them, or a sample that is always the same, and says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from softmix.blocks.scan import Scan
from softmix.estimators.scanned import check_columns

MOST_POINTS = 20_000


@dataclass(frozen=True, eq=False)
class DrawnRows:
    """Rows to draw.

    Parameters
    ----------
    points : ndarray of shape (n, m)
        In the columns drawn, float64.
    table : array-like of shape (n, d)
        The same rows as an estimator takes them, with their names if they have any.
    numbers : ndarray of shape (n,)
        Which rows they are, ascending.
    n_rows : int
        Of X.
    note : str
        What a reader must know of how these were chosen; empty where they are all rows.
    """

    points: np.ndarray
    table: Any
    numbers: np.ndarray
    n_rows: int
    note: str


def rows_to_draw(X: Any, columns: Sequence[int], max_points: int, estimator: Any = None) -> DrawnRows:
    """The rows of X, or a sample of `max_points` of them.

    Rows with missing or infinite values in the columns drawn are left out.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), or Scan
        Of a scan, only the sample is kept in memory.
    columns : sequence of int
    max_points : int
    estimator : object, default=None
        Whose columns those of X must be.

    Raises
    ------
    ValueError
        If there are no rows to draw, or columns are not those of `estimator`.
    """
    if not isinstance(max_points, Integral) or isinstance(max_points, bool) or max_points < 1:
        raise ValueError(f"max_points must be an int from 1 up. Got {max_points!r}.")
    if isinstance(X, Scan) and estimator is not None:
        check_columns(estimator, X)
        X = X if getattr(estimator, "missing", None) is None else X.with_missing
    n_rows = X.source.n_rows if isinstance(X, Scan) else len(X)
    numbers = np.arange(n_rows)
    if n_rows > max_points:
        numbers = np.sort(np.random.default_rng(0).choice(n_rows, int(max_points), replace=False))
    table = _in_memory(X, numbers) if isinstance(X, Scan) else _take(X, numbers)
    if estimator is not None:
        validate_data(estimator, table, reset=False, skip_check_array=True)
    points = np.asarray(table, dtype=np.float64)[:, list(columns)]
    whole = np.isfinite(points).all(axis=1)
    if not whole.any():
        raise ValueError(
            f"X has {n_rows:,} rows, and none that can be drawn: each has a missing or infinite value."
        )
    if not whole.all():
        points, table, numbers = points[whole], _take(table, np.flatnonzero(whole)), numbers[whole]
    return DrawnRows(points, table, numbers, n_rows, _note(len(whole), n_rows, int((~whole).sum())))


def _take(X: Any, numbers: np.ndarray) -> Any:
    if hasattr(X, "iloc"):  # pandas
        return X.iloc[numbers]
    if hasattr(X, "schema") and hasattr(X, "take"):  # Arrow
        return X.take(numbers)
    return X[numbers] if hasattr(X, "shape") else np.asarray(X)[numbers]


def _in_memory(scan: Scan, numbers: np.ndarray) -> Any:
    values, _ = scan.source.take(numbers)
    if scan.feature_names is None:
        return values
    import pyarrow as pa  # noqa: PLC0415 (what has named columns was read with it)

    return pa.table(dict(zip(scan.feature_names, np.ascontiguousarray(values.T), strict=True)))


def _note(n_drawn: int, n_rows: int, n_missing: int) -> str:
    said = [f"a sample of {n_drawn:,} of {n_rows:,} rows"] if n_drawn < n_rows else []
    if n_missing:
        said.append(
            f"{n_missing:,} row{'s' if n_missing > 1 else ''} with missing or infinite values left out"
        )
    return "; ".join(said)
