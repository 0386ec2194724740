"""Agreement with R's mclust: one M-step, and EM to the end, from the same hard labels."""

import json
from pathlib import Path

import numpy as np
import pytest

from softmix import GaussianMixture
from softmix.e_step import statistics_from_resp
from softmix.m_step import CovarianceFloor
from softmix.parameters import FactorShape
from softmix.structures import STRUCTURES

SETS = json.loads(Path(__file__).with_name("mclust.json").read_text())["sets"]
FITS = [
    pytest.param(name, fit, id=f"{name}-{fit['model']}-{fit['G']}")
    for name, data in SETS.items()
    for fit in data["fits"]
]


def _rows(name):
    return np.array(SETS[name]["rows"])


def _first_step(name, fit):
    structure, X = STRUCTURES[fit["model"]], _rows(name)
    labels = np.array(SETS[name]["labels"][str(fit["G"])]) - 1
    statistics = statistics_from_resp(structure.shape, X, np.eye(fit["G"])[labels])
    d = X.shape[1]
    spread = {FactorShape.SCALAR: np.ones(()), FactorShape.DIAGONAL: np.ones(d)}.get(
        structure.shape, np.eye(d)
    )
    return structure.m_step(statistics, CovarianceFloor(spread, 0.0))


def _matrices(covariances, shape, k, d):
    if shape is FactorShape.SHARED:
        return np.broadcast_to(covariances, (k, d, d))
    if shape is FactorShape.FULL:
        return covariances
    return np.einsum("kj,ij->kij", np.broadcast_to(covariances.reshape(k, -1), (k, d)), np.eye(d))


@pytest.mark.parametrize(("name", "fit"), FITS)
def test_one_m_step(name, fit):
    parameters, expected = _first_step(name, fit), fit["mstep"]
    covariances = _matrices(parameters.covariances(), parameters.shape, *parameters.means.shape)
    np.testing.assert_allclose(parameters.weights, expected["pro"], rtol=1e-10)
    np.testing.assert_allclose(parameters.means, expected["mean"], rtol=1e-10)
    np.testing.assert_allclose(covariances, expected["sigma"], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(("name", "fit"), FITS)
def test_em_to_the_end(name, fit):
    X, start, expected = _rows(name), _first_step(name, fit), fit["tight"]
    model = GaussianMixture(
        fit["G"],
        covariance_type=fit["model"],
        weights_init=start.weights,
        means_init=start.means,
        precisions_init=start.precisions(),
        reg_covar=0,
        tol=1e-13,
        max_iter=20000,
    ).fit(X)
    assert model.converged_
    np.testing.assert_allclose(model.lower_bound_ * len(X), expected["loglik"], rtol=1e-10)
    np.testing.assert_allclose(model.weights_, expected["pro"], atol=1e-5)
    np.testing.assert_allclose(model.means_, expected["mean"], rtol=1e-5)
    covariances = _matrices(model.covariances_, STRUCTURES[fit["model"]].shape, *model.means_.shape)
    np.testing.assert_allclose(covariances, expected["sigma"], rtol=1e-4, atol=1e-5)
    # mclust's BIC has the opposite sign.
    np.testing.assert_allclose(model.bic(X), -2 * expected["loglik"] + fit["df"] * np.log(len(X)), rtol=1e-10)
