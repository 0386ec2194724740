"""An Arrow IPC file (also known as Feather), or a file that holds an Arrow IPC stream, as a table."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from pyarrow import dataset

from softmix.blocks.table import Batches, check_names, explain, in_batches, in_order
from softmix.exceptions import TableError

_FILE_MAGIC = b"ARROW1"


class IpcTable:
    """The rows of one file, which is memory-mapped: what is not compressed is not copied."""

    def __init__(self, path: Path) -> None:
        self.origin = str(path)
        with path.open("rb") as file:
            self._is_stream = file.read(len(_FILE_MAGIC)) != _FILE_MAGIC
        with self._open() as reader:
            self._schema = reader.schema
            self._n_rows = None if self._is_stream else dataset.dataset(path, format="ipc").count_rows()
        self.names = self._schema.names
        check_names(self.origin, self.names)

    def kind(self, name: str) -> pa.DataType:
        return self._schema.field(name).type

    def count(self) -> int | None:
        return self._n_rows

    def place(self, row: int) -> str:
        return f"row {row + 1}"

    def batches(self, numbers: Sequence[str], carried: Sequence[str]) -> Batches:
        with self._open() as reader:
            if self._is_stream:
                whole = iter(reader)
            else:
                whole = (reader.get_batch(number) for number in range(reader.num_record_batches))
            for batch in whole:
                batch.validate()  # buffers of a damaged file may be shorter than they say
                yield from in_batches(in_order(batch, [*numbers, *carried]))

    @contextmanager
    def _open(self) -> Generator[pa.ipc.RecordBatchFileReader, None, None]:
        try:
            with pa.memory_map(self.origin) as file:
                opened = pa.ipc.open_stream if self._is_stream else pa.ipc.open_file
                with opened(file) as reader:
                    yield reader
        except (pa.ArrowException, OSError) as error:
            raise TableError(f"{self.origin}: {explain(error)}") from error
