"""An Arrow table -> CSV or Parquet, and ids as a CSV file had them."""

import csv
import io
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from pyarrow import csv as arrow_csv
from pyarrow import parquet


def write_table(table: pa.Table, scratch: Path, target: str) -> None:
    """Write `table` to `scratch`, in the format that the name `target` asks for."""
    if target.lower().endswith(".parquet"):
        parquet.write_table(_typed_ids(table), scratch)
        return
    with scratch.open("wb") as file:
        write_csv(table, file)


def write_csv(table: pa.Table, file: BinaryIO) -> None:
    """Write `table` as CSV; numbers read back to the same bits, text is quoted where it must be."""
    header = io.StringIO()
    csv.writer(header, lineterminator="\n").writerow(table.column_names)
    file.write(header.getvalue().encode())
    plain, quoted = (_options(style) for style in ("none", "needed"))
    for batch in table.to_batches(max_chunksize=1 << 16):
        # pyarrow's "needed" quotes all text; "none" refuses a batch that cannot do without.
        buffer = io.BytesIO()
        try:
            arrow_csv.write_csv(batch, buffer, plain)
        except pa.ArrowInvalid:
            buffer = io.BytesIO()
            arrow_csv.write_csv(batch, buffer, quoted)
        file.write(buffer.getvalue())


def _options(style: str) -> arrow_csv.WriteOptions:
    return arrow_csv.WriteOptions(include_header=False, quoting_style=style)


def _typed_ids(table: pa.Table) -> pa.Table:
    """Text columns that are integers to the letter, as integers: other Parquet files join on them."""
    for position, field in enumerate(table.schema):
        if not pa.types.is_string(field.type):
            continue
        column = table.column(position)
        try:
            numbers = column.cast(pa.int64())
        except pa.ArrowInvalid:
            continue
        if numbers.cast(pa.string()).equals(column):
            table = table.set_column(position, field.name, numbers)
    return table
