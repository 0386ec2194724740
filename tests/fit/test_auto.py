"""Start auto: from the defaults it finds the best-known top, whatever the units, order and weights."""

import numpy as np
import pytest
from simulate import TYPES, clusters

from softmix import GaussianMixture

SEEDS = range(3)
each_type = pytest.mark.parametrize("covariance_type", TYPES)


def normal(rng, n, mean, scale):
    return np.asarray(mean) + rng.standard_normal((n, len(mean))) * scale


def labelled(*parts):
    return np.vstack(parts), np.repeat(np.arange(len(parts)), [len(part) for part in parts])


def unequal_weights(rng):
    """A hundredth of the rows are a cluster of their own."""
    return labelled(normal(rng, 980, [0, 0], 1), normal(rng, 1000, [8, 0], 1), normal(rng, 20, [4, 12], 1))


def unequal_scales(rng):
    """From a hundredth to a hundred."""
    return labelled(
        normal(rng, 300, [0, 0], 100), normal(rng, 300, [500, 0], 1), normal(rng, 300, [501, 20], 0.01)
    )


def nested(rng):
    return labelled(normal(rng, 600, [0, 0, 0], 1), normal(rng, 600, [0, 0, 0], 15))


def crossed_bars(rng):
    return labelled(normal(rng, 400, [0, 0], [10, 0.5]), normal(rng, 400, [0, 0], [0.5, 10]))


def grid(rng):
    """Sixteen clusters, of which k-means merges some and cuts others."""
    return labelled(*(normal(rng, 60, [6 * i, 6 * j], 1) for i in range(4) for j in range(4)))


PROBLEMS = [unequal_weights, unequal_scales, nested, crossed_bars, grid]


def reached(X, k, **params):
    return GaussianMixture(k, tol=1e-5, max_iter=2000, **params).fit(X)


def bound_from(labels, X, **params):
    """Of EM that begins at the clusters that made the rows: the best-known top."""
    k = labels.max() + 1
    means = np.stack([X[labels == j].mean(axis=0) for j in range(k)])
    precisions = np.stack([np.linalg.inv(np.cov(X[labels == j].T)) for j in range(k)])
    weights = np.bincount(labels) / len(labels)
    return reached(X, k, weights_init=weights, means_init=means, precisions_init=precisions, **params)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_known_top_is_found(problem, seed):
    X, labels = problem(np.random.default_rng(seed))
    known = bound_from(labels, X).lower_bound_
    found = reached(X, labels.max() + 1, random_state=seed)
    assert found.lower_bound_ >= known - 1e-3


@pytest.mark.parametrize("seed", SEEDS)
@each_type
def test_round_clusters_are_found_under_every_structure(covariance_type, seed):
    X, labels = grid(np.random.default_rng(seed))
    model = reached(X, 16, covariance_type=covariance_type, random_state=seed)
    agreeing = sum(np.bincount(model.labels_[labels == k]).max() for k in range(16))
    assert agreeing >= 0.97 * len(X)


# Degenerate data end in finite parameters.


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", SEEDS)
@each_type
@pytest.mark.parametrize("d", [1, 2, 5])
def test_as_many_components_as_distinct_rows(d, covariance_type, seed):
    rows = np.random.default_rng(seed).standard_normal((4, d)) * 10
    model = GaussianMixture(4, covariance_type=covariance_type, random_state=seed).fit(
        np.repeat(rows, 6, axis=0)
    )
    assert np.isfinite(model.lower_bound_)
    assert np.isfinite(model.covariances_).all()
    np.testing.assert_allclose(model.weights_.sum(), 1.0)


NOISE, _ = clusters(n=200, d=2, seed=3)
DEGENERATE = {
    "constant column": np.c_[NOISE, np.full(len(NOISE), 7.0)],
    "collinear columns": np.c_[NOISE, NOISE @ [2.0, -1.0]],
    "two distinct rows": np.repeat([[0.0, 1.0], [3.0, -1.0]], 30, axis=0),
    "fewer rows than columns": np.random.default_rng(0).standard_normal((7, 12)),
    "one column": clusters(n=200, d=1)[0],
    "all rows equal": np.full((40, 3), 5.0),
    "three values": np.random.default_rng(0).integers(0, 3, (100, 2)).astype(float),
}


