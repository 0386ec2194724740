"""Data and models that tests of several folders share."""

import numpy as np

from softmix import GaussianMixture
from softmix.parameters import FactorShape, GaussianParameters
from softmix.statistics import GaussianStatistics, StatisticsLayout

TYPES = ("full", "tied", "diag", "spherical")
ATTRIBUTES = ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_", "labels_")


def clusters(n=300, d=3, k=3, seed=0, separation=4.0):
    """Overlapping elongated clusters of unequal size, and their labels."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(k, n, p=np.arange(1, k + 1) / np.arange(1, k + 1).sum())
    means = rng.standard_normal((k, d))
    means[:, 0] = separation * np.arange(k)
    roots = np.tril(0.4 * rng.standard_normal((k, d, d)), -1) + np.eye(d) * rng.uniform(0.5, 1.5, (k, 1, d))
    return means[labels] + np.einsum("nij,nj->ni", roots[labels], rng.standard_normal((n, d))), labels


def parameters(shape, k=3, d=2, seed=0):
    """Random sound parameters of any shape."""
    rng = np.random.default_rng(seed)
    factors = np.tril(0.3 * rng.standard_normal((k, d, d)), -1) + np.eye(d) * rng.uniform(0.5, 2, (k, 1, d))
    diagonal = np.diagonal(factors, axis1=1, axis2=2)
    stored = {
        FactorShape.FULL: factors,
        FactorShape.SHARED: factors[0],
        FactorShape.DIAGONAL: diagonal,
        FactorShape.SCALAR: diagonal[:, 0],
    }[shape]
    weights = rng.dirichlet(np.full(k, 5.0))
    return GaussianParameters(weights, rng.standard_normal((k, d)), np.array(stored), shape)


def statistics(shape, k=3, d=2, seed=0, centers=None):
    """Statistics of nothing in particular, in which every entry differs."""
    rng = np.random.default_rng(seed)
    layout = StatisticsLayout(shape, k, d)
    centers = rng.standard_normal((k, d)) if centers is None else centers
    return GaussianStatistics(centers, layout, rng.uniform(1, 2, layout.size))


def start_at(labels, X, covariance_type, **params):
    """A GaussianMixture that begins at the clusters `labels`, so that no start is drawn."""
    k = labels.max() + 1
    means = np.stack([X[labels == j].mean(axis=0) for j in range(k)])
    spread = np.cov(X.T, bias=True).reshape(X.shape[1], -1)
    precisions = {
        "full": np.linalg.inv(
            np.stack([np.cov(X[labels == j].T, bias=True).reshape(spread.shape) for j in range(k)])
        ),
        "tied": np.linalg.inv(spread),
        "diag": np.stack([1 / X[labels == j].var(axis=0) for j in range(k)]),
        "spherical": np.array([1 / X[labels == j].var(axis=0).mean() for j in range(k)]),
    }[covariance_type]
    return GaussianMixture(
        k,
        covariance_type=covariance_type,
        weights_init=np.bincount(labels) / len(labels),
        means_init=means,
        precisions_init=precisions,
        **params,
    )
