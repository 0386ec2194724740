"""With reg_covar=0 the user forbids the floor: singular at the start is an error, later an end."""

import numpy as np
import pytest
from simulate import ALL_TYPES, clusters
from sklearn.exceptions import ConvergenceWarning

from softmix import DegenerateComponentWarning, GaussianMixture

each_type = pytest.mark.parametrize("covariance_type", ALL_TYPES)


@each_type
def test_sound_data_need_no_floor(covariance_type):
    X, _ = clusters(separation=2.0)
    with_floor = GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(X)
    without = GaussianMixture(3, covariance_type=covariance_type, random_state=0, reg_covar=0).fit(X)
    np.testing.assert_allclose(without.covariances_, with_floor.covariances_, rtol=1e-9, atol=1e-12)


@each_type
def test_singular_at_the_start_is_an_error(covariance_type):
    X = np.repeat([[0.0, 1.0], [5.0, -2.0]], 10, axis=0)
    with pytest.raises(ValueError, match=r"ill-defined empirical covariance.*No spread: component"):
        GaussianMixture(2, covariance_type=covariance_type, reg_covar=0).fit(X)


def test_the_error_names_component_and_columns():
    X, _ = clusters(n=90, d=2)
    with pytest.raises(ValueError, match=r"component 0 in columns 1; component 1 in columns 1\. reg_covar=0"):
        GaussianMixture(2, covariance_type="diag", reg_covar=0).fit(np.c_[X[:, :1], np.ones(90)])


@pytest.mark.parametrize("covariance_type", ["full", "diag", "spherical"])
def test_a_collapse_ends_the_run_with_its_last_sound_parameters(covariance_type):
    """A component that begins on a row repeated five times falls onto it."""
    X, _ = clusters(n=100, d=2, k=1)
    X[:5] = X[0] + 30
    precisions = {"full": np.stack([np.eye(2)] * 2), "diag": np.ones((2, 2)), "spherical": np.ones(2)}
    model = GaussianMixture(
        2,
        covariance_type=covariance_type,
        reg_covar=0,
        weights_init=[0.05, 0.95],
        means_init=[X[0] + 0.5, X[5:].mean(axis=0)],
        precisions_init=precisions[covariance_type],
    )
    with (
        pytest.warns(ConvergenceWarning),
        pytest.warns(DegenerateComponentWarning, match="Component 0 .*ended before"),
    ):
        model.fit(X)
    assert not model.converged_
    assert np.isfinite(model.precisions_cholesky_).all()
    assert model.score(X) == model.lower_bound_


def test_a_start_that_is_sound_is_enough():
    """Of several starts, those with a singular covariance are passed over."""
    X, _ = clusters(n=30, d=2, k=2)
    X[:3] = X[0]
    refused = 0
    for seed in range(20):
        model = GaussianMixture(
            6, covariance_type="full", reg_covar=0, init_params="random_from_data", random_state=seed
        )
        try:
            model.fit(X)
        except ValueError:
            refused += 1
    assert refused > 5
    best = GaussianMixture(6, reg_covar=0, init_params="random_from_data", random_state=0, n_init=60)
    assert np.isfinite(best.fit(X).lower_bound_)
