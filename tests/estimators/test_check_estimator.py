"""scikit-learn's estimator checks, every one, for every covariance type."""

import pytest
from simulate import MCLUST_TYPES
from sklearn.utils.estimator_checks import parametrize_with_checks

from softmix import GaussianMixture

TYPES = ("full", "tied", "diag", "spherical", *MCLUST_TYPES)


@pytest.mark.filterwarnings("ignore::UserWarning")  # the checks fit a few rows in many columns
# One of the checks asks a clusterer to find three blobs: it needs three components to do so.
@parametrize_with_checks(
    [
        *(GaussianMixture(3, covariance_type=name) for name in TYPES),
        GaussianMixture(3, missing="marginal"),
        GaussianMixture(3, noise=True),
    ]
)
def test_estimator_check(estimator, check):
    check(estimator)
