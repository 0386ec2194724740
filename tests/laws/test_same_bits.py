"""The answer has the same bits for any number of threads and any schedule."""

import sys
import threading

import numpy as np
import pytest
from simulate import ATTRIBUTES, TYPES, clusters, parameters

from softmix import GaussianMixture
from softmix.blocks import ArrayBlocks
from softmix.parameters import FactorShape
from softmix.sweep import ThreadSweep

X, LABELS = clusters(n=70_000, d=3)  # five blocks
WEIGHTS = np.random.default_rng(0).uniform(0, 2, len(X))


@pytest.fixture
def restless():
    """Threads take turns as often as Python can make them."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["", "weighted"])
def test_fit(covariance_type, dtype, weights, restless):
    rows = X.astype(dtype)
    assert len(ArrayBlocks(rows)) > 4
    one, two, three = (
        GaussianMixture(
            3, covariance_type=covariance_type, random_state=0, n_jobs=n_jobs, max_iter=20, tol=1e-2
        ).fit(rows, sample_weight=weights)
        for n_jobs in (1, 2, 3)
    )
    for other in (two, three):
        for name in (*ATTRIBUTES, "lower_bounds_", "lower_bound_", "n_iter_", "converged_"):
            np.testing.assert_array_equal(getattr(other, name), getattr(one, name), err_msg=name)
        np.testing.assert_array_equal(other.predict_proba(rows), one.predict_proba(rows))
        assert other.score(rows) == one.score(rows)


class _Backwards(ArrayBlocks):
    """Blocks that are ready in the opposite order: each waits for the one after it."""

    def __init__(self, rows):
        super().__init__(rows)
        self.ready = [threading.Event() for _ in range(len(self) + 1)]
        self.ready[-1].set()

    def __getitem__(self, number):
        self.ready[number + 1].wait()
        block = super().__getitem__(number)
        self.ready[number].set()
        return block


@pytest.mark.parametrize("shape", list(FactorShape))
def test_any_schedule(shape):
    with ThreadSweep(ArrayBlocks(X), n_jobs=1) as sweep:
        forwards = sweep(parameters(shape, d=3))
    source = _Backwards(X)
    with ThreadSweep(source, n_jobs=len(source)) as sweep:
        backwards = sweep(parameters(shape, d=3))
    np.testing.assert_array_equal(backwards.values, forwards.values)
