"""The k-means start on a handful of rows, where one run of k-means is a lottery."""

import numpy as np
import pytest

from softmix import GaussianMixture

SIX_ROWS = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
def test_the_example_of_scikit_learns_manual_is_found_by_every_seed(covariance_type):
    for seed in range(20):
        fitted = GaussianMixture(2, covariance_type=covariance_type, random_state=seed).fit(SIX_ROWS)
        means = fitted.means_[fitted.means_[:, 0].argsort()]
        np.testing.assert_allclose(means, [[1, 2], [10, 2]], atol=1e-3)
