"""Agreement with R's mclust: one M-step, and EM to the end, from the same hard labels."""

import json
from pathlib import Path

import numpy as np
import pytest
from simulate import covariance_matrices, first_step, starting_at

from softmix.estimators.fitted import get_parameters
from softmix.structures import STRUCTURES

SETS = json.loads(Path(__file__).with_name("mclust.json").read_text())["sets"]


def _fits(wanted):
    return pytest.mark.parametrize(
        ("name", "fit"),
        [
            pytest.param(name, fit, id=f"{name}-{fit['model']}-{fit['G']}")
            for name, data in SETS.items()
            for fit in data["fits"]
            if wanted(fit)
        ],
    )


def _rows(name):
    return np.array(SETS[name]["rows"])


def _first_step(name, fit):
    labels = np.array(SETS[name]["labels"][str(fit["G"])]) - 1
    return first_step(STRUCTURES[fit["model"]], _rows(name), np.eye(fit["G"])[labels], share=0.0)


def _to_the_end(name, fit):
    model = starting_at(_first_step(name, fit), fit["model"], reg_covar=0, tol=1e-13, max_iter=20000)
    model.fit(_rows(name))
    assert model.converged_
    return model


@_fits(lambda _: True)
def test_one_m_step(name, fit):
    parameters, expected = _first_step(name, fit), SETS[name]["first_steps"][str(fit["G"])]
    np.testing.assert_allclose(parameters.weights, expected["pro"], rtol=1e-10)
    np.testing.assert_allclose(parameters.means, expected["mean"], rtol=1e-10)
    if "first_sigma" in fit:
        sigma = np.array(fit["first_sigma"])
        np.testing.assert_allclose(
            covariance_matrices(parameters), sigma, rtol=1e-10, atol=1e-10 * np.abs(sigma).max()
        )


@_fits(lambda fit: fit["model"] != "VVE")
def test_em_to_the_end(name, fit):
    X, model = _rows(name), _to_the_end(name, fit)
    np.testing.assert_allclose(model.lower_bound_ * len(X), fit["loglik"], rtol=1e-9)
    np.testing.assert_allclose(model.weights_, fit["pro"], atol=1e-4)
    scale = X.std(axis=0)
    np.testing.assert_allclose(model.means_ / scale, np.array(fit["mean"]) / scale, atol=1e-4)
    fitted = get_parameters(model, STRUCTURES[fit["model"]].shape)
    sigma = np.array(fit["sigma"]).reshape(covariance_matrices(fitted).shape)
    np.testing.assert_allclose(
        covariance_matrices(fitted) / np.outer(scale, scale), sigma / np.outer(scale, scale), atol=1e-4
    )
    # mclust's BIC has the opposite sign.
    np.testing.assert_allclose(model.bic(X), -2 * fit["loglik"] + fit["df"] * np.log(len(X)), rtol=1e-9)


@_fits(lambda fit: fit["model"] == "VVE")
def test_vve_is_the_maximum_that_mclust_misses(name, fit):
    """mclust finds the common orientation of VVE as if all components had one volume."""
    log_likelihood = _to_the_end(name, fit).lower_bound_ * len(_rows(name))
    assert log_likelihood > fit["loglik"] * (1 - 1e-9)
    np.testing.assert_allclose(log_likelihood, fit["exact"], rtol=1e-9)
