"""Starts: memberships of a bounded sample of distinct rows, for every weighting and order."""

import numpy as np
import pytest
from simulate import clusters

from softmix.blocks import ArrayBlocks
from softmix.fit.spread import measure_spread
from softmix.fit.starts import STARTS, draw_sample
from softmix.parameters import FactorShape
from softmix.sweep import ThreadSweep, one_blas_thread

X, LABELS = clusters(n=200, d=2, separation=8.0)
each_start = pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)


def sample_of(rows, weights=None, k=3, seed=0, shape=FactorShape.FULL):
    source = ArrayBlocks(rows, weights)
    with ThreadSweep(source) as sweep:
        return draw_sample(source, measure_spread(sweep, shape), k, np.random.RandomState(seed))


def test_equal_rows_are_one_row_with_their_weights():
    times = np.random.default_rng(0).integers(0, 4, 200)
    order = np.random.default_rng(1).permutation(times.sum())
    repeated = sample_of(np.repeat(X, times, axis=0)[order])
    weighted = sample_of(X, times.astype(float))
    np.testing.assert_array_equal(repeated.rows, weighted.rows)
    np.testing.assert_allclose(repeated.weights, weighted.weights)
    assert len(weighted.rows) == np.count_nonzero(times)


@pytest.mark.parametrize("seed", range(5))
def test_rows_at_equal_distances_have_an_order_too(seed):
    """Whitening tells their distances apart by rounding, differently for every order."""
    rng = np.random.default_rng(seed)
    grid = np.array([(x, y) for x in range(-3, 4) for y in range(-3, 4)]) * rng.uniform(
        0.1, 9, 2
    ) + rng.uniform(0, 9, 2)
    one, other = sample_of(grid), sample_of(rng.permutation(np.repeat(grid, 3, axis=0)))
    np.testing.assert_array_equal(one.rows, other.rows)


def test_many_rows_are_sampled():
    rows = np.random.default_rng(0).standard_normal((100_000, 2))
    weights = np.ones(100_000)
    weights[:90_000] = 0
    assert len(sample_of(rows).rows) == 32768
    few = sample_of(rows, weights)
    assert len(few.rows) == 10_000
    assert set(few.rows[:, 0]) <= set(rows[90_000:, 0])
    assert len(sample_of(rows, k=1000).rows) == 64_000


def test_few_rows_are_standardised_not_whitened():
    """Whitened, n ≤ d rows are all equally far apart, whatever their clusters."""
    rows = np.random.default_rng(0).standard_normal((8, 10))
    rows[:4] += 20
    sample = sample_of(rows, k=2)
    resp = STARTS["kmeans"](sample, 2, np.random.RandomState(0))
    own = sample.rows[:, 0] > 10
    assert len(set(resp[own].argmax(axis=1))) == len(set(resp[~own].argmax(axis=1))) == 1
    assert resp[own].argmax(axis=1)[0] != resp[~own].argmax(axis=1)[0]


@each_start
def test_memberships(start):
    sample = sample_of(X)
    resp = start(sample, 3, np.random.RandomState(0))
    assert resp.shape == (len(sample.rows), 3)
    np.testing.assert_allclose(resp.sum(axis=1), 1.0)
    assert (resp.sum(axis=0) > 0).all()
    np.testing.assert_array_equal(resp, start(sample, 3, np.random.RandomState(0)))


@each_start
def test_fewer_distinct_rows_than_components(start):
    sample = sample_of(np.repeat([[0.0, 1.0], [2.0, 3.0]], 5, axis=0), k=4)
    resp = start(sample, 4, np.random.RandomState(0))
    assert resp.shape == (2, 4)
    np.testing.assert_allclose(resp.sum(axis=1), 1.0)


def test_kmeans_finds_separate_clusters():
    """From every seed: one run of k-means in whitened coordinates is fooled now and then."""
    X, _ = clusters(n=200, d=2, k=2, separation=20.0)
    sample = sample_of(X, k=2)
    left = sample.rows[:, 0] < 10
    for seed in range(25):
        with one_blas_thread():  # and one of OpenMP, as in a fit
            found = STARTS["kmeans"](sample, 2, np.random.RandomState(seed)).argmax(axis=1)
        assert len(set(found[left])) == len(set(found[~left])) == 1
