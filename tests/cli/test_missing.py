"""`softmix fit --missing marginal`, what is done with such models, and `softmix impute`."""

import numpy as np
import pandas as pd
import pytest
from simulate import clusters
from simulate_missing import with_holes

from softmix import MixtureSearch, load

COLUMNS = ["a", "b", "c"]


@pytest.fixture
def frame(folder):
    """rows.csv in the folder, with holes and a column of names."""
    rows = with_holes(clusters(n=120, d=3)[0].round(3), 0.2)
    frame = pd.DataFrame(rows, columns=COLUMNS)
    frame.insert(0, "plant", [f"p{i}" for i in range(120)])
    frame.to_csv("rows.csv", index=False)
    return frame


@pytest.fixture
def incomplete(softmix, frame):
    """model.softmix in the folder, fitted to rows.csv."""
    said = softmix(
        "fit", "rows.csv", "-k", 2, "--id", "plant", "--missing", "marginal", "-o", "model.softmix"
    )
    assert said.status == 0, said.err
    return load("model.softmix")


def test_refusal_names_the_option(softmix, frame):
    said = softmix("fit", "rows.csv", "-k", 2, "--id", "plant")
    assert said.status == 2
    assert said.error.startswith(f"rows.csv: column 'a' has {frame['a'].isna().sum()} missing values")
    assert said.error.endswith("use --missing marginal.")


def test_fit_with_clusters_and_picture(softmix, frame):
    command = ("fit", "rows.csv", "-k", 2, "--id", "plant", "--missing", "marginal", "--json")
    said = softmix(*command, "--memberships", "clusters.csv", "--plot", "picture.png", "-o", "m.softmix")
    assert said.json["rows"] == 120
    model = load("m.softmix")
    assert said.json["log_likelihood_per_row"] == pytest.approx(model.score(frame[COLUMNS]), rel=1e-12)
    written = pd.read_csv("clusters.csv")
    assert written["plant"].tolist() == frame["plant"].tolist()
    np.testing.assert_array_equal(written["label"], model.predict(frame[COLUMNS]))


def test_predict_and_embed(softmix, frame, incomplete):
    assert softmix("predict", "model.softmix", "rows.csv", "--id", "plant", "-o", "out.csv").status == 0
    written = pd.read_csv("out.csv")
    np.testing.assert_array_equal(written["label"], incomplete.predict(frame[COLUMNS]))
    np.testing.assert_array_equal(written["log_density"], incomplete.score_samples(frame[COLUMNS]))
    assert softmix("embed", "model.softmix", "rows.csv", "-o", "embedding.csv").status == 0
    np.testing.assert_array_equal(pd.read_csv("embedding.csv"), incomplete.transform(frame[COLUMNS]))


def test_impute(softmix, frame, incomplete):
    assert softmix("impute", "model.softmix", "rows.csv", "--id", "plant", "-o", "full.csv").status == 0
    written = pd.read_csv("full.csv")
    assert list(written) == ["plant", *COLUMNS]
    np.testing.assert_array_equal(written[COLUMNS], incomplete.impute(frame[COLUMNS]))
    printed = softmix("impute", "model.softmix", "rows.csv")
    assert printed.out.splitlines()[0] == "a,b,c"


def test_impute_with_a_model_of_complete_rows(softmix, frame):
    frame.dropna().to_csv("complete.csv", index=False)
    assert softmix("fit", "complete.csv", "-k", 2, "--id", "plant", "-o", "model.softmix").status == 0
    assert softmix("impute", "model.softmix", "rows.csv", "-o", "full.parquet").status == 0
    assert not pd.read_parquet("full.parquet").isna().any(axis=None)


def test_several_models_are_compared(softmix, frame):
    command = (
        "fit",
        "rows.csv",
        "--id",
        "plant",
        "--missing",
        "marginal",
        "-k",
        "1:3",
        "--covariance",
        "full,diag",
    )
    said = softmix(
        *command, "--json", "--table", "models.csv", "--memberships", "clusters.csv", "-o", "m.softmix"
    )
    assert said.status == 0, said.err
    found = MixtureSearch((1, 2, 3), covariance_type=("full", "diag"), missing="marginal", random_state=0)
    found.fit(frame[COLUMNS])
    np.testing.assert_allclose(pd.read_csv("models.csv")["bic"], found.table_["bic"], rtol=1e-9)
    assert said.json["search"]["best"] == found.best_params_
    np.testing.assert_array_equal(
        pd.read_csv("clusters.csv")["label"], load("m.softmix").predict(frame[COLUMNS])
    )


def test_held_out_rows_may_lack_values(softmix, frame):
    command = ("fit", "rows.csv", "--id", "plant", "--missing", "marginal", "-k", "1:2", "--criterion", "cv")
    said = softmix(*command, "--covariance", "diag", "--json")
    found = MixtureSearch((1, 2), covariance_type="diag", missing="marginal", criterion="cv", random_state=0)
    assert said.json["search"]["models"][0]["cv"] == found.fit(frame[COLUMNS]).results_[0].cv


def test_noise_takes_complete_rows_only(softmix, frame):
    said = softmix("fit", "rows.csv", "--id", "plant", "--missing", "marginal", "-k", "1:3", "--noise")
    assert said.status == 2
    assert "do not go together" in said.error
