"""Rows drawn from a mixture: parameters and a random generator give rows and their components.

k ~ π,   x = μ_k + L_k ε,   ε ~ N(0, I);   of the noise, x uniform over its box
"""

import numpy as np

from softmix.parameters.gaussian import FactorShape, GaussianParameters


def draw(
    parameters: GaussianParameters, n_rows: int, rng: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """Rows (n, d), component by component, and the component of each, (n,): −1 for noise, the last."""
    if parameters.noise is None:
        return _draw_gaussians(parameters, n_rows, rng)
    n_noise = rng.binomial(n_rows, min(parameters.noise.weight, 1.0))
    rows, labels = _draw_gaussians(parameters, n_rows - n_noise, rng)
    noise = parameters.noise.draw(n_noise, rng)
    return np.concatenate([rows, noise]), np.append(labels, np.full(n_noise, -1))


def _draw_gaussians(
    parameters: GaussianParameters, n_rows: int, rng: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    total = parameters.weights.sum()
    if total == 0:  # all is noise
        return np.empty((0, parameters.n_features)), np.empty(0, dtype=np.int64)
    counts = rng.multinomial(n_rows, parameters.weights / total)
    labels = np.repeat(np.arange(len(counts)), counts)
    deviates = rng.standard_normal((n_rows, parameters.n_features))
    return parameters.means[labels] + _coloured(parameters, deviates, counts), labels


def _coloured(parameters: GaussianParameters, deviates: np.ndarray, counts: np.ndarray) -> np.ndarray:
    factors = parameters.cholesky_factors()
    if parameters.shape is FactorShape.SHARED:
        return deviates @ factors.T
    if parameters.shape is FactorShape.FULL:
        parts = np.split(deviates, np.cumsum(counts)[:-1])
        return np.concatenate([part @ factor.T for part, factor in zip(parts, factors, strict=True)])
    return deviates * np.repeat(factors.reshape(len(counts), -1), counts, axis=0)