@pytest.mark.filterwarnings("ignore")
@each_type
@pytest.mark.parametrize("X", DEGENERATE.values(), ids=DEGENERATE)
def test_degenerate_data(X, covariance_type):
    model = GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(X)
    for name in ("weights_", "means_", "covariances_", "lower_bound_"):
        assert np.isfinite(getattr(model, name)).all(), name
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1.0, atol=1e-9)


@pytest.mark.filterwarnings("ignore")
def test_a_constant_column_does_not_hide_the_clusters():
    X, labels = crossed_bars(np.random.default_rng(0))
    plain, with_constant = (
        reached(X, 2, random_state=0),
        reached(np.c_[X, np.ones(len(X))], 2, random_state=0),
    )
    assert plain.lower_bound_ >= bound_from(labels, X).lower_bound_ - 1e-3
    assert (plain.labels_ != with_constant.labels_).mean() < 0.01


def test_no_component_settles_on_a_handful_of_rows():
    """A few nearly equal rows buy more likelihood than the cluster that is there to be found."""
    rng = np.random.default_rng(0)
    X, labels = labelled(normal(rng, 300, [0, 0], 1), normal(rng, 300, [6, 0], 1))
    X[:3] = X[0] + 1e-6 * rng.standard_normal((3, 2))
    model = reached(X, 2, random_state=0)
    assert model.weights_.min() > 0.4
    assert (model.labels_ == model.labels_[0])[labels == 0].mean() > 0.98


# What does not matter.


@pytest.mark.parametrize("scale", [1e-8, 1e-3, 1e8])
@each_type
def test_units_do_not_matter(covariance_type, scale):
    """Of every column by itself; where the structure has one variance, of all."""
    X, _ = clusters(n=300, d=3, separation=2.0)
    by = scale if covariance_type == "spherical" else np.array([scale, 1.0, 1.0 / scale])
    one, other = (reached(rows, 3, covariance_type=covariance_type, random_state=0) for rows in (X, X * by))
    np.testing.assert_array_equal(one.labels_, other.labels_)


@each_type
def test_the_order_of_rows_does_not_matter(covariance_type):
    X, _ = clusters(n=300, d=3, separation=2.0)
    order = np.random.default_rng(0).permutation(len(X))
    one, other = (reached(rows, 3, covariance_type=covariance_type, random_state=0) for rows in (X, X[order]))
    np.testing.assert_array_equal(one.labels_[order], other.labels_)


@each_type
def test_a_weight_is_repetition(covariance_type):
    X, _ = clusters(n=300, d=3, separation=2.0)
    times = np.random.default_rng(0).integers(0, 4, len(X))
    weighted = GaussianMixture(3, covariance_type=covariance_type, tol=1e-5, max_iter=2000, random_state=0)
    weighted.fit(X, sample_weight=times)
    repeated = reached(np.repeat(X, times, axis=0), 3, covariance_type=covariance_type, random_state=0)
    np.testing.assert_allclose(weighted.means_, repeated.means_, rtol=1e-7, atol=1e-9)
    np.testing.assert_array_equal(np.repeat(weighted.labels_, times), repeated.labels_)


@each_type
def test_the_same_bits_for_a_seed_and_any_number_of_threads(covariance_type):
    X, _ = clusters(n=40_000, d=2, k=4)
    one, again, two = (
        GaussianMixture(4, covariance_type=covariance_type, random_state=7, n_jobs=n_jobs).fit(X)
        for n_jobs in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.means_, again.means_)
    np.testing.assert_array_equal(one.means_, two.means_)
    np.testing.assert_array_equal(one.covariances_, two.covariances_)


def test_components_come_with_the_heaviest_first_from_every_seed():
    X, _ = clusters(n=600, d=2, k=3, separation=8.0)
    weights = [reached(X, 3, random_state=seed).weights_ for seed in range(5)]
    assert (np.diff(weights[0]) < 0).all()
    np.testing.assert_allclose(weights, np.tile(weights[0], (5, 1)), atol=1e-3)
