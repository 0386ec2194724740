"""What fills holes natively against its NumPy twin."""

import numpy as np
import pytest
from simulate import parameters

from softmix.kernels import kernel, reference
from softmix.parameters import FactorShape


@pytest.mark.parametrize("sides", [1, 3])
@pytest.mark.parametrize("n", [1, 7, 8, 30])
@pytest.mark.parametrize(("d", "m"), [(1, 1), (2, 1), (5, 4), (5, 5), (12, 7), (40, 33)])
def test_native_is_its_twin(d, m, n, sides):
    rng = np.random.default_rng(d * m * n)
    precision = parameters(FactorShape.FULL, 1, d, d).precisions()[0]
    missing = np.sort(np.stack([rng.permutation(d)[:m] for _ in range(n)]), axis=1)
    deviations = rng.standard_normal((sides, n, d))
    for row, columns in enumerate(missing):
        deviations[:, row, columns] = 0.0
    products, weights = deviations @ precision, rng.uniform(0, 1, n) * (rng.random(n) < 0.7)
    found = []
    for module in (kernel(), reference):
        filled, added = deviations.copy(), np.ones((d, d))
        half_log_dets, residuals = module.fill_holes(precision, missing, products, filled)
        module.add_residuals(missing, residuals, weights, added)
        found.append((filled, half_log_dets, added))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-10)
    # P ŷ is 0 where a value was missing: the density is highest there.
    np.testing.assert_allclose(
        np.take_along_axis(found[0][0] @ precision, np.broadcast_to(missing, (sides, n, m)), axis=2),
        0.0,
        atol=1e-9,
    )
    np.testing.assert_array_equal(np.triu(found[0][2], 1), np.triu(np.ones((d, d)), 1))
