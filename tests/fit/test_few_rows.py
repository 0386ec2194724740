"""Starts on a handful of rows: no covariance is witnessed, and one run of k-means is a lottery."""

import numpy as np
import pytest

from softmix import GaussianMixture

SIX_ROWS = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("init_params", ["auto", "kmeans"])
@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
def test_the_example_of_scikit_learns_manual_is_found_by_every_seed(covariance_type, init_params):
    for seed in range(20):
        model = GaussianMixture(
            2, covariance_type=covariance_type, init_params=init_params, random_state=seed
        )
        means = model.fit(SIX_ROWS).means_
        np.testing.assert_allclose(means[means[:, 0].argsort()], [[1, 2], [10, 2]], atol=1e-3)
