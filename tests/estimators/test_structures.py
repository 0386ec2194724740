"""Covariance types of `GaussianMixture`: one column, and the shapes of what is given and stored."""

import numpy as np
import pytest
from simulate import ALL_TYPES, MCLUST_TYPES, clusters

from softmix import GaussianMixture
from softmix.structures import STRUCTURES

X, _ = clusters()


@pytest.mark.parametrize("name", MCLUST_TYPES)
def test_one_column(name):
    """There every structure is mclust's E or V."""
    column, _ = clusters(n=200, d=1, k=2, separation=4.0)
    params = {"init_params": "kmeans", "random_state": 0, "tol": 1e-9, "max_iter": 500}
    univariate = GaussianMixture(2, covariance_type=name[0], **params).fit(column)
    model = GaussianMixture(2, covariance_type=name, **params).fit(column)
    np.testing.assert_allclose(model.predict_proba(column), univariate.predict_proba(column), atol=1e-7)
    assert model.bic(column) == pytest.approx(univariate.bic(column), rel=1e-9)


@pytest.mark.parametrize("name", ["E", "V"])
def test_the_names_for_one_column_are_refused_for_more(name):
    with pytest.raises(ValueError, match=f"covariance_type='{name}' is mclust's name for data of one column"):
        GaussianMixture(2, covariance_type=name).fit(X)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", ALL_TYPES)
def test_a_fit_begun_at_its_own_answer_stays(name):
    """`precisions_init` has the shape of `precisions_`, whatever the type."""
    model = GaussianMixture(3, covariance_type=name, random_state=0, tol=1e-10, max_iter=2000).fit(X)
    again = GaussianMixture(
        3,
        covariance_type=name,
        weights_init=model.weights_,
        means_init=model.means_,
        precisions_init=model.precisions_,
        max_iter=1,
        tol=0,
    ).fit(X)
    np.testing.assert_allclose(again.predict_proba(X), model.predict_proba(X), atol=1e-4)
    assert again.lower_bound_ == pytest.approx(model.lower_bound_, abs=1e-8)
    assert again.precisions_.shape == STRUCTURES[name].shape.array_shape(3, 3)


@pytest.mark.parametrize("name", [name for name in MCLUST_TYPES if name not in {"VVV", "VVI", "VII", "EEE"}])
def test_given_precisions_outside_the_structure_are_brought_into_it(name):
    """Otherwise the first step would have to fall."""
    structure = STRUCTURES[name]
    free = next(
        s for s in STRUCTURES.values() if s.shape is structure.shape and s.name in {"VVV", "VVI", "VII"}
    )
    start = GaussianMixture(3, covariance_type=free.name, random_state=0).fit(X)
    model = GaussianMixture(
        3,
        covariance_type=name,
        weights_init=start.weights_,
        means_init=start.means_,
        precisions_init=start.precisions_,
        max_iter=500,
        tol=1e-6,
    ).fit(X)
    bounds = np.array(model.lower_bounds_)
    assert np.diff(bounds).min() >= -1e-12 * np.abs(bounds).max()
    assert bounds[0] < start.lower_bound_
