"""Agreement with R's mclust of fits with a noise component: EM from the same labels, and the search."""

import json
from pathlib import Path

import numpy as np
import pytest

from softmix import GaussianMixture, MixtureSearch

FIGURES = json.loads(Path(__file__).with_name("mclust_noise.json").read_text())
X = np.array(FIGURES["rows"])


def from_labels(fit, **params):
    labels = np.array(FIGURES["labels"][str(fit["G"])]) - 1
    model = GaussianMixture(
        fit["G"],
        covariance_type=fit["model"],
        noise=True,
        resp_init=labels,
        acceleration=None,
        tol=1e-12,
        max_iter=20_000,
        **params,
    )
    return model.fit(X)


@pytest.mark.parametrize("fit", FIGURES["fits"], ids=lambda fit: f"{fit['model']}-{fit['G']}")
def test_em_to_the_end(fit):
    model = from_labels(fit)
    assert model.noise_log_density_ == pytest.approx(np.log(FIGURES["Vinv"]), rel=1e-12)
    log_likelihood = model.lower_bound_ * len(X)
    if fit["model"] == "VVE":  # mclust's step for the common orientation is not the maximiser
        assert log_likelihood >= fit["loglik"] * (1 + 1e-9)
        return
    assert log_likelihood == pytest.approx(fit["loglik"], rel=1e-7)
    weights = [*model.weights_, model.noise_weight_]
    np.testing.assert_allclose(weights, fit["pro"], atol=1e-3)
    np.testing.assert_allclose(model.means_ / X.std(axis=0), np.array(fit["mean"]) / X.std(axis=0), atol=1e-2)
    assert -model.bic(X) == pytest.approx(fit["bic"], rel=1e-6)


@pytest.mark.parametrize("noise", [True, np.array(FIGURES["labels"]["1"]) == 0], ids=["True", "mask"])
def test_the_search_finds_no_worse(noise):
    search = MixtureSearch(range(1, 5), noise=noise, random_state=0).fit(X)
    assert -search.best_score_ >= FIGURES["best_bic"]
    assert search.best_params_["n_components"] == 2
