"""Columns of tables: what counts as a number, what is refused, and where it is said to be."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from simulate_sources import carried_of, rows_of

from softmix import scan
from softmix.exceptions import TableError


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
def test_what_counts_as_numbers_becomes_float64(column, expected):
    scanned = scan(pa.table({"a": column}))
    assert scanned.dtype == np.float64
    assert rows_of(scanned)[:, 0].tolist() == expected


def test_float32_stays_only_where_all_columns_have_it():
    single, double = np.float32([0.1, 0.2]), np.array([1.0, 2.0])
    table = pa.table({"a": single, "b": single, "c": double})
    assert rows_of(scan(table, columns=["a", "b"])).dtype == np.float32
    assert rows_of(scan(table, columns=["a", "b"], weights="c")).dtype == np.float32
    assert rows_of(scan(table, columns=["a", "c"])).dtype == np.float64


def test_columns_come_in_the_order_asked_for():
    table = pa.table({"a": [1.0], "b": [2.0], "c": [3.0]})
    np.testing.assert_array_equal(rows_of(scan(table, columns=["c", "a"])), [[3, 1]])
    assert carried_of(scan(table, ids=["c", "b"])) == {"c": [3.0], "b": [2.0]}


@pytest.mark.parametrize(
    ("column", "finding"),
    [
        (pa.array(["x", "y"]), "column 'a' holds string, not numbers"),
        (
            pa.array(["1", "2"]),
            "column 'a' holds string, not numbers. .* columns=, or carry this one through with ids=",
        ),
        (pa.array(["x", "y"]).dictionary_encode(), "column 'a' is categorical .string categories."),
        (pa.array([None, dt.date(2020, 1, 31)]), "column 'a' holds date32"),
        (pa.array([[1.0], [2.0]]), "column 'a' holds list"),
        (pa.array([None, None], pa.null()), "column 'a' has 2 missing values .first in row 1."),
        (pa.array([1.0, None]), "column 'a' has 1 missing value .first in row 2."),
        (pa.array([1.0, np.nan]), "column 'a' has 1 missing value .first in row 2."),
        (pa.array([1, None]), "column 'a' has 1 missing value "),
        (pa.array([True, None]), "column 'a' has 1 missing value "),
        (pa.array([np.inf, 1.0]), "column 'a' has 1 infinite value .first in row 1."),
    ],
)
def test_what_is_no_number_is_refused(column, finding):
    with pytest.raises(TableError, match=f"^Table: {finding}"):
        rows_of(scan(pa.table({"a": column})))


def test_values_whose_sum_overflows_are_finite():
    values = np.full(4, np.finfo(np.float32).max)
    np.testing.assert_array_equal(rows_of(scan(pa.table({"a": values})))[:, 0], values)


def test_many_columns_with_gaps_are_abridged():
    table = pa.table({f"c{j}": [1.0, None] for j in range(9)})
    with pytest.raises(TableError, match=r"'c4' has 1 .*; and 4 more columns have some") as caught:
        rows_of(scan(table))
    assert "'c5'" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "finding"),
    [
        ({"columns": ["Waiting"]}, "no column 'Waiting' .from columns=.. Did you mean 'waiting'?"),
        ({"columns": ["eruption", "zzz"]}, "no columns 'eruption', 'zzz' .* Did you mean 'eruptions'?"),
        ({"ids": "zzz"}, "no column 'zzz' .from ids=.. The columns are 'eruptions', 'waiting'."),
        ({"weights": "w"}, "no column 'w' .from weights=."),
        ({"columns": [0]}, "column 0 .from columns=. is no name"),
        ({"columns": []}, "columns= is empty"),
        ({"columns": ["waiting", "waiting"]}, "columns= names column 'waiting' twice"),
        ({"ids": ["eruptions", "waiting"]}, "no columns are left"),
    ],
)
def test_columns_that_cannot_be_chosen(options, finding):
    with pytest.raises(TableError, match=finding):
        scan(pa.table({"eruptions": [1.0], "waiting": [2.0]}), **options)


def test_the_default_is_all_columns_but_ids_weights_and_a_pandas_index():
    table = pa.table({"a": [1.0], "i": ["x"], "w": [1.0], "b": [2.0], "__index_level_0__": [0]})
    assert scan(table, ids="i", weights="w").feature_names == ("a", "b")


def test_negative_weights_are_placed():
    with pytest.raises(TableError, match=r"column 'w' \(from weights=\) is negative: row 2 has -1"):
        rows_of(scan(pa.table({"a": [1.0, 2.0], "w": [1, -1]}), weights="w"))


def test_two_columns_of_one_name():
    with pytest.raises(TableError, match="'a' appears more than once"):
        scan(pa.table([[1.0], [2.0]], names=["a", "a"]))
