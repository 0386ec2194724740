"""Columns of a table file as numbers: float64, or float32 where every column is; all finite.

Booleans count 0 and 1, decimals and integers become float64, dictionaries are decoded. Whatever
is not a number stops here, with its column, its row and its value.
"""

import difflib
import re
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
from pyarrow import compute

from softmix.blocks.table_file import TableError, TableFile

# pyarrow's own spellings of a missing value in CSV, for columns that text has kept from parsing.
_MISSING = pa.array(
    ["", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"]  # noqa: RUF005 (in two lines)
    + ["N/A", "NA", "NULL", "NaN", "n/a", "nan", "null"]
)
_PANDAS_INDEX = re.compile(r"__index_level_\d+__")
_MAX_NAMED = 5


def check_present(file: TableFile, wanted: Sequence[str], asked_by: str) -> None:
    """Raise a TableError, with near matches, if a column is missing; `asked_by` is who wants it."""
    missing = [name for name in wanted if name not in file.names]
    if not missing:
        return
    noun = "column" if len(missing) == 1 else "columns"
    near = [match for name in missing for match in _near(name, file.names)]
    shown = list(dict.fromkeys(near)) or file.names
    hint = "Did you mean" if near else "The columns are"
    raise TableError(
        f"{file.path}: no {noun} {listed(missing)} ({asked_by}). {hint} {listed(shown)}{'?' if near else '.'}"
    )


def default_columns(file: TableFile, excluded: Sequence[str]) -> list[str]:
    """All columns but `excluded` (and a pandas index that Parquet carries)."""
    names = [n for n in file.names if n not in excluded and not _PANDAS_INDEX.fullmatch(n)]
    if "" in names:
        raise TableError(
            f"{file.path}: column {file.names.index('') + 1} has no name (a row index that was saved with "
            "the table?). Choose the numeric columns with --columns."
        )
    if not names:
        raise TableError(f"{file.path}: no columns are left to use.")
    return names


def numeric_columns(file: TableFile, names: Sequence[str], hint: str = "") -> pa.Table:
    """The named columns as a table of finite floats without nulls.

    Raises
    ------
    TableError
        If a value is text, a date, missing or infinite; `hint` ends the message on text.
    """
    columns = {name: _as_floats(file, name, hint) for name in names}
    if not all(column.dtype == np.float32 for column in columns.values()):
        columns = {name: column.astype(np.float64, copy=False) for name, column in columns.items()}
    _refuse(file, columns, np.isnan, "missing value", "Remove those rows or fill in the values.")
    _refuse(file, columns, np.isinf, "infinite value", "Remove those rows or mend the values.")
    return pa.table(columns)


def listed(names: Sequence[str]) -> str:
    """Quoted names, the first few, with a word for the rest."""
    shown = ", ".join(map(repr, names[:_MAX_NAMED]))
    return shown + (f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else "")


def _near(name: str, names: list[str]) -> list[str]:
    folded = {other.casefold().strip(): other for other in names}
    return [folded[m] for m in difflib.get_close_matches(name.casefold().strip(), folded, n=3, cutoff=0.6)]


def _as_floats(file: TableFile, name: str, hint: str) -> np.ndarray:
    column = file.table.column(name)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if not _is_numeric(kind):
        raise TableError(_describe_foreign(file, name, column, hint))
    if pa.types.is_float32(kind):
        return column.to_numpy()
    if pa.types.is_boolean(kind):
        column = column.cast(pa.uint8())
    # A 64-bit integer may not fit a double exactly: the nearest is what is wanted.
    return column.cast(pa.float64(), safe=False).to_numpy()


def _is_numeric(kind: pa.DataType) -> bool:
    types = pa.types
    checks = (types.is_floating, types.is_integer, types.is_boolean, types.is_decimal, types.is_null)
    return any(check(kind) for check in checks)


def _describe_foreign(file: TableFile, name: str, column: pa.ChunkedArray, hint: str) -> str:
    row = _first_foreign(column)
    if row is None:
        return f"{file.path}: column {name!r} holds {column.type}, not numbers.{hint}"
    value = str(column[row].as_py())
    shown = repr(value if len(value) <= 40 else value[:39] + "…")
    return f"{file.path}: column {name!r} is not numeric: {file.place(row)} has {shown}.{hint}"


def _first_foreign(column: pa.ChunkedArray) -> int | None:
    """The first row that keeps the column from being numbers, by bisection on casts."""
    kind = column.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        present = compute.index(column.is_valid(), value=True).as_py()
        return None if present < 0 else present
    text = compute.utf8_trim_whitespace(column.cast(pa.string()))
    text = compute.if_else(compute.is_in(text, value_set=_MISSING), None, text)
    if _casts(text):
        return None
    good, bad = 0, len(text)
    while bad - good > 1:
        middle = (good + bad) // 2
        if _casts(text.slice(good, middle - good)):
            good = middle
        else:
            bad = middle
    return good


def _casts(text: pa.ChunkedArray) -> bool:
    try:
        text.cast(pa.float64())
    except pa.ArrowInvalid:
        return False
    return True


def _refuse(
    file: TableFile,
    columns: dict[str, np.ndarray],
    is_bad: Callable[[np.ndarray], np.ndarray],
    noun: str,
    hint: str,
) -> None:
    found = []
    for name, values in columns.items():
        bad = is_bad(values)
        if count := int(np.count_nonzero(bad)):
            plural = noun if count == 1 else f"{noun}s"
            found.append(f"column {name!r} has {count:,} {plural} (first in {file.place(int(bad.argmax()))})")
    if found:
        more = f"; and {len(found) - _MAX_NAMED} more columns have some" if len(found) > _MAX_NAMED else ""
        raise TableError(f"{file.path}: {'; '.join(found[:_MAX_NAMED])}{more}. {hint}")
