"""`write_predictions`: what the model says of each row, in a file, whole or not at all."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import csv as arrow_csv
from pyarrow import parquet
from simulate import clusters
from simulate_sources import KINDS, function_of_arrays, numpy_array, table_of

from softmix import GaussianMixture, scan
from softmix.exceptions import TableError
from softmix.store import predictions

X, _ = clusters(n=40_000, d=3)  # three blocks


@pytest.fixture(scope="module")
def model():
    return GaussianMixture(3, random_state=0).fit(table_of(X))


def expected(model, table):
    resp = model.predict_proba(table)
    return {
        "label": model.predict(table),
        **{f"membership_{k}": resp[:, k] for k in range(3)},
        "uncertainty": 1 - resp.max(axis=1),
        "log_density": model.score_samples(table),
    }


def same(written, columns):
    assert written.column_names == list(columns)
    for name, values in columns.items():
        np.testing.assert_array_equal(written[name].to_numpy(), values, err_msg=name)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_of_source_gives_the_same_bits(kind, tmp_path, model):
    source, options = kind(tmp_path, X)
    model.write_predictions(scan(source, **options), tmp_path / "out.parquet")
    written = parquet.read_table(tmp_path / "out.parquet")
    if options.get("ids"):
        written = written.drop(options["ids"])
    same(written, expected(model, table_of(X)))


def test_csv_holds_the_same_bits(tmp_path, model):
    model.write_predictions(scan(table_of(X)), tmp_path / "out.csv")
    same(arrow_csv.read_csv(tmp_path / "out.csv"), expected(model, table_of(X)))


def test_what_scan_takes_is_taken(tmp_path, model):
    model.write_predictions(table_of(X), tmp_path / "out.parquet")
    same(parquet.read_table(tmp_path / "out.parquet"), expected(model, table_of(X)))


def test_ids_stay_with_their_rows(tmp_path, model, monkeypatch):
    monkeypatch.setattr(predictions, "_GROUP_BYTES", 1)  # as few blocks at a time as can be
    table = table_of(X).append_column("name", pa.array([f"row {i}" for i in range(len(X))]))
    table = table.append_column("kind", pa.array(np.arange(len(X)) % 7).cast(pa.int8()).dictionary_encode())
    parquet.write_table(table, tmp_path / "in.parquet", row_group_size=700)
    rows = scan(tmp_path / "in.parquet", columns=["x0", "x1", "x2"], ids=["name", "kind"])
    model.write_predictions(rows, tmp_path / "out.parquet")
    written = parquet.read_table(tmp_path / "out.parquet")
    assert written["name"].equals(table["name"])
    assert written["kind"].type == pa.int8()
    same(written.drop(["name", "kind"]), expected(model, table_of(X)))
    model.write_predictions(rows, tmp_path / "out.csv")
    assert pd.read_csv(tmp_path / "out.csv")["name"].tolist() == table["name"].to_pylist()


def test_ids_of_text_are_integers_in_parquet_where_they_are_that_to_the_letter(tmp_path, model):
    (tmp_path / "in.csv").write_text("n,zip,x0,x1,x2\n7,007,1,2,3\n-8,123,1,2,3\n")
    rows = scan(tmp_path / "in.csv", ids=["n", "zip"])
    model.write_predictions(rows, tmp_path / "out.parquet")
    schema = parquet.read_schema(tmp_path / "out.parquet")
    assert (schema.field("n").type, schema.field("zip").type) == (pa.int64(), pa.string())
    model.write_predictions(rows, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text().splitlines()[2].startswith("-8,123,")


def test_ids_of_parts_of_several_types_become_one(tmp_path, model):
    for number, kind in enumerate((pa.int8(), pa.int64())):
        part = table_of(X[:9]).append_column("i", pa.array(range(9), kind))
        parquet.write_table(part, tmp_path / f"{number}.parquet")
    model.write_predictions(scan(f"{tmp_path}/?.parquet", ids="i"), tmp_path / "out.parquet")
    written = parquet.read_table(tmp_path / "out.parquet")["i"]
    assert (written.type, written.to_pylist()) == (pa.int64(), [*range(9), *range(9)])


@pytest.mark.parametrize("kind", [numpy_array, function_of_arrays])
def test_ids_of_arrays_are_named_by_their_numbers(kind, tmp_path):
    model = GaussianMixture(2, random_state=0).fit(X[:, :2])
    source, _ = kind(tmp_path, X)
    model.write_predictions(scan(source, ids=2), tmp_path / "out.parquet")
    np.testing.assert_array_equal(parquet.read_table(tmp_path / "out.parquet")["x2"].to_numpy(), X[:, 2])


@pytest.mark.parametrize(
    ("name", "options", "finding"),
    [
        ("out.xlsx", {}, "out.xlsx: cannot write .xlsx. Use .csv or .parquet"),
        ("out", {}, "cannot write a name without ending"),
        ("in.parquet", {}, "would write over the file that is read"),
        ("out.csv", {"columns": ["x1", "x0", "x2"]}, "feature names should match .* 'x0', 'x1', 'x2'"),
        ("out.csv", {"ids": "x2"}, "feature names should match"),
        (
            "out.csv",
            {"columns": ["x0", "x1", "x2"], "ids": "label"},
            "'label' has the name of an output column",
        ),
    ],
)
def test_what_is_refused_leaves_nothing(name, options, finding, tmp_path, model):
    table = table_of(X[:99])
    if options.get("ids") == "label":
        table = table.append_column("label", pa.array(range(99)))
    parquet.write_table(table, tmp_path / "in.parquet")
    before = (tmp_path / "in.parquet").read_bytes()
    with pytest.raises(ValueError, match=finding):
        model.write_predictions(scan(tmp_path / "in.parquet", **options), tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]
    assert (tmp_path / "in.parquet").read_bytes() == before


def test_an_error_on_the_way_leaves_the_old_file(tmp_path, model):
    (tmp_path / "out.parquet").write_text("old")
    rows = X.copy()
    rows[-1, 1] = np.nan
    with pytest.raises(TableError, match="column 'x1' has 1 missing value"):
        model.write_predictions(scan(table_of(rows)), tmp_path / "out.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]
    assert (tmp_path / "out.parquet").read_text() == "old"


def test_no_rows_at_all(tmp_path, model):
    with pytest.raises(TableError, match="no rows"):
        model.write_predictions(scan(table_of(X[:0]), allow_empty=True), tmp_path / "out.parquet")
    assert not list(tmp_path.iterdir())
