"""Start hierarchical: model-based agglomeration of rows, or of Ward's clusters where they are many."""

import numpy as np
import pytest
from simulate import TYPES, clusters
from sklearn.datasets import load_iris

from softmix import GaussianMixture
from softmix.data import faithful_path
from softmix.fit.moves import Components
from softmix.fit.starts.hierarchical import agglomerate
from softmix.structures import STRUCTURES

IRIS = load_iris().data
FAITHFUL = np.loadtxt(faithful_path(), delimiter=",", skiprows=1)


def single_rows(rows):
    n, d = rows.shape
    return Components(np.ones(n), rows, np.zeros((n, d, d)))


def test_elongated_clusters_stay_whole():
    """Of two long ones side by side, Ward's criterion would cut both across."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((80, 2)) * [6.0, 0.2] + np.repeat([[0.0, 0.0], [0.0, 3.0]], 40, axis=0)
    labels = agglomerate(single_rows(rows / rows.std(axis=0)), [2], STRUCTURES["full"])[2]
    assert len(set(labels[:40])) == len(set(labels[40:])) == 1
    assert labels[0] != labels[-1]


@pytest.mark.parametrize("n_clusters", [1, 2, 7, 30])
def test_as_many_clusters_as_are_wanted(n_clusters):
    rows = np.random.default_rng(0).standard_normal((30, 3))
    labels = agglomerate(single_rows(rows), [n_clusters], STRUCTURES["full"])[n_clusters]
    assert sorted(set(labels)) == list(range(n_clusters))


def test_cuts_of_one_hierarchy_are_nested_and_what_each_would_be_alone():
    clusters = single_rows(np.random.default_rng(1).standard_normal((30, 3)))
    cuts = agglomerate(clusters, [2, 5, 9, 30], STRUCTURES["full"])
    assert sorted(cuts) == [2, 5, 9, 30]
    for few, many in ((2, 5), (5, 9), (9, 30)):
        pairs = set(zip(cuts[many].tolist(), cuts[few].tolist(), strict=True))
        assert len(pairs) == many
    for size, labels in cuts.items():
        np.testing.assert_array_equal(labels, agglomerate(clusters, [size], STRUCTURES["full"])[size])


@pytest.mark.parametrize("covariance_type", TYPES)
def test_separate_clusters_are_found_among_many_rows(covariance_type):
    X, labels = clusters(n=20_000, d=3, k=4, separation=20.0)
    model = GaussianMixture(4, covariance_type=covariance_type, init_params="hierarchical", random_state=0)
    found = model.fit(X).labels_
    assert all(len(set(found[labels == k])) == 1 for k in range(4))


@pytest.mark.parametrize(
    ("rows", "k", "covariance_type", "bic"),
    [
        (IRIS, 2, "VVV", -574.0178),
        (IRIS, 3, "VVI", -744.6382),
        (IRIS, 3, "VII", -853.8144),
        (FAITHFUL, 2, "VVV", -2322.192),
        (FAITHFUL, 3, "EEE", -2314.316),
        (FAITHFUL, 3, "VVI", -2342.4),
    ],
)
def test_em_reaches_the_optimum_of_mclust(rows, k, covariance_type, bic):
    """Within 0.01 nats a row of the figures that mclust 6 gives."""
    model = GaussianMixture(
        k,
        covariance_type=covariance_type,
        init_params="hierarchical",
        tol=1e-8,
        max_iter=5000,
        random_state=0,
    ).fit(rows)
    assert -model.bic(rows) >= bic - 2 * 0.01 * len(rows)


def test_rows_on_a_grid_have_clusters_too():
    """Ties leave Ward's clustering few clusters, or one."""
    grid = np.array([(x, y) for x in range(40) for y in range(40)], dtype=float)
    model = GaussianMixture(5, init_params="hierarchical", random_state=0).fit(grid)
    assert (model.weights_ > 0.05).all()
