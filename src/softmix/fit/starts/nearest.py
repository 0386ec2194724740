"""From centres to memberships: each row belongs to the nearest centre."""

import numpy as np


def nearest(whitened: np.ndarray, centers: np.ndarray, n_components: int) -> np.ndarray:
    """Hard memberships (n, K) of the nearest of at most K `centers`, in whitened coordinates."""
    from sklearn.metrics import pairwise_distances_argmin  # noqa: PLC0415 (slow to load; most imports never fit)

    return one_hot(pairwise_distances_argmin(whitened, centers), n_components)


def one_hot(labels: np.ndarray, n_components: int) -> np.ndarray:
    """Hard memberships (n, K); components that no label names are empty."""
    resp = np.zeros((len(labels), n_components))
    resp[np.arange(len(labels)), labels] = 1.0
    return resp
