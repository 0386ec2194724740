"""A table: named columns whose rows can be read, batch by batch, as often as is wanted.

Parquet, text and Arrow files, Arrow streams and queries are tables, one file of this folder
each. `table_reader.py` makes a `Reader` of one table or of several parts.
"""

from collections.abc import Generator, Sequence
from typing import Protocol

import pyarrow as pa

from softmix.exceptions import TableError

Batches = Generator[pa.RecordBatch, None, None]

# Rows of a batch: enough that Python's share is small, few enough that a batch stays in cache.
BATCH_ROWS = 1 << 16


class Table(Protocol):
    """One file, stream or query. What is wrong with it is raised as a TableError."""

    @property
    def origin(self) -> str:
        """What messages call it: a path, or words."""

    @property
    def names(self) -> Sequence[str]:
        """Column names, in the table's order."""

    def kind(self, name: str) -> pa.DataType | None:
        """The type of a column; None where it is known only when it is read, as in text."""

    def count(self) -> int | None:
        """The number of rows where it costs little to say, else None."""

    def place(self, row: int) -> str:
        """Where row number `row` (from 0) is, for a message: 'row 3 (line 4)'."""

    def batches(self, numbers: Sequence[str], carried: Sequence[str]) -> Batches:
        """All rows in order: the columns `numbers`, then the columns `carried`, as they are."""


def check_names(origin: str, names: Sequence[str]) -> None:
    """Raise a TableError where a table has no columns, or two of one name."""
    if not names:
        raise TableError(f"{origin}: has no columns.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise TableError(
            f"{origin}: column {', '.join(map(repr, twice))} appears more than once. Rename one of them."
        )


def in_order(batch: pa.RecordBatch, names: Sequence[str]) -> pa.RecordBatch:
    """The columns `names` of `batch`; a name may come twice."""
    return pa.RecordBatch.from_arrays([batch.column(name) for name in names], names=list(names))


def in_batches(batch: pa.RecordBatch) -> Batches:
    """Views of `batch` of at most `BATCH_ROWS` rows."""
    for start in range(0, batch.num_rows, BATCH_ROWS):
        yield batch.slice(start, BATCH_ROWS)


def explain(error: Exception) -> str:
    """What an error of Arrow says of a file, in the user's words."""
    text = " ".join(str(error).split())
    if isinstance(error, UnicodeDecodeError) or "UTF8" in text:
        return "is not UTF-8 text. Save it as UTF-8."
    if "Expected" in text and "columns" in text:
        detail = text[text.index("Expected") :]
        return f"a line has another number of fields than the header: {detail[0].lower()}{detail[1:][:100]}."
    return f"is damaged or not what its name says ({text.rstrip('.')[:150]})."
