"""`softmix fit` over several models, as a user meets it."""

import numpy as np
import pandas as pd
import pytest

from softmix import MixtureSearch, load


def test_the_best_of_the_grid_is_reported_and_saved(softmix, folder):
    said = softmix(
        *("fit", "faithful.csv", "-k", "1:3", "--covariance", "full,EEE", "-o", "m.softmix"),
        *("--table", "models.csv", "--seed", 4),
    )
    assert said.status == 0
    assert "bic: smaller is better" in said.out
    assert [line.split()[:3] for line in said.out.splitlines() if line[:3] in {"1st", "2nd", "3rd"}] == [
        ["1st", "EEE", "3"],
        ["2nd", "full", "2"],
        ["3rd", "full", "3"],
    ]
    search = MixtureSearch((1, 2, 3), covariance_type=["full", "EEE"], random_state=4)
    search.fit(pd.read_csv(folder / "faithful.csv"))
    assert np.array_equal(load("m.softmix").means_, search.best_estimator_.means_)
    table = pd.read_csv(folder / "models.csv")
    assert table["bic"].tolist() == pytest.approx([record.bic for record in search.results_])
    assert set(table["status"]) == {"converged"}


@pytest.mark.parametrize("criterion", ["icl", "aic", "cv"])
def test_the_criterion_decides(criterion, softmix, folder):
    said = softmix("fit", "faithful.csv", "-k", "2,3", "--criterion", criterion, "--json").json
    search = MixtureSearch((2, 3), covariance_type="full", criterion=criterion, random_state=0)
    search.fit(pd.read_csv(folder / "faithful.csv"))
    assert said["search"]["criterion"] == criterion
    assert said["search"]["best"] == search.best_params_
    assert said["search"]["stopped"] == "completed"
    assert [m[criterion] for m in said["search"]["models"]] == [
        getattr(r, criterion) for r in search.results_
    ]
    assert said["components"] == search.best_params_["n_components"]


def test_all_is_every_structure(softmix, folder):
    said = softmix("fit", "faithful.csv", "-k", "2", "--covariance", "all", "--table", "m.parquet")
    assert said.status == 0
    assert len(pd.read_parquet(folder / "m.parquet")) == 14


def test_models_that_did_not_come_off_are_told(softmix, folder):
    (folder / "few.csv").write_text("a,b\n1,2\n3,1\n2,5\n7,7\n9,1\n")
    said = softmix("fit", "few.csv", "-k", "1,9", "--covariance", "spherical")
    assert said.status == 0
    assert "1 not possible: the first is spherical with 9: 9 components need as many rows" in said.out


def test_the_criterion_is_drawn(softmix, folder):
    files = ("--plot-criterion", "icl.svg", "--plot", "clusters.svg")
    said = softmix(
        "fit", "faithful.csv", "-k", "1:3", "--covariance", "full,EEE", "--criterion", "icl", *files
    )
    assert said.status == 0
    assert "criterion written to  icl.svg" in " ".join(said.out.split(" "))
    drawn = (folder / "icl.svg").read_text()
    for words in ("ICL (smaller is better)", "number of components", "full", "EEE", "best: "):
        assert f"<!-- {words}" in drawn
    assert "<!-- component -->" in (folder / "clusters.svg").read_text()


def test_a_picture_of_the_criterion_makes_a_search_of_one_model(softmix, folder):
    said = softmix("fit", "faithful.csv", "-k", 2, "--plot-criterion", "bic.png", "--json")
    assert said.json["search"]["best"] == {"n_components": 2, "covariance_type": "full"}
    assert said.json["files"]["criterion"] == "bic.png"
    assert (folder / "bic.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("option", "value", "found"),
    [
        ("-k", "3:1", "'3:1' is not a number"),
        ("-k", "0", "'0' is not a number"),
        ("-k", "two", "'two' is not a number"),
        ("--covariance", "full,round", "'round' is not one of"),
        ("--criterion", "best", "'best' is not one of"),
        ("--table", "models.xls", "cannot write '.xls'"),
        ("--plot-criterion", "bic.gif", "cannot write '.gif'"),
        ("--plot-kind", "pie", "'pie' is not one of"),
    ],
)
@pytest.mark.usefixtures("unchanged")
def test_bad_options_are_told_in_a_line(option, value, found, softmix, folder):
    given = () if option == "-k" else ("-k", 2)
    said = softmix("fit", "faithful.csv", *given, option, value)
    assert said.status == 2
    assert found in said.error
