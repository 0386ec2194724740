"""`softmix plot`: pictures of a model and a table."""

import numpy as np
import pandas as pd
import pytest

KINDS = ("memberships", "classification", "uncertainty", "density", "pairs")


def words(folder, *, name="p.svg"):
    """What is written in an .svg: letters are outlines there, and each text has itself as a comment."""
    return [line.strip()[5:-4] for line in (folder / name).read_text().splitlines() if "<!-- " in line]


@pytest.fixture
def wide(softmix, folder):
    """wide.csv of 13 columns, and a model of it."""
    X = np.random.default_rng(0).normal(size=(80, 13))
    pd.DataFrame(X, columns=[f"m{j}" for j in range(13)]).assign(plant="p").to_csv("wide.csv", index=False)
    assert softmix("fit", "wide.csv", "-k", 1, "--id", "plant", "-o", "wide.softmix").status == 0
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn(kind, softmix, model, folder):
    said = softmix("plot", model, "faithful.csv", "-o", "p.svg", "--kind", kind)
    assert said.status == 0
    assert said.out == f"{kind} of 272 rows drawn in p.svg\n"
    assert {"eruptions", "waiting"} <= set(words(folder))


@pytest.mark.parametrize("kind", KINDS)
def test_one_column_is_drawn(kind, softmix, model, folder):
    said = softmix("plot", model, "faithful.csv", "-o", "p.svg", "--kind", kind, "--columns", "waiting")
    assert said.status == 0
    assert "waiting" in words(folder)
    assert "eruptions" not in words(folder)


def test_without_a_kind_it_is_the_picture_of_fit(softmix, model, folder):
    assert softmix("fit", "faithful.csv", "-k", 2, "--plot", "fit.png").status == 0
    assert softmix("plot", model, "faithful.csv", "-o", "plot.png").status == 0
    assert (folder / "fit.png").read_bytes() == (folder / "plot.png").read_bytes()


@pytest.mark.usefixtures("wide")
def test_columns_are_found_by_name_among_others(softmix, folder):
    columns = ("--columns", "m12,m3,m7")
    said = softmix("plot", "wide.softmix", "wide.csv", "-o", "p.svg", "--kind", "pairs", *columns, "--json")
    assert said.json["columns"] == ["m12", "m3", "m7"]
    assert said.json["rows"] == 80
    written = sorted(word for word in words(folder) if word.startswith("m"))
    assert written == ["m12", "m12", "m3", "m3", "m7", "m7"]


def test_arrays_without_names(softmix, folder):
    np.save(folder / "t.npy", np.random.default_rng(0).normal(size=(50, 3)))
    assert softmix("fit", "t.npy", "-k", 1, "-o", "t.softmix").status == 0
    said = softmix("plot", "t.softmix", "t.npy", "-o", "p.svg", "--columns", "x2,x0")
    assert said.status == 0
    assert {"column 2", "column 0"} <= set(words(folder))


def test_rows_with_missing_values_are_counted(softmix, folder):
    table = pd.read_csv("faithful.csv")
    table.iloc[::10, 1] = np.nan
    table.to_csv("gaps.csv", index=False)
    assert softmix("fit", "gaps.csv", "-k", 2, "--missing", "marginal", "-o", "gaps.softmix").status == 0
    said = softmix("plot", "gaps.softmix", "gaps.csv", "-o", "p.svg", "--kind", "pairs")
    assert said.out == "pairs of 272 rows drawn in p.svg\n"
    assert "28 rows with missing or infinite values left out" in words(folder)


class TestMistakes:
    @pytest.fixture(autouse=True)
    def _files(self, wide, model, unchanged):
        """The models are there before what must not change is listed."""

    @pytest.mark.parametrize(
        ("arguments", "parts"),
        [
            (["model.softmix", "faithful.csv"], ["Missing option '-o'"]),
            (["model.softmix", "faithful.csv", "-o", "p.gif"], ["-o p.gif", "'.gif'", ".png"]),
            (["model.softmix", "no.csv", "-o", "p.png"], ["no.csv: No such file"]),
            (["model.softmix", "wide.csv", "-o", "p.png"], ["no column", "'eruptions'"]),
            (["faithful.csv", "faithful.csv", "-o", "p.png"], ["not a usable softmix model file"]),
            (["model.softmix", "faithful.csv", "-o", "p.png", "--kind", "pie"], ["'pie' is not one of"]),
            (
                ["model.softmix", "faithful.csv", "-o", "p.png", "--columns", "height"],
                ["--columns takes one or two of the columns that are fitted: eruptions, waiting"],
            ),
            (
                ["wide.softmix", "wide.csv", "-o", "p.png", "--kind", "density", "--columns", "m1,m2,m3"],
                ["--columns takes one or two"],
            ),
            (
                ["wide.softmix", "wide.csv", "-o", "p.png", "--kind", "pairs"],
                ["pairs shows at most 8 columns, and there are 13", "--columns"],
            ),
        ],
    )
    def test_mistakes_are_told_in_a_line(self, arguments, parts, softmix):
        said = softmix("plot", *arguments)
        assert said.status == 2
        for part in parts:
            assert part in said.error
