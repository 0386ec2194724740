"""A SQL query as a table: through a DuckDB connection, an ADBC connection, or a database's address.

The query runs anew at each pass and its rows stream by as Arrow batches. It must give the same rows
in the same order: where the database does not promise that, the query says ORDER BY.
"""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import pyarrow as pa

from softmix.blocks.arrow_stream import ArrowStreamTable, Rows
from softmix.blocks.extra import import_with_data
from softmix.blocks.table import Table
from softmix.exceptions import TableError

# How a database's address begins, and the ADBC driver that it needs.
_DRIVERS = {
    "postgresql://": "adbc_driver_postgresql",
    "postgres://": "adbc_driver_postgresql",
    "sqlite:///": "adbc_driver_sqlite",
}
_SHOWN = 60


def query_table(query: str, connection: Any) -> Table:
    """The rows that `query` gives through `connection`.

    Raises
    ------
    TableError
        If the connection is of no kind that is known, or the query fails.
    """
    if isinstance(connection, str):
        connect = _connect(connection)
        return _table(query, lambda: _adbc_rows(connect(), query))
    if is_duckdb(connection):
        return _table(query, lambda: _duckdb_rows(connection, query))
    if hasattr(connection, "adbc_get_info"):
        return _table(query, lambda: _adbc_rows(nullcontext(connection), query))
    kind = type(connection)
    raise TableError(
        "connection= must be a DuckDB connection, an ADBC connection, or an address that begins with "
        f"{', '.join(_DRIVERS)}. Got {kind.__module__}.{kind.__qualname__}."
    )


def is_duckdb(thing: Any) -> bool:
    """Whether `thing` is DuckDB's: a connection, or a relation, which is computed when it is read."""
    return type(thing).__module__.partition(".")[0] in {"duckdb", "_duckdb"}


def _table(query: str, run: Callable[[], Rows]) -> Table:
    text = " ".join(query.split())
    origin = f"query {text if len(text) <= _SHOWN else text[: _SHOWN - 1] + '…'!r}"
    # Each driver has errors of its own; all that come out of a query are the query's.
    return ArrowStreamTable(run, origin, blamed=(Exception,))


@contextmanager
def _duckdb_rows(connection: Any, query: str) -> Generator[pa.RecordBatchReader, None, None]:
    with pa.RecordBatchReader.from_stream(connection.sql(query)) as reader:
        yield reader


@contextmanager
def _adbc_rows(
    connecting: AbstractContextManager[Any], query: str
) -> Generator[pa.RecordBatchReader, None, None]:
    with connecting as connection, connection.cursor() as cursor:
        cursor.execute(query)
        yield cursor.fetch_record_batch()


def _connect(address: str) -> Callable[[], AbstractContextManager[Any]]:
    begin = next((begin for begin in _DRIVERS if address.startswith(begin)), None)
    if begin is None:
        raise TableError(f"connection= is an address that begins with none of {', '.join(_DRIVERS)}.")
    driver = import_with_data(f"{_DRIVERS[begin]}.dbapi")
    target = address.removeprefix(begin) if begin == "sqlite:///" else address
    return lambda: driver.connect(target)
