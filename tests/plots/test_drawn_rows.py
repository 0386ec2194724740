"""The rows drawn are all, or a sample that is always the same and says so, from wherever rows are."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmix import GaussianMixture, scan
from softmix.data import faithful_path
from softmix.plots import ClassificationDisplay, DensityDisplay, MembershipDisplay, UncertaintyDisplay
from softmix.plots.drawn_rows import rows_to_draw


@given(st.integers(1, 50), st.integers(1, 60))
def test_a_sample_is_rows_of_the_table_each_once(n, max_points):
    X = np.arange(2.0 * n).reshape(n, 2)
    rows = rows_to_draw(X, [1], max_points)
    assert len(rows.points) == min(n, max_points)
    assert (np.diff(rows.numbers) > 0).all()
    assert np.array_equal(rows.points, X[rows.numbers][:, [1]])
    assert np.array_equal(rows.table, X[rows.numbers])
    assert (rows.note == "") == (n <= max_points)
    assert np.array_equal(rows_to_draw(X, [1], max_points).numbers, rows.numbers)


def test_every_kind_of_table_gives_the_same_sample(data, fitted):
    kinds = [data, pl.from_pandas(data), pa.Table.from_pandas(data), scan(faithful_path())]
    drawn = [rows_to_draw(X, [0, 1], 40, fitted) for X in kinds]
    unnamed = GaussianMixture(2, random_state=0).fit(data.to_numpy())
    drawn += [rows_to_draw(X, [0, 1], 40, unnamed) for X in (data.to_numpy(), data.to_numpy().tolist())]
    for rows in drawn:
        assert np.array_equal(rows.points, drawn[0].points)
        assert rows.note == "a sample of 40 of 272 rows"
    labels = [fitted.predict(rows.table).tolist() for rows in drawn[:4]]
    assert all(label == labels[0] for label in labels)


@pytest.mark.parametrize(
    "display", [MembershipDisplay, ClassificationDisplay, UncertaintyDisplay, DensityDisplay]
)
def test_a_scan_is_drawn_by_a_sample(display, fitted):
    drawn = display.from_estimator(fitted, scan(faithful_path()), max_points=30)
    assert drawn.points.shape == (30, 2)
    assert drawn.ax_.get_title(loc="left") == "a sample of 30 of 272 rows"


def test_rows_with_missing_values_are_left_out_and_counted():
    X = pd.DataFrame({"a": [1.0, np.nan, 3.0, 4.0], "b": [1.0, 2.0, np.inf, 4.0]})
    display = ClassificationDisplay.from_predictions(X, [0, 1, 1, 0])
    assert display.points.tolist() == [[1.0, 1.0], [4.0, 4.0]]
    assert display.labels.tolist() == [0, 0]
    assert display.ax_.get_title(loc="left") == "2 rows with missing or infinite values left out"
    assert ClassificationDisplay.from_predictions(X, [0, 1, 1, 0], columns="a").points.shape == (3, 1)
    with pytest.raises(ValueError, match="2 rows, and none that can be drawn"):
        rows_to_draw(X[1:3], [0, 1], 10)


def test_rows_of_a_model_with_missing_values_are_drawn_as_far_as_they_are_known(data, tmp_path):
    X = data.assign(length=data["waiting"] + data["eruptions"])
    X.iloc[::9, 1] = np.nan
    X.iloc[::5, 2] = np.nan
    model = GaussianMixture(2, covariance_type="diag", missing="marginal", random_state=0).fit(X)
    X.to_csv(tmp_path / "rows.csv", index=False)
    of_table = ClassificationDisplay.from_estimator(model, X)
    of_scan = ClassificationDisplay.from_estimator(model, scan(tmp_path / "rows.csv"))
    known = X["waiting"].notna()
    assert np.array_equal(of_table.points, X.loc[known].iloc[:, :2])
    assert np.array_equal(of_table.labels, model.predict(X)[known])
    assert np.array_equal(of_scan.points, of_table.points)
    assert np.array_equal(of_scan.labels, of_table.labels)


def test_other_columns_than_the_models_are_refused(data, fitted):
    with pytest.raises(ValueError, match="feature names should match"):
        DensityDisplay.from_estimator(fitted, data.rename(columns={"waiting": "wait"}))
    with pytest.raises(ValueError, match="feature names should match"):
        DensityDisplay.from_estimator(fitted, scan(faithful_path(), columns=["waiting", "eruptions"]))


@pytest.mark.parametrize("max_points", [0, -1, 2.5, True, None])
def test_max_points_is_a_count(max_points, data, fitted):
    with pytest.raises(ValueError, match="max_points must be an int from 1 up"):
        MembershipDisplay.from_estimator(fitted, data, max_points=max_points)
