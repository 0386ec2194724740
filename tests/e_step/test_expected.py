"""What a mixture stands for: statistics of rows that are distributed as it says."""

import numpy as np
import pytest
from simulate import clusters, covariance_matrices, first_step, floor_of, parameters

from softmix.e_step import expected_statistics
from softmix.parameters import FactorShape
from softmix.structures import STRUCTURES


@pytest.mark.parametrize("name", [name for name in STRUCTURES if len(name) == 3])
def test_the_m_step_gives_the_parameters_back(name):
    X, labels = clusters(n=200, d=3)
    structure, floor = STRUCTURES[name], floor_of(STRUCTURES[name], X)
    start = first_step(structure, X, np.eye(3)[labels])
    again = structure.m_step(expected_statistics(start, 50.0 * start.weights), floor, start)
    np.testing.assert_allclose(again.weights, start.weights, rtol=1e-12)
    np.testing.assert_array_equal(again.means, start.means)
    # EVE and VVE seek their axes in rounds, and end where another round moves them little.
    np.testing.assert_allclose(covariance_matrices(again), covariance_matrices(start), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", FactorShape)
def test_together_they_are_the_moments_of_the_mixture(shape):
    mixture = parameters(shape)
    pooled = expected_statistics(mixture, mixture.weights).pooled()
    mean = mixture.weights @ mixture.means
    offsets = mixture.means - mean
    covariance = np.einsum("k,kij->ij", mixture.weights, covariance_matrices(mixture))
    covariance += (mixture.weights[:, None] * offsets).T @ offsets
    expected = {
        FactorShape.DIAGONAL: np.diagonal(covariance),
        FactorShape.SCALAR: np.trace(covariance),
    }.get(shape, covariance)
    found = pooled.scatter_matrices() if pooled.layout.shape is FactorShape.FULL else pooled.scatter
    np.testing.assert_allclose(pooled.centers[0], mean, rtol=1e-12)
    np.testing.assert_allclose(found[0], expected, rtol=1e-12)
