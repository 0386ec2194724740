"""Both kernels agglomerate alike."""

import numpy as np
import pytest

from softmix.kernels import ClusterCost, kernel, reference


def _clusters(d: int, *, matrices: bool, n: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(d)
    roots = rng.standard_normal((n, d, d))
    covariances = roots @ roots.swapaxes(1, 2) if matrices else rng.random((n, d))
    return rng.integers(0, 20, n).astype(float), 3.0 * rng.standard_normal((n, d)), covariances


@pytest.mark.parametrize("left", [1, 5, 40])
@pytest.mark.parametrize("d", [1, 2, 6, 13])
@pytest.mark.parametrize(("matrices", "spherical"), [(True, False), (False, False), (False, True)])
def test_the_kernels_merge_the_same_pairs(d, matrices, spherical, left):
    clusters = _clusters(d, matrices=matrices)
    cost = ClusterCost(spherical, 4.0, 0.01)
    merges = kernel().agglomerate(*clusters, left, cost)
    assert merges.shape == (40 - left, 2)
    np.testing.assert_array_equal(merges, reference.agglomerate(*clusters, left, cost))


@pytest.mark.parametrize(
    "module", [pytest.param(kernel(), id="native"), pytest.param(reference, id="reference")]
)
@pytest.mark.parametrize("matrices", [True, False])
def test_a_hierarchy_that_goes_further_begins_alike(module, matrices):
    clusters, cost = (
        _clusters(3, matrices=matrices),
        ClusterCost(spherical=False, pseudo_rows=4.0, apart=0.01),
    )
    few, many = (module.agglomerate(*clusters, left, cost) for left in (2, 20))
    np.testing.assert_array_equal(few[: len(many)], many)
    gone = few[:, 1].tolist()
    assert len(set(gone)) == len(gone)
    assert all(i < j for i, j in few.tolist())
