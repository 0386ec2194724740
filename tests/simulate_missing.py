"""Rows that lack values, and what is said of them row by row, slowly."""

import numpy as np
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from simulate import covariance_matrices


def with_holes(X, rate, seed=0):
    """X with NaN at random in a share of its values; at least one value of every column stays."""
    rng = np.random.default_rng(seed)
    holes = rng.random(X.shape) < rate
    holes[rng.integers(len(X), size=X.shape[1]), np.arange(X.shape[1])] = False
    return np.where(holes, X.dtype.type(np.nan), X)


def log_joint_by_row(parameters, rows):
    """log π_k N(x_o; μ_o, Σ_oo) of each row and component, (n, K)."""
    covariances = covariance_matrices(parameters)
    joint = np.tile(np.log(parameters.weights), (len(rows), 1))
    for i, row in enumerate(rows):
        o = ~np.isnan(row)
        for k in range(parameters.n_components if o.any() else 0):
            mean, covariance = parameters.means[k, o], covariances[k][np.ix_(o, o)]
            joint[i, k] += multivariate_normal.logpdf(row[o], mean, covariance)
    return joint


def completed_by_row(parameters, row, component):
    """E[x | x_o, k] of one row, and the covariance of what is missing, 0 elsewhere, (d,) and (d, d)."""
    o, mean = ~np.isnan(row), parameters.means[component]
    covariance = covariance_matrices(parameters)[component]
    filled, residual = mean.copy(), np.zeros_like(covariance)
    slopes = covariance[np.ix_(~o, o)] @ np.linalg.inv(covariance[np.ix_(o, o)])
    filled[o] = row[o]
    filled[~o] += slopes @ (row[o] - mean[o])
    residual[np.ix_(~o, ~o)] = covariance[np.ix_(~o, ~o)] - slopes @ covariance[np.ix_(o, ~o)]
    return filled, residual


def statistics_by_row(parameters, rows, weights):
    """count (K,), sum (K, d) and scatter (K, d, d) about the means, and the log-likelihood."""
    joint = log_joint_by_row(parameters, rows)
    log_norm = logsumexp(joint, axis=1)
    resp = weights[:, None] * np.exp(joint - log_norm[:, None])
    K, d = parameters.means.shape
    sums, scatters = np.zeros((K, d)), np.zeros((K, d, d))
    for i, row in enumerate(rows):
        for k in range(K):
            filled, residual = completed_by_row(parameters, row, k)
            y = filled - parameters.means[k]
            sums[k] += resp[i, k] * y
            scatters[k] += resp[i, k] * (np.outer(y, y) + residual)
    return resp.sum(axis=0), sums, scatters, weights @ log_norm
