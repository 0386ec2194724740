"""Reading tables: what is in the file arrives, and what is wrong with it is said."""

import csv
import gzip

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from softmix.blocks.table_file import TableError, read_table

CSV = "id,a,b\n007,1,2.5\n008,3,4\n"


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", CSV),
        ("T.CSV", CSV),
        ("t.tsv", CSV.replace(",", "\t")),
        ("t.csv.gz", gzip.compress(CSV.encode(), mtime=0)),
        ("t.tsv.gz", gzip.compress(CSV.replace(",", "\t").encode(), mtime=0)),
        ("semicolons.csv", CSV.replace(",", ";")),
        ("tabs.csv", CSV.replace(",", "\t")),
        ("windows.csv", CSV.replace("\n", "\r\n")),
        ("bom.csv", b"\xef\xbb\xbf" + CSV.encode()),
    ],
)
def test_text_files_of_many_kinds(name, content, tmp_path):
    file = read_table(write(tmp_path / name, content), as_text=("id",))
    assert file.table.to_pydict() == {"id": ["007", "008"], "a": [1, 3], "b": [2.5, 4.0]}


def test_parquet(tmp_path):
    table = pa.table({"id": ["007"], "a.b": [1.5]})
    parquet.write_table(table, tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet").table.equals(table)


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_table(tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("name", "content", "finding"),
    [
        ("t.xlsx", "a\n1\n", "cannot read this kind of file"),
        ("t.csv", "", "the file is empty"),
        ("t.csv", "\n \n", "the file is empty"),
        ("t.csv.gz", gzip.compress(b"", mtime=0), "the file is empty"),
        ("t.csv", "a,b\n", "has a header but no rows"),
        ("t.csv", "1.5,2\n3,4\n", r"holds numbers \(1.5, 2\), not column names"),
        ("t.csv", "a,b,a\n1,2,3\n", "column 'a' appears more than once"),
        ("t.csv", "a,b\n1,2\n3\n", "expected 2 columns, got 1"),
        ("t.csv", b"a,\xe9\n1,2\n", "not UTF-8"),
        ("t.csv.gz", CSV, "damaged"),
        ("t.csv.gz", gzip.compress(CSV.encode(), mtime=0)[:20], "damaged"),
        ("t.parquet", CSV, "damaged"),
        ("t.parquet", "", "damaged"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(name, content, finding, tmp_path):
    path = write(tmp_path / name, content)
    with pytest.raises(TableError, match=finding) as caught:
        read_table(path)
    assert str(path) in str(caught.value)


def test_parquet_with_a_column_name_twice(tmp_path):
    parquet.write_table(pa.table([[1.0], [2.0]], names=["a", "a"]), tmp_path / "t.parquet")
    with pytest.raises(TableError, match="'a' appears more than once"):
        read_table(tmp_path / "t.parquet")


def test_parquet_without_rows_or_columns(tmp_path):
    parquet.write_table(pa.table({"a": pa.array([], pa.float64())}), tmp_path / "rows.parquet")
    parquet.write_table(pa.table({}), tmp_path / "columns.parquet")
    with pytest.raises(TableError, match="no rows"):
        read_table(tmp_path / "rows.parquet")
    with pytest.raises(TableError, match="no columns"):
        read_table(tmp_path / "columns.parquet")


def test_places_count_quoted_line_breaks_and_empty_lines(tmp_path):
    path = write(tmp_path / "t.csv", 'a,b\n1,2\n"x\ny",3\n\n4,5\n')
    file = read_table(path)
    assert [file.place(row) for row in range(3)] == ["row 1 (line 2)", "row 2 (line 3)", "row 3 (line 6)"]


def test_parquet_has_rows_but_no_lines(tmp_path):
    parquet.write_table(pa.table({"a": [1.0]}), tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet").place(0) == "row 1"


@given(rows=st.lists(st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.text()), min_size=1))
def test_csv_as_python_writes_it_is_read_to_the_bit(rows, tmp_path):
    # A lone carriage return ends a line in CSV, and NUL is no text.
    rows = [(x, text.replace("\r", " ").replace("\0", " ")) for x, text in rows]
    with (tmp_path / "t.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["x", "text"])
        writer.writerows((repr(x), text) for x, text in rows)
    table = read_table(tmp_path / "t.csv", as_text=("text",)).table
    assert [float(x) for x in table["x"].to_pylist()] == [x for x, _ in rows]
    assert table["text"].to_pylist() == [text for _, text in rows]
