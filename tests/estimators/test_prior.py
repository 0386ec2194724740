"""`prior` and `weights` of GaussianMixture: mclust's defaults, what they are for, and refusals."""

import warnings

import numpy as np
import pytest
from simulate import ALL_TYPES, clusters

from softmix import GaussianMixture, load
from softmix.blocks import ArrayBlocks
from softmix.fit import PriorRequest
from softmix.fit.spread import measure_spread
from softmix.structures import STRUCTURES
from softmix.sweep import ThreadSweep

X, _ = clusters(n=150, d=3)


def _default(structure, rows, k):
    with ThreadSweep(ArrayBlocks(rows), n_jobs=1) as sweep:
        return PriorRequest().complete(structure, measure_spread(sweep, structure.shape), k, len(rows))


@pytest.mark.parametrize("name", ["full", "tied", "diag", "spherical", "VVE"])
def test_defaults_are_mclusts(name):
    """priorControl() of mclust, from var(X) as R computes it."""
    structure = STRUCTURES[name]
    prior = _default(structure, X, 4)
    covariance = np.cov(X.T) / 4 ** (2 / 3)
    expected = covariance if structure.shape.is_matrix else np.trace(covariance) / 3
    assert (prior.shrinkage, prior.dof) == (0.01, 5.0)
    np.testing.assert_allclose(prior.mean, X.mean(axis=0), rtol=1e-10)
    np.testing.assert_allclose(prior.scale, expected, rtol=1e-9)


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
def test_no_component_collapses_and_the_posterior_never_falls(covariance_type):
    """Half the rows are one row; without a prior the floor must hold a component there."""
    rows, _ = clusters(n=100, d=2, k=1)
    rows[::2] = rows[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = GaussianMixture(
            3, covariance_type=covariance_type, prior="default", random_state=0, max_iter=2000
        ).fit(rows)
    bounds = np.array(model.lower_bounds_)
    assert np.diff(bounds).min() >= -1e-12 * np.abs(bounds).max()
    assert model.score(rows) == model.lower_bound_


def test_parts_of_the_prior_are_what_the_user_says():
    """A strong prior holds the means and the covariances where it wants them."""
    prior = {"shrinkage": 1e9, "mean": [1.0, 2.0, 3.0], "dof": 1e9, "scale": 1e9 * np.diag([1.0, 2.0, 3.0])}
    model = GaussianMixture(2, prior=prior, random_state=0, max_iter=2000).fit(X)
    np.testing.assert_allclose(model.means_, [[1.0, 2.0, 3.0]] * 2, rtol=1e-5)
    np.testing.assert_allclose(model.covariances_, [np.diag([1.0, 2.0, 3.0])] * 2, atol=1e-5)


def test_a_prior_and_equal_weights_are_stored(tmp_path):
    prior = {"shrinkage": 0.0, "scale": np.eye(3)}
    model = GaussianMixture(2, prior=prior, weights="equal", random_state=0, max_iter=500).fit(X)
    model.save(tmp_path / "m")
    loaded = load(tmp_path / "m")
    assert loaded.weights == "equal"
    assert loaded.prior == {"shrinkage": 0.0, "scale": np.eye(3).tolist()}
    assert loaded.bic(X) == model.bic(X)
    loaded.fit(X)
    np.testing.assert_array_equal(loaded.means_, model.means_)


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
def test_equal_weights(covariance_type):
    params = {"covariance_type": covariance_type, "random_state": 0, "max_iter": 500}
    free = GaussianMixture(3, **params).fit(X)
    equal = GaussianMixture(3, weights="equal", **params).fit(X)
    np.testing.assert_array_equal(equal.weights_, np.full(3, 1 / 3))
    bounds = np.array(equal.lower_bounds_)
    assert np.diff(bounds).min() >= -1e-12 * np.abs(bounds).max()
    n_free = {model: (model.aic(X) + 2 * model.lower_bound_ * len(X)) / 2 for model in (free, equal)}
    assert n_free[free] - n_free[equal] == pytest.approx(2)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"prior": "flat"}, "The 'prior' parameter of GaussianMixture must be"),
        ({"prior": {"kappa": 1.0}}, r"prior has the unknown key 'kappa'. It may have shrinkage, mean"),
        ({"prior": {"shrinkage": -1.0}}, r"prior\['shrinkage'\] must be a finite number from 0 up. Got -1"),
        ({"prior": {"shrinkage": "much"}}, r"prior\['shrinkage'\] must be a finite number"),
        ({"prior": {"dof": 1.0}}, r"prior\['dof'\] must be a finite number from 2 up. Got 1.0"),
        ({"prior": {"mean": [0.0, np.nan, 0.0]}}, r"prior\['mean'\] must be finite, of shape \(3,\)"),
        ({"prior": {"mean": [0.0]}}, r"prior\['mean'\] must be finite, of shape \(3,\).* of shape \(1,\)"),
        ({"prior": {"scale": 1.0}}, r"prior\['scale'\] must be finite, of shape \(3, 3\)"),
        ({"prior": {"scale": -np.eye(3)}}, r"prior\['scale'\] must be positive"),
        ({"prior": {"scale": np.ones(2)}, "covariance_type": "diag"}, r"of shape \(\) or \(3,\)"),
        ({"weights": "same"}, "The 'weights' parameter of GaussianMixture must be"),
        ({"weights": "equal", "weights_init": [0.5, 0.5]}, "weights_init is given, but weights='equal'"),
    ],
)
def test_refusals(params, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixture(2, **params).fit(X)
