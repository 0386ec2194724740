"""Columns as numbers: what counts as one, and where the first that does not is."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from softmix.blocks.numeric_columns import check_present, default_columns, numeric_columns
from softmix.blocks.table_file import TableError, read_table


def csv_file(tmp_path, text):
    (tmp_path / "t.csv").write_text(text)
    return read_table(tmp_path / "t.csv")


def parquet_file(tmp_path, **columns):
    parquet.write_table(pa.table(columns), tmp_path / "t.parquet")
    return read_table(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([True, False]), [1.0, 0.0]),
        (pa.array([1, -2], pa.int8()), [1.0, -2.0]),
        (pa.array([1, 2**63], pa.uint64()), [1.0, 2.0**63]),
        (pa.array([2**53 + 1, 0], pa.int64()), [2.0**53, 0.0]),
        (pa.array([Decimal("1.25"), Decimal("-0.50")]), [1.25, -0.5]),
        (pa.array([0.5, 1.5]).dictionary_encode(), [0.5, 1.5]),
        (pa.array(np.array([0.5, 1.5], dtype=np.float16)), [0.5, 1.5]),
    ],
)
def test_what_counts_as_numbers_becomes_float64(column, expected, tmp_path):
    table = numeric_columns(parquet_file(tmp_path, a=column), ["a"])
    assert table.schema.field("a").type == pa.float64()
    assert table["a"].to_pylist() == expected


def test_float32_stays_only_where_all_columns_have_it(tmp_path):
    single, double = np.float32([0.1, 0.2]), np.array([1.0, 2.0])
    file = parquet_file(tmp_path, a=single, b=single, c=double)
    assert {f.type for f in numeric_columns(file, ["a", "b"]).schema} == {pa.float32()}
    assert {f.type for f in numeric_columns(file, ["a", "c"]).schema} == {pa.float64()}


def test_columns_come_in_the_order_asked_for(tmp_path):
    assert numeric_columns(csv_file(tmp_path, "a,b\n1,2\n"), ["b", "a"]).to_pydict() == {
        "b": [2.0],
        "a": [1.0],
    }


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("a,b\n1,x\n", r"column 'b' is not numeric: row 1 \(line 2\) has 'x'"),
        ("a,b\n1,2\n1, 3 \n1,\n1,oops\n1,4\n", r"row 4 \(line 5\) has 'oops'"),
        ("a,b\n1,NA\n1,1e3\n1,1_000\n", r"row 3 \(line 4\) has '1_000'"),
        ("a,b\n1,true\n1,2\n", r"row 1 \(line 2\) has 'true'"),
        ("a,b\n1,2020-01-31\n", "has '2020-01-31'"),
        ("a,b\n1," + "y" * 100 + "\n", "has '" + "y" * 39 + "…'"),
        ("a,b\n1,\n1,2\n1,NaN\n", r"column 'b' has 2 missing values \(first in row 1 \(line 2\)\)"),
        ("a,b\n1,\n", "column 'b' has 1 missing value "),
        ("a,b\n,\n1,2\n", "column 'a' has 1 missing value .*; column 'b' has 1 missing value "),
        ("a,b\n1,2\n1,-inf\n", r"column 'b' has 1 infinite value \(first in row 2 \(line 3\)\)"),
    ],
)
def test_what_is_no_number_is_placed(text, finding, tmp_path):
    with pytest.raises(TableError, match=finding):
        numeric_columns(csv_file(tmp_path, text), ["a", "b"])


@pytest.mark.parametrize(
    ("column", "finding"),
    [
        (pa.array(["x", "y"]), "row 1 has 'x'"),
        (pa.array(["x", "y"]).dictionary_encode(), "row 1 has 'x'"),
        (pa.array([None, dt.date(2020, 1, 31)]), "row 2 has '2020-01-31'"),
        (pa.array([[1.0], [2.0]]), r"row 1 has '\[1.0\]'"),
        (pa.array([None, None], pa.null()), "column 'a' has 2 missing values"),
        (pa.array([1.0, None]), "column 'a' has 1 missing value "),
        (pa.array([True, None]), "column 'a' has 1 missing value "),
        (pa.array(["1", "2"]), "holds string, not numbers"),
    ],
)
def test_what_is_no_number_in_parquet_is_placed(column, finding, tmp_path):
    with pytest.raises(TableError, match=finding):
        numeric_columns(parquet_file(tmp_path, a=column), ["a"])


@given(n=st.integers(1, 200), data=st.data())
def test_the_first_foreign_value_is_found_wherever_it_is(n, data, tmp_path):
    row = data.draw(st.integers(0, n - 1))
    values = [str(float(i)) for i in range(n)]
    values[row:] = ["no", *data.draw(st.lists(st.sampled_from(["1", "", "no"]), max_size=n))]
    file = csv_file(tmp_path, "a,b\n" + "".join(f"{v},0\n" for v in values))
    with pytest.raises(TableError, match=rf"row {row + 1} \(line {row + 2}\) has 'no'"):
        numeric_columns(file, ["a"])


def test_many_columns_with_gaps_are_abridged(tmp_path):
    names = [f"c{j}" for j in range(9)]
    file = csv_file(tmp_path, ",".join(names) + "\n" + ",".join("1" * 9) + "\n" + "," * 8 + "\n")
    with pytest.raises(TableError, match=r"'c4' has 1 .*; and 4 more columns have some") as caught:
        numeric_columns(file, names)
    assert "'c5'" not in str(caught.value)


@pytest.mark.parametrize(
    ("wanted", "finding"),
    [
        (["Waiting"], "no column 'Waiting' .from me.. Did you mean 'waiting'?"),
        (["eruption", "zzz"], "no columns 'eruption', 'zzz' .from me.. Did you mean 'eruptions'?"),
        (["zzz"], "The columns are 'eruptions', 'waiting'."),
    ],
)
def test_missing_columns_and_near_matches(wanted, finding, tmp_path):
    with pytest.raises(TableError, match=finding):
        check_present(csv_file(tmp_path, "eruptions,waiting\n1,2\n"), wanted, "from me")


def test_the_default_is_all_columns_but_the_excluded_and_a_pandas_index(tmp_path):
    file = parquet_file(tmp_path, a=[1.0], i=[1], b=[2.0], __index_level_0__=[0])
    assert default_columns(file, ["i"]) == ["a", "b"]


def test_a_column_without_name_is_not_taken_for_data(tmp_path):
    with pytest.raises(TableError, match="column 1 has no name"):
        default_columns(csv_file(tmp_path, ",a\n0,1\n"), [])


def test_nothing_left_is_said(tmp_path):
    with pytest.raises(TableError, match="no columns are left"):
        default_columns(csv_file(tmp_path, "a\nx\n"), ["a"])
