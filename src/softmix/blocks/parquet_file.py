"""A Parquet file as a table, read one row group after another."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from softmix.blocks.table import BATCH_ROWS, Batches, check_names, explain, in_order
from softmix.exceptions import TableError

_READ_BYTES = 1 << 14


class ParquetTable:
    """The rows of one file. Its footer is read at once, its rows at each pass."""

    def __init__(self, path: Path) -> None:
        self.origin = str(path)
        with path.open("rb"):  # the OSError that says best why a path cannot be read
            pass
        try:
            with parquet.ParquetFile(path) as file:
                self._schema = file.schema_arrow
                groups = [file.metadata.row_group(g).num_rows for g in range(file.num_row_groups)]
        except (pa.ArrowException, OSError) as error:
            raise TableError(f"{path}: {explain(error)}") from error
        self._group_rows = groups
        self.names = self._schema.names
        check_names(self.origin, self.names)

    def kind(self, name: str) -> pa.DataType:
        return self._schema.field(name).type

    def count(self) -> int:
        return sum(self._group_rows)

    def place(self, row: int) -> str:
        """The row, counted from 1, and, where there are several, its row group, counted from 0."""
        if len(self._group_rows) == 1:
            return f"row {row + 1}"
        group = int(np.searchsorted(np.cumsum(self._group_rows), row, side="right"))
        return f"row {row + 1}, in row group {group}"

    def batches(self, numbers: Sequence[str], carried: Sequence[str]) -> Batches:
        names = [*numbers, *carried]
        columns = list(dict.fromkeys(names))
        # A page at a time: to read a whole row group ahead costs a sixth more, and its memory.
        with parquet.ParquetFile(self.origin, pre_buffer=False, buffer_size=_READ_BYTES) as file:
            if not file.schema_arrow.equals(self._schema):
                raise TableError(f"{self.origin}: its columns changed since they were first read.")
            for group in range(file.num_row_groups):
                try:
                    # Threads of its own would take the cores that sweep.
                    for batch in file.iter_batches(BATCH_ROWS, [group], columns, use_threads=False):
                        yield in_order(batch, names)
                except (pa.ArrowException, OSError) as error:
                    raise TableError(f"{self.origin}: row group {group} {explain(error)}") from error
