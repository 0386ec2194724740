"""Mixtures of many components, near their data, that tests of several folders share."""

import numpy as np
from simulate import parameters

from softmix.parameters import FactorShape, GaussianParameters


def many(shape, k=40, d=2, separation=8.0, seed=0):
    """Sound parameters with means some `separation` standard deviations from their nearest."""
    plain = parameters(shape, k, d, seed)
    means = separation * k ** (1 / d) * np.random.default_rng(seed + 1).uniform(-0.5, 0.5, (k, d))
    return GaussianParameters(plain.weights, means, plain.factors, shape)


def rows_of(mixture, n, seed=0, dtype=np.float64):
    """Rows drawn from a mixture, in random order."""
    rng = np.random.default_rng(seed)
    K, d = mixture.means.shape
    labels = rng.choice(K, n, p=mixture.weights)
    roots = mixture.cholesky_factors()
    z = rng.standard_normal((n, d))
    if mixture.shape is FactorShape.FULL:
        scaled = np.einsum("nij,nj->ni", roots[labels], z)
    elif mixture.shape is FactorShape.SHARED:
        scaled = z @ roots.T
    else:
        scaled = z * (roots[labels] if mixture.shape is FactorShape.DIAGONAL else roots[labels][:, None])
    return (mixture.means[labels] + scaled).astype(dtype)


def drifted(mixture, by, seed=0):
    """The mixture with every component moved by `by` of what groups allow for, in a random direction."""
    rng = np.random.default_rng(seed)
    K, d = mixture.means.shape
    roots = mixture.cholesky_factors()
    steps = rng.standard_normal((K, d))
    steps *= 0.2 * by / np.linalg.norm(steps, axis=1, keepdims=True)
    if mixture.shape is FactorShape.FULL:
        steps = np.einsum("kij,kj->ki", roots, steps)
    elif mixture.shape is FactorShape.SHARED:
        steps = steps @ roots.T
    else:
        steps = steps * (roots if mixture.shape is FactorShape.DIAGONAL else roots[:, None])
    change = rng.standard_normal(mixture.factors.shape)
    if mixture.shape.is_matrix:
        change = np.tril(change)
        change *= 0.04 * by / np.sqrt((change**2).sum(axis=(-2, -1), keepdims=True))
        factors = mixture.factors + change @ mixture.factors
    else:
        factors = mixture.factors * (1.0 + 0.04 * by * np.tanh(change))
    moved = GaussianParameters(mixture.weights, mixture.means + steps, factors, mixture.shape)
    # What is left of the allowance for the log-constants goes to the weights.
    room = 0.2 * by - np.abs(moved.log_constants - mixture.log_constants)
    weights = mixture.weights * np.exp(np.clip(room, 0.0, None) * rng.uniform(-1.0, 1.0, K))
    return GaussianParameters(weights, moved.means, factors, mixture.shape)
