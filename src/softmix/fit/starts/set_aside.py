"""Rows that begin as noise: those in the emptiest places, by the distance to their k-th neighbour.

Around a row in a place of density λ the volume V_k that holds its k nearest neighbours is gamma
distributed with shape k and rate λ. Noise and the rest are a mixture of two such distributions,
fitted by EM; a row's membership of the sparser one is how far it is noise. Byers & Raftery (1998),
"Nearest-neighbor clutter removal for estimating features in spatial point processes".
"""

import numpy as np
from scipy.special import expit, gammaln

from softmix.fit.starts.sample import Sample

# Neighbours looked at; fewer blur less, more tell sparse from dense places better.
_NEIGHBOURS = 12
_STEPS, _TOL = 200, 1e-6
_TINY = 1e-300


def nearest_neighbour_cleaning(sample: Sample) -> np.ndarray:
    """How far each row of the sample is noise, (n,), between 0 and 1."""
    log_volumes, k = _log_volumes(sample)
    weights = sample.weights
    # Begins with the sparser half as noise.
    middle = _weighted_median(log_volumes, weights)
    noise = (log_volumes > middle).astype(np.float64)
    if not 0.0 < weights @ noise < weights.sum():
        return np.zeros(len(noise))
    log_volumes = log_volumes - middle
    volumes = np.exp(np.minimum(log_volumes, 700.0))
    for _ in range(_STEPS):
        before, noise = noise, _posterior(noise, log_volumes, volumes, weights, k)
        if np.abs(noise - before).max() < _TOL:
            break
    return noise


def emptiest(sample: Sample, share: float) -> np.ndarray:
    """1 for the rows of the sample in the emptiest places, in all this share of the weight; else 0."""
    log_volumes, _ = _log_volumes(sample)
    order = np.argsort(-log_volumes, kind="stable")
    until = np.cumsum(sample.weights[order])
    noise = np.zeros(len(order))
    noise[order[until <= share * until[-1] * (1.0 + 1e-9)]] = 1.0
    return noise


def _posterior(
    noise: np.ndarray, log_volumes: np.ndarray, volumes: np.ndarray, weights: np.ndarray, k: float
) -> np.ndarray:
    """One step of EM: memberships of the sparser of the two gamma distributions."""
    log_densities = []
    for resp in (noise, 1.0 - noise):
        count = weights @ resp
        rate = k * count / max((weights * resp) @ volumes, _TINY)
        log_weight = np.log(max(count, _TINY))
        log_densities.append(
            log_weight + k * np.log(rate) + (k - 1.0) * log_volumes - rate * volumes - gammaln(k)
        )
    return expit(log_densities[0] - log_densities[1])


def _log_volumes(sample: Sample) -> tuple[np.ndarray, int]:
    """Log-volume, up to a constant, of the ball around each row that holds `k` rows, and k.

    Of weighted rows the ball holds k distinct ones, and their weight says how dense it is.
    """
    from sklearn.neighbors import NearestNeighbors  # noqa: PLC0415 (slow to load; most imports never fit)

    rows, d = sample.whitened, sample.rows.shape[1]
    k = min(_NEIGHBOURS, len(rows) - 1)
    distances, neighbours = NearestNeighbors(n_neighbors=k).fit(rows).kneighbors()
    held = sample.weights[neighbours].sum(axis=1) + sample.weights - 1.0
    radii = np.maximum(distances[:, -1], _TINY)
    return d * np.log(radii) + np.log(k / np.maximum(held, _TINY)), k


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values, kind="stable")
    until = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(until, 0.5 * until[-1])]])
