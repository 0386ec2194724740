"""Whatever exports an Arrow stream as a table: Arrow tables, pandas and polars frames, DuckDB relations.

The stream is asked for anew at each pass, through the Arrow PyCapsule interface. What can give its
rows only once is refused: a fit reads them many times.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from softmix.blocks.table import Batches, check_names, in_batches, in_order
from softmix.exceptions import TableError


class ArrowStreamTable:
    """The rows of the streams that `export` gives, one at each call.

    Parameters
    ----------
    export : callable
        Gives an object with ``__arrow_c_stream__``, whose stream is not yet read.
    origin : str
        What messages call it.
    """

    def __init__(self, export: Callable[[], Any], origin: str) -> None:
        self._export, self.origin = export, origin
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
            with pa.RecordBatchReader.from_stream(self._export()) as reader:
                yield reader
        except (pa.ArrowException, OSError) as error:
            raise TableError(f"{self.origin}: {' '.join(str(error).split())[:300]}") from error


def refuse_one_shot(source: Any) -> None:
    """Raise a TableError if `source` is a stream that can be read only once."""
    if isinstance(source, pa.RecordBatchReader):
        raise TableError(
            "A RecordBatchReader gives its rows once, and a fit reads them many times. Pass a function that "
            "gives a new reader each time, scan(lambda: …), the table of read_all(), or a file of it."
        )
