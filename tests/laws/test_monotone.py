"""The likelihood never falls from one iteration to the next, for any structure, floor or start."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulate import ALL_TYPES, clusters

from softmix import DegenerateComponentWarning, GaussianMixture


def assert_never_falls(model, rounding=1e-12):
    bounds = np.array([*model.lower_bounds_, model.lower_bound_])
    slack = rounding if model.means_.dtype == np.float64 else 1e-5
    assert np.diff(bounds).min(initial=0) >= -slack * np.abs(bounds).max()


STARTS = ["auto", "hierarchical", "kmeans", "k-means++", "random", "random_from_data"]


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
@given(
    init_params=st.sampled_from(STARTS),
    reg_covar=st.sampled_from([0.0, 1e-6, 1e-2, 0.3, 2.0]),
    k=st.integers(1, 6),
    d=st.integers(1, 4),
    seed=st.integers(0, 99),
    dtype=st.sampled_from([np.float64, np.float32]),
)
@settings(max_examples=8)
def test_monotone(covariance_type, init_params, reg_covar, k, d, seed, dtype):
    X, _ = clusters(n=120, d=d, seed=seed, separation=1.5)
    model = GaussianMixture(
        k,
        covariance_type=covariance_type,
        init_params=init_params,
        reg_covar=reg_covar,
        random_state=seed,
        tol=1e-7,
        max_iter=200,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_never_falls(model.fit(X.astype(dtype)))


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
@given(k=st.integers(2, 5), seed=st.integers(0, 99), reg_covar=st.sampled_from([1e-6, 1e-3]))
@settings(max_examples=8)
def test_while_the_floor_is_active(covariance_type, k, seed, reg_covar):
    """Half the rows are one row: some component falls on it and is held at the floor."""
    X, _ = clusters(n=80, d=2, seed=seed)
    X[::2] = X[0]
    model = GaussianMixture(
        k, covariance_type=covariance_type, random_state=seed, tol=1e-9, reg_covar=reg_covar
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X)
    assert_never_falls(model)


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
@given(k=st.integers(2, 4), seed=st.integers(0, 99))
@settings(max_examples=6)
def test_with_constant_and_collinear_columns(covariance_type, k, seed):
    """And a few repeated rows: every way to be thin at once."""
    X, _ = clusters(n=60, d=2, seed=seed)
    X = np.c_[X, np.full(60, 7.0), X @ [2.0, -1.0]]
    X[:6] = X[0]
    model = GaussianMixture(k, covariance_type=covariance_type, random_state=seed, tol=1e-9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X)
    assert_never_falls(model)


@pytest.mark.parametrize("covariance_type", ["full", "diag", "spherical"])
def test_from_a_start_below_the_floor(covariance_type):
    """A given component that is thinner than the floor allows, on a repeated row, begins at the floor.

    Otherwise the first step would have to fall, and that would look like convergence.
    """
    X, _ = clusters(n=200, d=2, k=1)
    X[::2] = X[0]
    thin = {"full": np.eye(2), "diag": np.ones(2), "spherical": np.ones(())}[covariance_type]
    model = GaussianMixture(
        2,
        covariance_type=covariance_type,
        weights_init=[0.5, 0.5],
        means_init=[X[0], X[0] + 3.0],
        precisions_init=np.stack([1e14 * thin, thin]),
        max_iter=500,
    )
    with pytest.warns(DegenerateComponentWarning):
        model.fit(X)
    assert_never_falls(model)
    assert model.converged_


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
def test_from_one_warm_fit_to_the_next(covariance_type):
    """To the last bit, also at the optimum, where steps are rounding."""
    X, _ = clusters(separation=6.0)
    model = GaussianMixture(3, covariance_type=covariance_type, warm_start=True, max_iter=1, random_state=0)
    bounds = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(60):
            bounds.append(model.fit(X).lower_bound_)
            assert model.score(X) == model.lower_bound_
    assert np.diff(bounds).min() >= 0
