"""The kinds of source that are tables, each with its reader. Imports pyarrow."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from softmix.blocks.arrow_stream import exported, refuse_one_shot
from softmix.blocks.files import FoundFile
from softmix.blocks.ipc_file import IpcTable
from softmix.blocks.openers import MakeReader, Options
from softmix.blocks.parquet_file import ParquetTable
from softmix.blocks.partitioned import constants_of, in_partition
from softmix.blocks.query import is_duckdb, query_table
from softmix.blocks.table import Table
from softmix.blocks.table_reader import TableReader
from softmix.blocks.text_file import TextTable


def of_files(files: Sequence[FoundFile], options: Options) -> MakeReader:
    """Files of one kind, one after another."""
    parts = [
        in_partition(_table(file, options), constants)
        for file, constants in zip(files, constants_of(files), strict=True)
    ]
    return partial(TableReader, parts, allow_empty=options.allow_empty)


def _table(file: FoundFile, options: Options) -> Table:
    if file.kind == "text":
        return TextTable(file.path, options.delimiter, options.decimal, options.na_values)
    return ParquetTable(file.path) if file.kind == "parquet" else IpcTable(file.path)


def of_query(query: str, connection: Any, allow_empty: bool) -> MakeReader:
    """The rows that a query gives."""
    return partial(TableReader, [query_table(query, connection)], allow_empty=allow_empty)


def is_computed(source: Any) -> bool:
    """Whether what exports an Arrow stream computes its rows each time, and has them not in memory."""
    return is_duckdb(source)


def of_stream(source: Any, allow_empty: bool) -> MakeReader:
    """What exports an Arrow stream whenever it is asked to."""
    refuse_one_shot(source)
    table = exported(lambda: source, type(source).__name__)
    return partial(TableReader, [table], allow_empty=allow_empty)


def of_streams(make: Callable[[], Any], allow_empty: bool) -> MakeReader:
    """What gives, at each call, something that exports an Arrow stream."""
    name = getattr(make, "__qualname__", type(make).__qualname__)
    return partial(TableReader, [exported(make, f"function {name}")], allow_empty=allow_empty)
