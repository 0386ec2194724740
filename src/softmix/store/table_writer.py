"""Rows -> a CSV or Parquet file, table by table."""

import csv
import io
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from pyarrow import csv as arrow_csv
from pyarrow import parquet

ENDINGS = (".csv", ".parquet")

Write = Callable[[pa.Table], None]


@contextmanager
def table_writer(path: Path, ending: str, schema: pa.Schema) -> Generator[Write, None, None]:
    """What takes the tables of `schema` that go into the file `path`, of the kind `ending`."""
    if ending == ".parquet":
        with parquet.ParquetWriter(path, schema) as writer:
            yield writer.write_table
    else:
        with path.open("wb") as file:
            yield csv_writer(file, schema)


def csv_writer(file: BinaryIO, schema: pa.Schema) -> Write:
    """Write the header line to `file`, and give what writes rows below it.

    Numbers read back to the same bits; text is quoted where it must be.
    """
    header = io.StringIO()
    csv.writer(header, lineterminator="\n").writerow(schema.names)
    file.write(header.getvalue().encode())
    plain, quoted = (_options(style) for style in ("none", "needed"))

    def write(table: pa.Table) -> None:
        for batch in table.to_batches(max_chunksize=1 << 16):
            # pyarrow's "needed" quotes all text; "none" refuses a batch that cannot do without.
            buffer = io.BytesIO()
            try:
                arrow_csv.write_csv(batch, buffer, plain)
            except pa.ArrowInvalid:
                buffer = io.BytesIO()
                arrow_csv.write_csv(batch, buffer, quoted)
            file.write(buffer.getvalue())

    return write


def _options(style: str) -> arrow_csv.WriteOptions:
    return arrow_csv.WriteOptions(include_header=False, quoting_style=style)
