"""A SQL query as a table: through a DuckDB connection, an ADBC connection, or a database's address.

The query runs anew at each pass and its rows stream by as Arrow batches. It must give the same rows
in the same order: where the database does not promise that, the query says ORDER BY.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import pyarrow as pa

from softmix.blocks.extra import import_with_data
from softmix.blocks.table import Batches, Table, check_names, in_batches, in_order
from softmix.exceptions import TableError

# How a database's address begins, and the ADBC driver that it needs.
_DRIVERS = {
    "postgresql://": "adbc_driver_postgresql",
    "postgres://": "adbc_driver_postgresql",
    "sqlite:///": "adbc_driver_sqlite",
}
_SHOWN = 60

Reader = AbstractContextManager[pa.RecordBatchReader]


def query_table(query: str, connection: Any) -> Table:
    """The rows that `query` gives through `connection`.

    Raises
    ------
    TableError
        If the connection is of no kind that is known, or the query fails.
    """
    if isinstance(connection, str):
        connect = _connect(connection)
        return QueryTable(query, lambda: _adbc_rows(connect(), query))
    if type(connection).__module__.partition(".")[0] in {"duckdb", "_duckdb"}:
        return QueryTable(query, lambda: _duckdb_rows(connection, query))
    if hasattr(connection, "adbc_get_info"):
        return QueryTable(query, lambda: _adbc_rows(nullcontext(connection), query))
    kind = type(connection)
    raise TableError(
        "connection= must be a DuckDB connection, an ADBC connection, or an address that begins with "
        f"{', '.join(_DRIVERS)}. Got {kind.__module__}.{kind.__qualname__}."
    )


class QueryTable:
    """The rows of `query`, which `run` runs."""

    def __init__(self, query: str, run: Callable[[], Reader]) -> None:
        text = " ".join(query.split())
        self.origin = f"query {text if len(text) <= _SHOWN else text[: _SHOWN - 1] + '…'!r}"
        self._run = run
        with self._rows() as reader:
            self._schema = reader.schema
        self.names = self._schema.names
        check_names(self.origin, self.names)

    def kind(self, name: str) -> pa.DataType:
        return self._schema.field(name).type

    def count(self) -> None:
        return

    def place(self, row: int) -> str:
        return f"row {row + 1}"

    def batches(self, numbers: Sequence[str], carried: Sequence[str]) -> Batches:
        with self._rows() as reader:
            for batch in reader:
                yield from in_batches(in_order(batch, [*numbers, *carried]))

    @contextmanager
    def _rows(self) -> Generator[pa.RecordBatchReader, None, None]:
        try:
            with self._run() as reader:
                yield reader
        except (TableError, ImportError):
            raise
        except Exception as error:
            # Each driver has errors of its own; all that come out of a query are the query's.
            raise TableError(f"{self.origin}: {' '.join(str(error).split())[:300]}") from error


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
