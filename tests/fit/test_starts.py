"""Starts: memberships of a bounded sample of distinct rows, for every weighting and order."""

import numpy as np
import pytest
from simulate import TYPES, clusters

from softmix.blocks import ArrayBlocks
from softmix.fit.spread import measure_spread
from softmix.fit.starts import CLUSTERINGS, SEARCHES, draw_sample, sample_size
from softmix.fit.starts.sample import _draw
from softmix.parameters import FactorShape
from softmix.structures import STRUCTURES
from softmix.sweep import ThreadSweep, one_blas_thread

X, LABELS = clusters(n=200, d=2, separation=8.0)


def searching(search, covariance_type):
    """A search as a clustering of one structure."""
    return lambda sample, k, rng: search(sample, k, rng, STRUCTURES[covariance_type], 1e-14).resp


STARTS = CLUSTERINGS | {
    f"{name}-{covariance_type}": searching(search, covariance_type)
    for name, search in SEARCHES.items()
    for covariance_type in TYPES
}
each_start = pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)


def sample_of(rows, weights=None, k=3, seed=0, shape=FactorShape.FULL):
    source = ArrayBlocks(rows, weights)
    with ThreadSweep(source) as sweep:
        wanted = sample_size(k, source.n_features)
        return draw_sample(source, measure_spread(sweep, shape), wanted, np.random.RandomState(seed))


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


def test_coordinates_are_the_same_bits_in_other_units():
    scaled = sample_of(X * [1e-8, 3e7] + [0.0, 5e7])
    plain = sample_of(X)
    np.testing.assert_array_equal(scaled.whitened, plain.whitened)
    np.testing.assert_array_equal(scaled.standardised, plain.standardised)


@pytest.mark.parametrize("times", [1e-12, 0.3, 7.0])
def test_weights_are_the_same_bits_in_other_units(times):
    weights = np.random.default_rng(0).uniform(0.1, 9.0, len(X))
    np.testing.assert_array_equal(sample_of(X, times * weights).weights, sample_of(X, weights).weights)
    assert sample_of(X, weights).weights.mean() == pytest.approx(1.0)


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


# Weighted sampling

WEIGHTS = np.r_[np.random.default_rng(0).exponential(size=400), np.zeros(50), 60.0, 200.0]
HEAVY = [450, 451]


def draws(wanted, n):
    return [_draw(WEIGHTS, wanted, np.random.RandomState(seed)) for seed in range(n)]


def test_few_weighted_rows_are_all_drawn_as_they_are():
    (chosen, weights), *_ = draws(402, 1)
    np.testing.assert_array_equal(chosen, np.flatnonzero(WEIGHTS))
    np.testing.assert_array_equal(weights, WEIGHTS[chosen])


def test_rows_are_drawn_by_their_weights():
    """With probability min(1, w / τ), heavy rows always, rows of weight 0 never."""
    drawn = draws(100, 3000)
    assert {len(chosen) for chosen, _ in drawn} <= {99, 100, 101}
    share = np.bincount(np.concatenate([chosen for chosen, _ in drawn]), minlength=len(WEIGHTS)) / len(drawn)
    assert (share[HEAVY] == 1.0).all()
    assert (share[400:450] == 0.0).all()
    threshold = drawn[0][1].min()
    expected = np.minimum(WEIGHTS / threshold, 1.0)
    assert expected.sum() == pytest.approx(100)
    np.testing.assert_allclose(share, expected, atol=5 * 0.5 / np.sqrt(len(drawn)))


def test_the_weights_of_a_draw_are_unbiased_and_heavy_rows_keep_theirs():
    values = np.random.default_rng(1).standard_normal(len(WEIGHTS))
    drawn = draws(100, 3000)
    sums = np.array([(weights.sum(), weights @ values[chosen]) for chosen, weights in drawn])
    error = 5 * sums.std(axis=0) / np.sqrt(len(drawn))
    assert (np.abs(sums.mean(axis=0) - [WEIGHTS.sum(), WEIGHTS @ values]) <= error + 1e-9).all()
    for chosen, weights in drawn[:20]:
        assert (np.diff(chosen) > 0).all()
        np.testing.assert_array_equal(weights[np.isin(chosen, HEAVY)], WEIGHTS[HEAVY])


def test_a_subset_is_drawn_by_weight_too():
    sample = sample_of(X, np.r_[1000.0, np.ones(len(X) - 1)])
    few = sample.subset(20, np.random.RandomState(0))
    assert len(few.rows) in (19, 20, 21)
    assert (few.rows == X[0]).all(axis=1).any()
    assert few.weights.mean() == pytest.approx(1.0)
    assert sample.subset(len(sample.rows), np.random.RandomState(0)) is sample
