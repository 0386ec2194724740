"""SQUAREM: as high as EM, in fewer sweeps, never falling, for every structure."""

import numpy as np
import pytest
from simulate import clusters

from softmix import GaussianMixture
from softmix.blocks import ArrayBlocks
from softmix.estimators.fitted import get_parameters
from softmix.fit.chart import Chart
from softmix.fit.spread import measure_spread
from softmix.parameters import GaussianParameters
from softmix.structures import STRUCTURES, Equivariance
from softmix.sweep import ThreadSweep

ALL_TYPES = ["EII", "VII", "EEI", "VEI", "EVI", "VVI", "EEE", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV", "VVV"]


def _fit(X, covariance_type, acceleration):
    model = GaussianMixture(
        3,
        covariance_type=covariance_type,
        acceleration=acceleration,
        init_params="random_from_data",
        random_state=1,
        tol=1e-10,
        max_iter=5000,
    )
    return model.fit(X)


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
def test_it_saves_sweeps_and_never_falls(covariance_type):
    X, _ = clusters(n=400, d=3, k=3, separation=1.5, seed=4)
    plain, fast = (_fit(X, covariance_type, acceleration) for acceleration in (None, "squarem"))
    bounds = np.array(fast.lower_bounds_)
    assert np.diff(bounds).min() >= -1e-12 * np.abs(bounds).max()
    assert fast.converged_
    assert fast.n_iter_ < plain.n_iter_
    # A leap may end on another hill, but not on a lower one of the same.
    assert fast.lower_bound_ >= plain.lower_bound_ - 1e-3


def test_none_is_em():
    X, _ = clusters(n=200, d=2)
    model = _fit(X, "full", None)
    assert model.fit_report_.runs[0].sweeps_refused == 0
    assert len(model.lower_bounds_) == model.n_iter_


def test_a_refused_leap_counts_as_a_sweep():
    X, _ = clusters(n=400, d=3, k=3, separation=1.0, seed=0)
    model = _fit(X, "full", "squarem")
    refused = model.fit_report_.runs[0].sweeps_refused
    assert model.n_iter_ == len(model.lower_bounds_) + refused


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical", "VEE", "EEV"])
def test_the_chart_leads_back(covariance_type):
    """Moving from one mixture by the difference of coordinates is the other mixture."""
    X, _ = clusters(n=300, d=3, seed=2)
    structure = STRUCTURES[covariance_type]
    # Units of the columns' own, where the structure follows them.
    units = 1.0 if structure.equivariance is Equivariance.ROTATIONS else np.array([1e-6, 1.0, 1e6])
    X = X * units + 1e3
    with ThreadSweep(ArrayBlocks(X)) as sweep:
        chart = Chart(measure_spread(sweep, structure.shape), structure.shape)
    one, other = (_parameters(X, covariance_type, seed) for seed in (0, 1))
    moved = chart.moved(one, chart.coordinates(other) - chart.coordinates(one))
    np.testing.assert_allclose(moved.weights, other.weights, rtol=1e-12)
    np.testing.assert_allclose(moved.means, other.means, rtol=1e-12)
    np.testing.assert_allclose(moved.covariances(), other.covariances(), rtol=1e-8)


def _parameters(X, covariance_type, seed) -> GaussianParameters:
    model = GaussianMixture(
        3, covariance_type=covariance_type, init_params="random", random_state=seed, max_iter=5, tol=0
    )
    with pytest.warns(UserWarning, match="did not converge"):
        model.fit(X)
    return get_parameters(model, STRUCTURES[covariance_type].shape)
