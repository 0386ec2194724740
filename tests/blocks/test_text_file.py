"""Text files: what is in the file arrives, and what is wrong with it is said."""

import csv
import gzip

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulate_sources import carried_of, rows_of

from softmix import scan
from softmix.exceptions import TableError

CSV = "id,a,b\n007,1,2.5\n008,3,4\n"


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def zstd(text):
    return pa.compress(text.encode(), "zstd", asbytes=True)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", CSV),
        ("T.CSV", CSV),
        ("t.tsv", CSV.replace(",", "\t")),
        ("t.csv.gz", gzip.compress(CSV.encode(), mtime=0)),
        ("t.tsv.gz", gzip.compress(CSV.replace(",", "\t").encode(), mtime=0)),
        ("t.csv.zst", zstd(CSV)),
        ("t.tsv.zst", zstd(CSV.replace(",", "\t"))),
        ("semicolons.csv", CSV.replace(",", ";")),
        ("decimal_commas.csv", CSV.replace(",", ";").replace(".", ",")),
        ("tabs.csv", CSV.replace(",", "\t")),
        ("bars.csv", CSV.replace(",", "|")),
        ("windows.csv", CSV.replace("\n", "\r\n")),
        ("blanks.csv", CSV.replace("3,4", " 3 , 4 ")),
        ("bom.csv", b"\xef\xbb\xbf" + CSV.encode()),
        ("no_last_line_break.csv", CSV.rstrip()),
    ],
)
def test_text_files_of_many_kinds(name, content, tmp_path):
    scanned = scan(write(tmp_path / name, content), ids="id")
    assert scanned.feature_names == ("a", "b")
    np.testing.assert_array_equal(rows_of(scanned), [[1, 2.5], [3, 4]])
    assert carried_of(scanned) == {"id": ["007", "008"]}


def test_a_column_can_be_both_computed_with_and_carried_as_it_is_written(tmp_path):
    path = write(tmp_path / "t.csv", "a;b\n01,50;1\n;2\n")
    with pytest.raises(TableError, match=r"column 'a' has 1 missing value \(first in row 2 \(line 3\)\)"):
        rows_of(scan(path, columns=["a"], ids=["a"]))
    path = write(tmp_path / "t.csv", "a;b\n01,50;1\n 2 ;2\n")
    scanned = scan(path, columns=["a"], ids=["b", "a"])
    np.testing.assert_array_equal(rows_of(scanned), [[1.5], [2]])
    with scanned.carrying()[0].blocks() as blocks:
        np.testing.assert_array_equal(next(blocks)[1].rows, [[1.5], [2]])
    assert carried_of(scanned) == {"b": ["1", "2"], "a": ["01,50", " 2 "]}


def test_what_separates_and_the_decimal_mark_can_be_said(tmp_path):
    path = write(tmp_path / "t.csv", "a~b,c\n1,5~2\n")
    np.testing.assert_array_equal(rows_of(scan(path, delimiter="~", decimal=",")), [[1.5, 2]])
    write(path, "a;b\n1,5;2\n1,5;2.5\n")
    with pytest.raises(TableError, match=r"column 'b' is not numeric: row 2 \(line 3\) has '2.5'"):
        rows_of(scan(path, decimal=","))


def test_a_decimal_comma_is_not_seen_where_points_are(tmp_path):
    path = write(tmp_path / "t.csv", "a;b\n1.5;1,234\n")
    with pytest.raises(TableError, match=r"column 'b' is not numeric: row 1 \(line 2\) has '1,234'"):
        rows_of(scan(path))


def test_booleans_count_0_and_1(tmp_path):
    path = write(tmp_path / "t.csv", "a,b\ntrue,1\nfalse,2\n")
    np.testing.assert_array_equal(rows_of(scan(path)), [[1, 1], [0, 2]])


