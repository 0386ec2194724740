"""Both kernels give the moments of clusters, those without rows too."""

import numpy as np
import pytest

from softmix.kernels import kernel, reference

KERNELS = [pytest.param(kernel(), id="native"), pytest.param(reference, id="reference")]


@pytest.mark.parametrize("module", KERNELS)
@pytest.mark.parametrize("matrices", [True, False])
@pytest.mark.parametrize("d", [1, 2, 6, 13])
def test_moments_are_those_of_the_rows(module, d, matrices):
    rng = np.random.default_rng(d)
    rows, shares = 1e3 + rng.standard_normal((50, d)), rng.random((50, 3))
    shares[:, 2] = 0.0
    counts, means, covariances = module.cluster_moments(rows, shares, matrices=matrices)
    np.testing.assert_allclose(counts, shares.sum(axis=0))
    assert not means[2].any()
    assert not covariances[2].any()
    for k in (0, 1):
        np.testing.assert_allclose(means[k], np.average(rows, axis=0, weights=shares[:, k]))
        expected = np.cov(rows.T, aweights=shares[:, k], ddof=0).reshape(d, d)
        np.testing.assert_allclose(
            covariances[k], expected if matrices else np.diagonal(expected), atol=1e-12
        )
