"""`--noise`: rows of no cluster, on the command line."""

import json

import numpy as np
import pandas as pd
import pytest

from softmix import GaussianMixture, load


@pytest.fixture
def table(folder):
    """Old Faithful's eruptions, and forty rows from anywhere."""
    rng = np.random.default_rng(0)
    eruptions = pd.read_csv(folder / "faithful.csv")
    anywhere = pd.DataFrame({"eruptions": rng.uniform(0, 8, 40), "waiting": rng.uniform(20, 130, 40)})
    rows = pd.concat([eruptions, anywhere], ignore_index=True)
    rows.to_csv(folder / "noisy.csv", index=False)
    return rows


@pytest.mark.parametrize(("options", "noise"), [(("--noise",), True), (("--noise", 0.1), 0.1)])
def test_fit_predict_embed_info(softmix, table, options, noise):
    said = softmix("fit", "noisy.csv", "-k", 2, "-o", "m.softmix", "--plot", "p.png", *options)
    assert said.status == 0
    assert "2 components, full covariance and noise" in said.out
    assert any(line.split()[:1] == ["noise"] and "uniform" in line for line in said.out.splitlines())
    expected = GaussianMixture(2, noise=noise, random_state=0).fit(table)
    fitted = load("m.softmix")
    assert fitted.noise_weight_ == expected.noise_weight_
    assert fitted.noise == noise
    softmix("predict", "m.softmix", "noisy.csv", "-o", "rows.csv")
    rows = pd.read_csv("rows.csv")
    np.testing.assert_array_equal(rows["label"], expected.labels_)
    np.testing.assert_allclose(rows["membership_noise"], expected.predict_proba(table)[:, 2], rtol=1e-12)
    softmix("embed", "m.softmix", "noisy.csv", "-o", "embedding.csv")
    assert list(pd.read_csv("embedding.csv").columns) == list(expected.get_feature_names_out())
    assert "2 components and noise, full covariance" in softmix("info", "m.softmix").out
    told = json.loads(softmix("info", "m.softmix", "--json").out)
    assert told["noise"] == {
        "weight": expected.noise_weight_,
        "log_density": expected.noise_log_density_,
    }


def test_a_share_must_be_one(softmix, table):
    said = softmix("fit", "noisy.csv", "-k", 2, "--noise", 2)
    assert said.status == 2
    assert "'2' is no share between 0 and 1" in said.err
    said = softmix("fit", "-k", 2, "--noise", "noisy.csv")
    assert "Without one, put the option last" in said.err
