"""Rows drawn from a mixture: parameters and a random generator give rows and their components.

k ~ π,   x = μ_k + L_k ε,   ε ~ N(0, I)
"""

import numpy as np

from softmix.parameters.gaussian import FactorShape, GaussianParameters


def draw(
    parameters: GaussianParameters, n_rows: int, rng: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """Rows (n, d), component by component, and the component of each, (n,)."""
    counts = rng.multinomial(n_rows, parameters.weights / parameters.weights.sum())
    labels = np.repeat(np.arange(len(counts)), counts)
    noise = rng.standard_normal((n_rows, parameters.n_features))
    return parameters.means[labels] + _coloured(parameters, noise, counts), labels


def _coloured(parameters: GaussianParameters, noise: np.ndarray, counts: np.ndarray) -> np.ndarray:
    factors = parameters.cholesky_factors()
    if parameters.shape is FactorShape.SHARED:
        return noise @ factors.T
    if parameters.shape is FactorShape.FULL:
        parts = np.split(noise, np.cumsum(counts)[:-1])
        return np.concatenate([part @ factor.T for part, factor in zip(parts, factors, strict=True)])
    return noise * np.repeat(factors.reshape(len(counts), -1), counts, axis=0)