@pytest.mark.parametrize("spelling", ["", "NA", "NaN", "nan", "NAN", "null", "None", "<NA>", "?", "#N/A"])
def test_spellings_of_missing_values(spelling, tmp_path):
    path = write(tmp_path / "t.csv", f"a,b\n1,2\n{spelling},3\n1,{spelling}\n{spelling},1\n")
    with pytest.raises(
        TableError, match=r"column 'a' has 2 missing values .*; column 'b' has 1 missing value"
    ):
        rows_of(scan(path))


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        scan(tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("name", "content", "finding"),
    [
        ("t.csv", "", "the file is empty"),
        ("t.csv", "\n \n", "the file is empty"),
        ("t.csv.gz", gzip.compress(b"", mtime=0), "the file is empty"),
        ("t.csv", "a,b\n", "has a header but no rows"),
        ("t.csv", "1.5,2\n3,4\n", r"holds numbers \(1.5, 2\), not column names"),
        ("t.csv", "a,b,a\n1,2,3\n", "column 'a' appears more than once"),
        ("t.csv", "a,b\n1,2\n3\n", "expected 2 columns, got 1"),
        ("t.csv", b"a,\xe9\n1,2\n", "not UTF-8"),
        ("t.csv", b"a,b\n1,\xe9\n", "not UTF-8"),
        ("t.csv.gz", CSV, "damaged"),
        ("t.csv.gz", gzip.compress(CSV.encode(), mtime=0)[:20], "damaged"),
        ("t.csv.zst", zstd(CSV)[:20], "damaged"),
        ("t.csv", ",a\n0,1\n", "column 1 has no name"),
        ("t.csv", "a,b\n1,x\n", r"column 'b' is not numeric: row 1 \(line 2\) has 'x'"),
        ("t.csv", "a,b\n1,2\n1, 3 \n1,4\n1,oops\n1,4\n", r"row 4 \(line 5\) has 'oops'"),
        ("t.csv", "a,b\n1,NA\n1,1e3\n1,1_000\n", r"row 3 \(line 4\) has '1_000'"),
        ("t.csv", "a,b\n1,true\n1,2\n", r"row 1 \(line 2\) has 'true'"),
        ("t.csv", "a,b\n1,2020-01-31\n", "has '2020-01-31'"),
        ("t.csv", "a,b\n1," + "y" * 100 + "\n", "has '" + "y" * 39 + "…'"),
        ("t.csv", "a,b\n1,2\n1,-inf\n", r"column 'b' has 1 infinite value \(first in row 2 \(line 3\)\)"),
        ("t.csv", 'a,b\n1,2\n"3\n",4\n\n5,x\n', r"row 3 \(line 6\) has 'x'"),
        ("t.csv", "a;b\n1,5;2\n1.5;2\n", r"row 1 \(line 2\) has '1,5'. If the comma .* decimal=','"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(name, content, finding, tmp_path):
    path = write(tmp_path / name, content)
    with pytest.raises(TableError, match=finding) as caught:
        rows_of(scan(path))
    assert str(path) in str(caught.value)


def test_what_comes_late_in_a_long_file_is_found(tmp_path):
    lines = ["1,2\n"] * 2_000_000  # several of the parser's buffers
    lines[1_500_000] = "1,late\n"
    path = write(tmp_path / "t.csv", "a,b\n" + "".join(lines))
    with pytest.raises(TableError, match=r"row 1500001 \(line 1500002\) has 'late'"):
        rows_of(scan(path))
    lines[1_500_000] = lines[1_900_000] = "1,\n"
    write(path, "a,b\n" + "".join(lines))
    with pytest.raises(TableError, match=r"column 'b' has 2 missing values \(first in row 1500001 "):
        rows_of(scan(path))


@given(n=st.integers(1, 200), data=st.data())
def test_the_first_foreign_value_is_found_wherever_it_is(n, data, tmp_path):
    row = data.draw(st.integers(0, n - 1))
    values = [str(float(i)) for i in range(n)]
    values[row:] = ["no", *data.draw(st.lists(st.sampled_from(["1", "", "no"]), max_size=n))]
    path = write(tmp_path / "t.csv", "a,b\n" + "".join(f"{v},0\n" for v in values))
    with pytest.raises(TableError, match=rf"row {row + 1} \(line {row + 2}\) has 'no'"):
        rows_of(scan(path))


@given(rows=st.lists(st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.text()), min_size=1))
def test_csv_as_python_writes_it_is_read_to_the_bit(rows, tmp_path):
    # A lone carriage return ends a line in CSV, and NUL is no text.
    rows = [(x, text.replace("\r", " ").replace("\0", " ")) for x, text in rows]
    with (tmp_path / "t.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["x", "text"])
        writer.writerows((repr(x), text) for x, text in rows)
    scanned = scan(tmp_path / "t.csv", ids="text")
    assert rows_of(scanned)[:, 0].tolist() == [x for x, _ in rows]
    assert carried_of(scanned)["text"] == [text for _, text in rows]
