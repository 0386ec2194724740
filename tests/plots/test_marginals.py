"""A marginal is the mixture of the columns, exactly, whatever the structure."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal
from simulate import ALL_TYPES, clusters

from softmix import GaussianMixture
from softmix.plots.marginals import Marginal, marginal_covariances, standard_deviations

X, _ = clusters(n=200, d=4, k=3)
MODELS = {
    name: GaussianMixture(3, covariance_type=name, random_state=0, tol=1e-2).fit(X) for name in ALL_TYPES
}


def dense(model):
    inverse = np.linalg.inv if model.precisions_.ndim > 1 and model.precisions_.shape[-2:] == (4, 4) else None
    if inverse is not None:
        return np.broadcast_to(inverse(model.precisions_), (3, 4, 4))
    return np.stack([np.eye(4) / row for row in np.reshape(model.precisions_, (3, -1))])


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
def test_covariances_are_parts_of_the_whole(covariance_type):
    model = MODELS[covariance_type]
    whole = dense(model)
    assert np.allclose(marginal_covariances(model, [3, 1]), whole[:, [3, 1]][:, :, [3, 1]])
    assert np.allclose(standard_deviations(model), np.sqrt(np.diagonal(whole, axis1=1, axis2=2)))


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
def test_of_all_columns_it_is_the_density_of_the_model(covariance_type):
    model = MODELS[covariance_type]
    marginal = Marginal.of(model, range(4), list("abcd"))
    assert marginal.log_density(X) == pytest.approx(model.score_samples(X))
    assert np.allclose(
        np.exp(marginal.log_joint(X) - marginal.log_density(X)[:, None]), model.predict_proba(X)
    )


@given(st.permutations(range(4)), st.integers(1, 4))
def test_it_is_the_mixture_of_the_components_marginals(order, m):
    model, columns = MODELS["full"], order[:m]
    expected = sum(
        weight * multivariate_normal(mean[columns], covariance[np.ix_(columns, columns)]).pdf(X[:, columns])
        for weight, mean, covariance in zip(model.weights_, model.means_, model.covariances_, strict=True)
    )
    marginal = Marginal.of(model, columns, list("abcd"))
    assert np.exp(marginal.log_density(X[:, columns])) == pytest.approx(expected)
    assert marginal.names == [list("abcd")[j] for j in columns]


def test_a_marginal_of_a_marginal_is_a_marginal():
    whole = Marginal.of(MODELS["full"], range(4), list("abcd"))
    twice, once = whole.within([3, 1, 0]).within([1]), whole.within([1])
    assert np.array_equal(twice.means, once.means)
    assert np.array_equal(twice.covariances, once.covariances)
    assert twice.names == once.names == ["b"]


@pytest.mark.parametrize("columns", [[2], [0, 3]])
def test_points_that_stand_for_components_have_their_moments(columns):
    marginal = Marginal.of(MODELS["full"], columns, list("abcd"))
    points, weights = marginal.spread_evenly(20_000)
    assert weights.sum(axis=1) == pytest.approx(marginal.weights)
    assert points.mean(axis=1) == pytest.approx(marginal.means, abs=1e-3)
    centred = points - points.mean(axis=1, keepdims=True)
    found = np.einsum("kni,knj->kij", centred, centred) / points.shape[1]
    assert found == pytest.approx(marginal.covariances, rel=5e-3, abs=1e-3)


def test_a_component_without_spread_and_one_without_rows_have_finite_neighbours():
    marginal = Marginal(
        np.array([1.0, 0.0]), np.zeros((2, 2)), np.stack([np.zeros((2, 2)), np.eye(2)]), ["a", "b"]
    )
    log_joint = marginal.log_joint(np.array([[0.0, 0.0], [1.0, 1.0]]))
    assert np.isfinite(log_joint[0, 0])
    assert (log_joint[:, 1] == -np.inf).all()
    assert not np.isnan(log_joint).any()
