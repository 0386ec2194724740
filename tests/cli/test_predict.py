"""`softmix predict` and `softmix embed`."""

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet
from pyarrow.csv import read_csv

from softmix import GaussianMixture, load
from softmix.store.table_writer import csv_writer

NEW = 'waiting,plant,eruptions\n80,007,4.5\n50,a b,2\n60,"x,""y",3\n'


@pytest.fixture
def new(folder):
    (folder / "new.csv").write_text(NEW)
    return pd.DataFrame({"eruptions": [4.5, 2.0, 3.0], "waiting": [80.0, 50.0, 60.0]})


def test_the_table_is_what_the_model_says_to_the_bit(softmix, model, new):
    assert softmix("predict", model, "new.csv", "-o", "o.parquet").status == 0
    table, loaded = pd.read_parquet("o.parquet"), load(model)
    resp = loaded.predict_proba(new)
    assert list(table.columns) == ["label", "membership_0", "membership_1", "uncertainty", "log_density"]
    assert table["label"].tolist() == loaded.predict(new).tolist()
    assert np.array_equal(table[["membership_0", "membership_1"]], resp)
    assert np.array_equal(table["uncertainty"], 1 - resp.max(axis=1))
    assert np.array_equal(table["log_density"], loaded.score_samples(new))


def test_columns_are_found_by_name_and_ids_come_first(softmix, model, new):
    said = softmix("predict", model, "new.csv", "--id", "plant,waiting", "-o", "o.csv")
    assert said.out == "3 rows, 7 columns written to o.csv\n"
    with Path("o.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0][:3] == ["plant", "waiting", "label"]
    assert [row[0] for row in rows[1:]] == ["007", "a b", 'x,"y']


def test_csv_and_parquet_hold_the_same_bits(softmix, model):
    softmix("predict", model, "faithful.csv", "-o", "o.csv")
    softmix("predict", model, "faithful.csv", "-o", "o.parquet")
    assert read_csv("o.csv").equals(parquet.read_table("o.parquet"))


def test_without_o_the_table_goes_to_standard_output(softmix, model, folder):
    said = softmix("predict", model, "faithful.csv")
    softmix("predict", model, "faithful.csv", "-o", "o.csv")
    assert said.out == (folder / "o.csv").read_text()


def test_embed_gives_the_named_coordinates_only(softmix, model, new):
    assert softmix("embed", model, "new.csv", "--id", "plant", "-o", "o.parquet").status == 0
    table, loaded = pd.read_parquet("o.parquet"), load(model)
    assert list(table.columns) == ["plant", *loaded.get_feature_names_out()]
    assert np.array_equal(table.iloc[:, 1:], loaded.transform(new))


@pytest.mark.parametrize("command", ["predict", "embed"])
def test_json_tells_what_was_written(command, softmix, model, new):
    said = softmix(command, model, "new.csv", "-o", "o.csv", "--json").json
    assert (said["rows"], said["output"]) == (3, "o.csv")
    assert said["columns"] == list(pd.read_csv("o.csv").columns)


def test_quiet_writes_and_says_nothing(softmix, model, new, folder):
    said = softmix("predict", model, "new.csv", "-o", "o.csv", "--quiet")
    assert (said.status, said.out, said.err) == (0, "", "")
    assert (folder / "o.csv").exists()


def test_integer_ids_are_integers_in_parquet_and_others_stay_text(softmix, model, folder):
    (folder / "t.csv").write_text("n,zip,eruptions,waiting\n7,007,4,80\n-8,123,2,50\n")
    softmix("predict", model, "t.csv", "--id", "n,zip", "-o", "o.parquet")
    schema = parquet.read_schema("o.parquet")
    assert (schema.field("n").type, schema.field("zip").type) == (pa.int64(), pa.string())


def test_ids_of_parquet_keep_their_type_and_gaps(softmix, model):
    ids = pa.array([3, None], pa.int16())
    parquet.write_table(pa.table({"i": ids, "eruptions": [4.0, 2.0], "waiting": [80, 50]}), "t.parquet")
    softmix("predict", model, "t.parquet", "--id", "i", "-o", "o.parquet")
    assert parquet.read_table("o.parquet")["i"].combine_chunks().equals(ids)


@pytest.mark.filterwarnings("ignore::softmix.DegenerateComponentWarning")
def test_a_model_fitted_without_names_takes_columns_by_position(softmix, new):
    GaussianMixture(2, random_state=0).fit(new.to_numpy()).save("bare.softmix")
    assert softmix("predict", "bare.softmix", "new.csv", "--id", "plant", "-o", "o.csv").status == 0
    expected = load("bare.softmix").score_samples(new[["waiting", "eruptions"]].to_numpy())
    assert np.array_equal(read_csv("o.csv")["log_density"], expected)


def test_far_rows_have_finite_answers(softmix, model, folder):
    (folder / "t.csv").write_text("eruptions,waiting\n1e9,-1e9\n")
    table = softmix("predict", model, "t.csv").out.splitlines()[1].split(",")
    assert np.isfinite([float(x) for x in table]).all()


@given(
    rows=st.lists(
        st.tuples(
            st.floats(allow_nan=False, allow_infinity=False), st.text(), st.floats(width=32, allow_nan=False)
        ),
        min_size=1,
    )
)
def test_csv_reads_back_to_the_bit(rows):
    doubles, texts, singles = zip(*rows, strict=True)
    names = ["double", "text, of any kind", "single"]
    columns = [pa.array(doubles), pa.array(texts), pa.array(np.array(singles, dtype=np.float32))]
    buffer = io.BytesIO()
    table = pa.table(columns, names=names)
    csv_writer(buffer, table.schema)(table)
    head, *body = csv.reader(io.StringIO(buffer.getvalue().decode(), newline=""))
    assert head == names
    assert [float(row[0]) for row in body] == list(doubles)
    assert [row[1] for row in body] == list(texts)
    assert [np.float32(row[2]) for row in body] == list(singles)
