"""Data and models that tests of several folders share."""

import numpy as np

from softmix import GaussianMixture
from softmix.blocks import ArrayBlocks
from softmix.e_step import statistics_from_resp
from softmix.fit.spread import measure_spread
from softmix.parameters import FactorShape, GaussianParameters
from softmix.statistics import GaussianStatistics, StatisticsLayout
from softmix.structures import STRUCTURES
from softmix.sweep import ThreadSweep

TYPES = ("full", "tied", "diag", "spherical")  # one of each shape of factors
MCLUST_TYPES = tuple(name for name in STRUCTURES if len(name) == 3)
ALL_TYPES = (*TYPES, *(name for name in MCLUST_TYPES if name not in {"VVV", "EEE", "VVI", "VII"}))
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
    """A GaussianMixture that begins near the clusters `labels`, so that no start is drawn."""
    k = labels.max() + 1
    if covariance_type not in TYPES:
        start = first_step(STRUCTURES[covariance_type], X, np.eye(k)[labels])
        return starting_at(start, covariance_type, **params)
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


def floor_of(structure, X, share=1e-6):
    """The covariance floor that a fit of `structure` to X would have."""
    with ThreadSweep(ArrayBlocks(X), n_jobs=1) as sweep:
        spread = measure_spread(sweep, structure.shape)
    return structure.floor(spread.factor, share, spread.constant)


def first_step(structure, X, resp, share=1e-6):
    """The parameters after one M-step from memberships."""
    return structure.m_step(statistics_from_resp(structure.shape, X, resp), floor_of(structure, X, share))


def starting_at(start, covariance_type, **params):
    """A GaussianMixture that begins at the parameters `start`."""
    return GaussianMixture(
        start.n_components,
        covariance_type=covariance_type,
        weights_init=start.weights,
        means_init=start.means,
        precisions_init=start.precisions(),
        **params,
    )


def covariance_matrices(parameters):
    """The covariances of parameters of any shape as (K, d, d)."""
    K, d = parameters.means.shape
    values = parameters.covariances()
    if parameters.shape.is_matrix:
        return np.broadcast_to(values, (K, d, d))
    return np.einsum("kj,ij->kij", np.broadcast_to(values.reshape(K, -1), (K, d)), np.eye(d))
