"""`softmix fit --compare`: every model with noise, with a prior, and without."""

import pandas as pd
import pytest

FIT = ("fit", "faithful.csv", "-k", "2,3", "--covariance", "EEE", "--table", "t.csv")


@pytest.mark.parametrize(
    ("options", "noises", "priors"),
    [
        (("--compare", "prior"), {False}, {"none", "default"}),
        (("--compare", "noise"), {False, True}, {"none"}),
        (("--compare", "noise", "--prior"), {False, True}, {"default"}),
        (("--compare", "prior,noise", "--noise", 0.1), {False, True}, {"none", "default"}),
        (("--compare", "all"), {False, True}, {"none", "default"}),
    ],
)
def test_what_is_tried(options, noises, priors, softmix, folder):
    said = softmix(*FIT, *options)
    assert said.status == 0
    table = pd.read_csv(folder / "t.csv")
    assert len(table) == 2 * len(noises) * len(priors)
    assert set(table["noise"]) == noises
    assert set(table["prior"]) == priors
    assert ("EEE + prior" in said.out) == ("default" in priors)
    assert ("+ noise" in said.out) == (True in noises)


def test_it_makes_a_search_of_one_model_and_keeps_the_share(softmix):
    said = softmix("fit", "faithful.csv", "-k", 2, "--compare", "all", "--noise", 0.2, "--json").json
    assert set(said["search"]["best"]) == {"n_components", "covariance_type", "noise", "prior"}
    assert said["search"]["best"]["noise"] in {None, 0.2}
    assert len(said["search"]["models"]) == 4


@pytest.mark.usefixtures("unchanged")
def test_what_cannot_be_compared_is_told(softmix):
    said = softmix("fit", "faithful.csv", "-k", 2, "--compare", "weights")
    assert said.status == 2
    assert "'weights' is not one of noise, prior, or all" in said.error


@pytest.mark.parametrize(("columns", "has_all"), [("78", False), ("110", False), ("140", True)])
def test_no_number_is_cut_on_the_screen(columns, has_all, softmix, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    said = softmix(*FIT, "--compare", "all")
    assert "…" not in said.out
    assert ("icl " in said.out) == has_all
