"""Columns are chosen by name or position; what is wrong is named."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from softmix import GaussianMixture
from softmix.plots import (
    ClassificationDisplay,
    DensityDisplay,
    MembershipDisplay,
    PairsDisplay,
    UncertaintyDisplay,
)
from softmix.plots.columns import choose_columns, table_names

DISPLAYS = [MembershipDisplay, ClassificationDisplay, UncertaintyDisplay, DensityDisplay]


@pytest.mark.parametrize(
    ("columns", "finding"),
    [
        ((0, 1, 0), "one or two columns"),
        ((), "one or two columns"),
        ("height", "'height'; the model's columns are 'eruptions', 'waiting'."),
        ((0, 2), "has 2;"),
        ((0, 1.5), "has 1.5;"),
        ((0, "eruptions"), "'eruptions' twice"),
    ],
)
@pytest.mark.parametrize("display", DISPLAYS)
def test_impossible_columns_are_refused(display, columns, finding, data, fitted):
    with pytest.raises(ValueError, match=finding):
        display.from_estimator(fitted, data, columns=columns)


def test_names_and_positions_are_the_same_columns():
    names = ["a", "b", "c"]
    for columns in (["c", "a"], [2, 0], [-1, "a"], np.array([2, 0])):
        assert choose_columns(columns, names, "Display") == [2, 0]
    assert choose_columns("b", names, "Display") == choose_columns(np.int64(1), names, "Display") == [1]
    assert choose_columns(None, names, "Display") == [0, 1]
    assert choose_columns(None, ["a"], "Display") == [0]


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, pa.table])
def test_axes_are_named_after_the_columns_of_every_kind_of_table(kind):
    values = np.random.default_rng(0).normal(size=(60, 2))
    table = kind({"width": values[:, 0], "height": values[:, 1]})
    model = GaussianMixture(2, random_state=0).fit(table)
    for display in DISPLAYS:
        ax = display.from_estimator(model, table).ax_
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("width", "height")
    assert table_names(table) == ["width", "height"]
    ax = ClassificationDisplay.from_predictions(table, model.predict(table), columns=["height", 0]).ax_
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("height", "width")


def test_too_many_columns_for_pairs_are_told_with_the_way_out():
    X = np.random.default_rng(0).normal(size=(100, 13))
    model = GaussianMixture(1).fit(X)
    with pytest.raises(
        ValueError, match=r"has 13 columns, and PairsDisplay draws at most 8.*columns=\['column 0'"
    ):
        PairsDisplay.from_estimator(model, X)
    with pytest.raises(ValueError, match="takes 1 to 8 columns"):
        PairsDisplay.from_estimator(model, X, columns=range(9))
    assert PairsDisplay.from_estimator(model, X, columns=[12, 0]).axes_.shape == (2, 2)


@pytest.mark.parametrize("name", ["price in $", "$\\frac$", "_hidden", "a_b^c", "<b>", ""])
def test_names_are_written_as_they_are(name, texts):
    X = pd.DataFrame({name: [0.0, 1.0, 2.0, 4.0], "other": [1.0, 0.0, 2.0, 3.0]})
    model = GaussianMixture(1).fit(X)
    for display in (*DISPLAYS, PairsDisplay):
        display.from_estimator(model, X).figure_.canvas.draw()
    display = ClassificationDisplay.from_predictions(X, [name, name, "b", "b"])
    display.figure_.canvas.draw()
    written = [text.replace("\\$", "$").strip() for text in texts(display.legend_)]
    assert sorted(written) == sorted([f"{name}  (50%)".strip(), "b  (50%)"])
