"""From centres to memberships: each row belongs to the nearest centre."""

import numpy as np


def nearest(whitened: np.ndarray, centers: np.ndarray, n_components: int) -> np.ndarray:
    """Hard memberships (n, K) of the nearest of at most K `centers`, in whitened coordinates."""
    return one_hot(nearest_labels(whitened, centers), n_components)


def nearest_labels(whitened: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """The number of the nearest of `centers` for each row, (n,)."""
    from sklearn.metrics import pairwise_distances_argmin  # noqa: PLC0415 (slow to load; most imports never fit)

    return pairwise_distances_argmin(whitened, centers)


def one_hot(labels: np.ndarray, n_components: int) -> np.ndarray:
    """Hard memberships (n, K); components that no label names are empty."""
    resp = np.zeros((len(labels), n_components))
    resp[np.arange(len(labels)), labels] = 1.0
    return resp
