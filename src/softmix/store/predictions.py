"""A fitted mixture and rows of any number -> a table of what it says of each, in bounded memory."""

from collections.abc import Generator, Sequence
from contextlib import closing
from itertools import chain, islice
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.utils.validation import check_is_fitted

from softmix.blocks import Block, block_rows
from softmix.blocks.scan import Scan, scan
from softmix.estimators.fitted import n_memberships
from softmix.estimators.scanned import check_columns
from softmix.exceptions import TableError
from softmix.store.atomic import written_whole
from softmix.store.row_outputs import RowOutputs, predictions
from softmix.store.table_writer import ENDINGS, table_writer
from softmix.sweep import resolve_n_jobs
from softmix.sweep.read_ahead import ReadAhead

# Of rows and outputs that are in memory at a time.
_GROUP_BYTES = 1 << 24


def write_predictions(model: Any, source: Any, path: str | PathLike[str]) -> None:
    """Write ids, label, memberships, uncertainty and log-density of each row of `source`.

    Raises
    ------
    TableError
        If `path` is neither .csv nor .parquet or is one of the files that are read, or an id column
        has the name of an output column.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise TableError(
            f"{path}: cannot write {ending or 'a name without ending'}. Use {' or '.join(ENDINGS)}."
        )
    scanned = source if isinstance(source, Scan) else scan(source)
    if any(Path(file).resolve() == path.resolve() for file in scanned.files):
        raise TableError(f"{path}: would write over the file that is read. Choose another name.")
    with written_whole(path) as scratch:
        write_tables(tables_of(model, scanned, predictions, typed=ending == ".parquet"), scratch, ending)


def write_tables(tables: Generator[pa.Table, None, None], path: Path, ending: str) -> tuple[int, list[str]]:
    """Write `tables`, one below the other; give the number of rows and the names of the columns."""
    n_rows = 0
    with closing(tables):
        first = next(tables)
        with table_writer(path, ending, first.schema) as write:
            for table in chain([first], tables):
                write(table)
                n_rows += table.num_rows
    return n_rows, first.column_names


def tables_of(
    model: Any, scanned: Scan, outputs: RowOutputs, *, typed: bool
) -> Generator[pa.Table, None, None]:
    """Tables of some rows each: the ids of the scan, then `outputs`.

    With `typed`, ids of text files that are integers to the letter are integers.
    """
    check_is_fitted(model)
    check_columns(model, scanned)
    source, reader = (scanned if model.missing is None else scanned.with_missing).carrying()
    schema = reader.carried_schema(integers=typed) if scanned.ids else None
    row_bytes = 8 * (source.n_features + n_memberships(model) + 3)
    threads = resolve_n_jobs(model.n_jobs)
    n_blocks = max(_GROUP_BYTES // (row_bytes * block_rows(source.n_features)), threads)
    with ReadAhead(source, n_blocks) as ahead:
        blocks, n_rows = iter(ahead.take, None), 0
        while group := [block for _, block in islice(blocks, n_blocks)]:
            table = _table(model, group, outputs, schema)
            n_rows += table.num_rows
            yield table
    if not n_rows:
        raise TableError(f"{scanned}: has no rows.")


def _table(model: Any, group: Sequence[Block], outputs: RowOutputs, schema: pa.Schema | None) -> pa.Table:
    columns = outputs(model, np.concatenate([block.rows for block in group]))
    if schema is None:
        return pa.table(columns)
    clash = [name for name in schema.names if name in columns]
    if clash:
        raise TableError(f"ids= column {clash[0]!r} has the name of an output column. Rename it in the data.")
    carried = [pa.Table.from_batches([batch]).cast(schema) for block in group for batch in block.carried]
    ids = pa.concat_tables(carried)
    return pa.table({**dict(zip(schema.names, ids.columns, strict=True)), **columns})
