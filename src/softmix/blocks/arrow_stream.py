"""Arrow streams as tables: of Arrow tables, pandas and polars frames, DuckDB relations, and queries.

The stream is asked for anew at each pass. What can give its rows only once is refused: a fit reads
them many times.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pyarrow as pa

from softmix.blocks.table import Batches, check_names, in_batches, in_order
from softmix.exceptions import TableError

Rows = AbstractContextManager[pa.RecordBatchReader]


class ArrowStreamTable:
    """The rows of the streams that `read` opens, one at each call.

    Parameters
    ----------
    read : callable
        Gives a context in which a stream, not yet read, is open.
    origin : str
        What messages call it.
    blamed : types of exception
        What `read` and the stream raise where the rows are at fault.
    """

    def __init__(
        self,
        read: Callable[[], Rows],
        origin: str,
        blamed: tuple[type[Exception], ...] = (pa.ArrowException, OSError),
    ) -> None:
        self._read, self.origin, self._blamed = read, origin, blamed
        with self._open() as reader:
            self._schema = reader.schema
        self.names = self._schema.names
        check_names(origin, self.names)

    def kind(self, name: str) -> pa.DataType:
        return self._schema.field(name).type

    def count(self) -> None:
        return

    def place(self, row: int) -> str:
        return f"row {row + 1}"

    def batches(self, numbers: Sequence[str], carried: Sequence[str]) -> Batches:
        with self._open() as reader:
            if not reader.schema.equals(self._schema):
                raise TableError(f"{self.origin}: its columns changed since they were first read.")
            for batch in reader:
                yield from in_batches(in_order(batch, [*numbers, *carried]))

    @contextmanager
    def _open(self) -> Generator[pa.RecordBatchReader, None, None]:
        try:
            with self._read() as reader:
                yield reader
        except (TableError, ImportError):
            raise
        except self._blamed as error:
            raise TableError(f"{self.origin}: {' '.join(str(error).split())[:300]}") from error


def exported(export: Callable[[], Any], origin: str) -> ArrowStreamTable:
    """The rows of what `export` gives: an object with ``__arrow_c_stream__`` (the PyCapsule interface)."""
    return ArrowStreamTable(lambda: pa.RecordBatchReader.from_stream(export()), origin)


def refuse_one_shot(source: Any) -> None:
    """Raise a TableError if `source` is a stream that can be read only once."""
    if isinstance(source, pa.RecordBatchReader):
        raise TableError(
            "A RecordBatchReader gives its rows once, and a fit reads them many times. Pass a function that "
            "gives a new reader each time, scan(lambda: …), the table of read_all(), or a file of it."
        )
