"""Streams and queries: asked for anew at each pass, refused where that cannot be."""

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from simulate_sources import carried_of, rows_of

from softmix import scan
from softmix.exceptions import TableError

TABLE = pa.table({"x": [1.0, 2.0], "y": [3, 4], "name": ["a", "b"]})


@pytest.fixture
def connection():
    with duckdb.connect() as connection:
        connection.register("t", TABLE)
        yield connection


def test_a_stream_that_can_be_read_once_is_refused():
    with pytest.raises(TableError, match=r"gives its rows once, .* gives a new reader each time"):
        scan(TABLE.to_reader())
    assert len(rows_of(scan(TABLE.to_reader, ids="name"))) == 2


def test_a_stream_that_was_used_up_is_noticed():
    reader = TABLE.select(["x", "y"]).to_reader()
    scanned = scan(lambda: reader)
    with pytest.raises(TableError, match=r"function .*lambda.*: "):
        [rows_of(scanned) for _ in range(2)]


def test_a_query(connection):
    scanned = scan("SELECT y, x / 2 AS half, name FROM t", connection=connection, ids="name")
    assert scanned.feature_names == ("y", "half")
    for _ in range(2):
        np.testing.assert_array_equal(rows_of(scanned), [[3, 0.5], [4, 1]])
    assert carried_of(scanned) == {"name": ["a", "b"]}


@pytest.mark.parametrize(
    ("query", "finding"),
    [
        ("SELECT z FROM t", "query 'SELECT z FROM t': .*z"),
        ("SELECT name FROM t", "column 'name' holds string, not numbers"),
        ("SELECT x FROM t WHERE x > 9", "has a header but no rows"),
        ("SELECT CASE WHEN y > 3 THEN x END AS x FROM t", "column 'x' has 1 missing value"),
    ],
)
def test_queries_that_give_no_numbers(query, finding, connection):
    with pytest.raises(TableError, match=finding):
        rows_of(scan(query, connection=connection))


def test_connections_that_are_none():
    with pytest.raises(TableError, match=r"connection= must be a DuckDB connection.* Got builtins.int"):
        scan("SELECT 1", connection=3)
    with pytest.raises(TableError, match="begins with none of postgresql://"):
        scan("SELECT 1", connection="mysql://somewhere")
