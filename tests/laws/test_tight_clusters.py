"""Clusters far apart and tight keep their own widths: the floor is for what has none."""

import numpy as np
import pytest
from simulate import ALL_TYPES

from softmix import GaussianMixture

RNG = np.random.default_rng(0)
UNIT = np.concatenate([RNG.standard_normal((200, 2)), RNG.standard_normal((200, 2))])
FAR = np.repeat([[0.0, 0.0], [30.0, 30.0]], 200, axis=0)


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
@pytest.mark.parametrize("width", [1e-3, 1e-5])
def test_widths_scale_with_the_clusters(covariance_type, width):
    """Both clusters about their own centres, at any width, are what they are at width 1e-1."""
    resp = np.repeat(np.eye(2), 200, axis=0)
    wide, tight = (
        GaussianMixture(2, covariance_type=covariance_type, resp_init=resp).fit(FAR + w * UNIT).covariances_
        / w**2
        for w in (1e-1, width)
    )
    np.testing.assert_allclose(tight, wide, rtol=1e-6, atol=1e-6)
