"""Numbers as text files spell them, and what in a column of text is none."""

from collections.abc import Sequence

import pyarrow as pa
from pyarrow import compute

# pyarrow's own spellings of a missing value in CSV, and those of pandas, R, UCI and Python.
MISSING = ["", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"]
MISSING += ["N/A", "NA", "NULL", "NaN", "n/a", "nan", "null", "NAN", "Null", "None", "none", "<NA>", "?"]


def parse_numbers(text: pa.Array, kind: pa.DataType, decimal: str, missing: Sequence[str]) -> pa.Array:
    """`text` as `kind`, null where it is one of `missing`.

    Raises
    ------
    pyarrow.ArrowInvalid
        If anything else is no number.
    """
    return _plain(text, decimal, missing).cast(kind)


def first_foreign(text: pa.Array, kind: pa.DataType, decimal: str, missing: Sequence[str]) -> int | None:
    """The first row that keeps `text` from being of type `kind`, by bisection on casts."""
    text = _plain(text, decimal, missing)
    if _casts(text, kind):
        return None
    good, bad = 0, len(text)
    while bad - good > 1:
        middle = (good + bad) // 2
        if _casts(text.slice(good, middle - good), kind):
            good = middle
        else:
            bad = middle
    return good


def _plain(text: pa.Array, decimal: str, missing: Sequence[str]) -> pa.Array:
    text = compute.if_else(compute.is_in(text, value_set=pa.array(missing)), None, text)
    text = compute.utf8_trim_whitespace(text)
    if decimal == ",":
        # A point is foreign then: two of them stop the cast.
        text = compute.replace_substring(compute.replace_substring(text, ".", ".."), ",", ".")
    return text


def _casts(text: pa.Array, kind: pa.DataType) -> bool:
    try:
        text.cast(kind)
    except pa.ArrowInvalid:
        return False
    return True
