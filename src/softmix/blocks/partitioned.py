"""A file of a partitioned folder as a table: its own columns, and those that its path gives."""

from collections.abc import Sequence
from contextlib import closing

import pyarrow as pa

from softmix.blocks.files import FoundFile
from softmix.blocks.table import Batches, Table


class PartitionedTable:
    """`table` with columns that hold one value each; the file's own column goes before the path's."""

    def __init__(self, table: Table, constants: dict[str, pa.Scalar]) -> None:
        self._table = table
        self._constants = {name: value for name, value in constants.items() if name not in table.names}
        self.origin = table.origin
        self.names = [*table.names, *self._constants]

    def kind(self, name: str) -> pa.DataType | None:
        return self._constants[name].type if name in self._constants else self._table.kind(name)

    def count(self) -> int | None:
        return self._table.count()

    def place(self, row: int) -> str:
        return self._table.place(row)

    def batches(self, numbers: Sequence[str], carried: Sequence[str]) -> Batches:
        own = [[name for name in names if name not in self._constants] for names in (numbers, carried)]
        if not any(own):
            # A batch without columns would not know its rows.
            own[1] = [self._table.names[0]]
        with closing(self._table.batches(*own)) as batches:
            for batch in batches:
                yield self._filled_in(batch, numbers, carried)

    def _filled_in(self, batch: pa.RecordBatch, *wanted: Sequence[str]) -> pa.RecordBatch:
        names, read = [name for each in wanted for name in each], iter(batch.columns)
        arrays = [
            pa.repeat(self._constants[name], batch.num_rows) if name in self._constants else next(read)
            for name in names
        ]
        return pa.RecordBatch.from_arrays(arrays, names=names)


def in_partition(table: Table, constants: dict[str, pa.Scalar]) -> Table:
    """`table` with the columns `constants`, if any."""
    return PartitionedTable(table, constants) if constants else table


def constants_of(files: Sequence[FoundFile]) -> list[dict[str, pa.Scalar]]:
    """Each file's constants: integers where all files' are, else text."""
    kinds = {}
    for key in dict.fromkeys(key for file in files for key in file.partition):
        values = pa.array([file.partition.get(key) for file in files], pa.string())
        try:
            kinds[key] = values.cast(pa.int64()).type
        except pa.ArrowInvalid:
            kinds[key] = pa.string()
    return [
        {key: pa.scalar(value, pa.string()).cast(kinds[key]) for key, value in file.partition.items()}
        for file in files
    ]
