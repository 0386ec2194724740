"""Agreement with R's mclust: one M-step, and EM to the end, from the same hard labels."""

import json
from pathlib import Path

import numpy as np
import pytest
from simulate import covariance_matrices, first_step, floor_of, starting_at

from softmix.blocks import ArrayBlocks
from softmix.e_step import statistics_from_resp
from softmix.estimators.fitted import get_parameters
from softmix.m_step import ConjugatePrior
from softmix.structures import STRUCTURES
from softmix.sweep import ThreadSweep

_KAPPA = 0.01  # mclust's default shrinkage

SETS = json.loads(Path(__file__).with_name("mclust.json").read_text())["sets"]


def _fits(wanted, among="fits"):
    return pytest.mark.parametrize(
        ("name", "fit"),
        [
            pytest.param(name, fit, id=f"{name}-{fit['model']}-{fit['G']}")
            for name, data in SETS.items()
            for fit in data.get(among, ())
            if wanted(fit)
        ],
    )


def _rows(name):
    return np.array(SETS[name]["rows"])


def _first_step(name, fit):
    labels = np.array(SETS[name]["labels"][str(fit["G"])]) - 1
    return first_step(STRUCTURES[fit["model"]], _rows(name), np.eye(fit["G"])[labels], share=0.0)


def _to_the_end(name, fit):
    model = starting_at(
        _first_step(name, fit), fit["model"], reg_covar=0, tol=1e-13, max_iter=20000, acceleration=None
    )
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


def _climb(name, structure, first, **params):
    """EM from `first` until steps are rounding, by sweeps and M-steps alone."""
    X, parameters = _rows(name), first
    floor, prior = floor_of(structure, X, 1e-12), params.get("prior")
    reached, before = -np.inf, -np.inf
    with ThreadSweep(ArrayBlocks(X), n_jobs=1) as sweep:
        while True:
            statistics = sweep(parameters)
            before, reached = reached, statistics.log_likelihood
            reached += 0.0 if prior is None else prior.log_density(parameters)
            if reached - before <= 1e-13 * abs(reached):
                return statistics.log_likelihood
            parameters = structure.m_step(statistics, floor, parameters, **params)


def _start(name, fit, **params):
    structure, X = STRUCTURES[fit["model"]], _rows(name)
    resp = np.eye(fit["G"])[np.array(SETS[name]["labels"][str(fit["G"])]) - 1]
    return structure.m_step(
        statistics_from_resp(structure.shape, X, resp), floor_of(structure, X, 1e-12), **params
    )


@_fits(lambda _: True, "prior")
def test_under_the_prior(name, fit):
    """Where mclust follows the formulas of Fraley & Raftery (2007)."""
    structure, mean = STRUCTURES[fit["model"]], _rows(name).mean(axis=0)
    scale = np.array(fit["scale"])
    prior = ConjugatePrior(_KAPPA, mean, fit["dof"], scale, structure.shape, structure.one_covariance)
    first = _start(name, fit, prior=prior)
    np.testing.assert_allclose(first.means, fit["first_mean"], rtol=1e-10)
    sigma = np.array(fit["first_sigma"])
    np.testing.assert_allclose(covariance_matrices(first), sigma, rtol=1e-10, atol=1e-10 * sigma.max())
    np.testing.assert_allclose(_climb(name, structure, first, prior=prior), fit["loglik"], rtol=1e-6)


@_fits(lambda _: True, "equal_weights")
def test_with_equal_weights(name, fit):
    structure = STRUCTURES[fit["model"]]
    first = _start(name, fit, equal_weights=True)
    np.testing.assert_allclose(_climb(name, structure, first, equal_weights=True), fit["loglik"], rtol=1e-8)
    assert structure.n_parameters(fit["G"], 2, equal_weights=True) == fit["df"]
