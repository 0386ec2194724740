"""Clusters of rows: their moments, those of two that become one, and which do. Banfield & Raftery (1993)."""

from typing import NamedTuple

import numpy as np


def merged_pairs(
    own_weights: np.ndarray, own_means: np.ndarray, covariances: np.ndarray, pairs: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights, means and covariances of the components that pairs make."""
    i, j = pairs.T
    weights = own_weights[i] + own_weights[j]
    share = np.divide(own_weights[i], weights, out=np.full(len(weights), 0.5), where=weights > 0)
    apart = own_means[i] - own_means[j]
    outer = apart[:, :, None] * apart[:, None, :] if covariances.ndim == 3 else apart**2
    ours, between = (
        np.reshape(factor, (-1,) + (1,) * (outer.ndim - 1)) for factor in (share, share * (1.0 - share))
    )
    means = own_means[j] + share[:, None] * apart
    return weights, means, ours * covariances[i] + (1.0 - ours) * covariances[j] + between * outer


def cluster_moments(
    rows: np.ndarray, shares: np.ndarray, *, matrices: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts (K,), means (K, d), and covariances (K, d, d) or variances (K, d), of clusters of rows.

    Parameters
    ----------
    rows : ndarray of shape (n, d), float64
    shares : ndarray of shape (n, K)
        Of each cluster in each row.
    matrices : bool
        Whether covariances are wanted, or variances only.
    """
    counts = shares.sum(axis=0)
    occupied = np.where(counts > 0, counts, 1.0)
    means = shares.T @ rows / occupied[:, None]
    away = rows - means[:, None]
    weighted = shares.T[:, :, None] * away
    sums = weighted.swapaxes(1, 2) @ away if matrices else (weighted * away).sum(axis=1)
    return counts, means, sums / occupied.reshape(-1, *[1] * (sums.ndim - 1))


class ClusterCost(NamedTuple):
    """What a cluster of n_k rows costs where clusters are agglomerated: n_k log |C_k|.

    Parameters
    ----------
    spherical : bool
        Whether C_k is one variance, the mean of those of the columns.
    pseudo_rows : float
        So many rows more than its own, round and as wide as it is on average.
    apart : float
        By so much wider.
    """

    spherical: bool
    pseudo_rows: float
    apart: float

    def terms(self, weights: np.ndarray, covariances: np.ndarray) -> np.ndarray:
        """Of clusters with these weights (n,) and covariances (n, d, d) or variances (n, d)."""
        matrices, d = covariances.ndim == 3, covariances.shape[1]
        sizes = np.einsum("kii->k" if matrices else "ki->k", covariances) / d
        own = weights / (weights + self.pseudo_rows)
        held = (1.0 - own) * (sizes + self.apart)
        if self.spherical:
            return weights * d * np.log(own * sizes + held)
        if not matrices:
            return weights * np.log(own[:, None] * covariances + held[:, None]).sum(axis=1)
        held_up = own[:, None, None] * covariances + held[:, None, None] * np.eye(d)
        return weights * np.linalg.slogdet(held_up)[1]


def agglomerate(
    weights: np.ndarray, means: np.ndarray, covariances: np.ndarray, left: int, cost: ClusterCost
) -> np.ndarray:
    """The pairs (i, j) of clusters that become one, i, one after the other, until so many are left.

    Parameters
    ----------
    weights : ndarray of shape (n,)
    means : ndarray of shape (n, d)
    covariances : ndarray of shape (n, d, d) or (n, d)
        Variances where there are no matrices.
    left : int
    cost : ClusterCost
        The pair is merged that costs least, and the first of equals.

    Returns
    -------
    merges : ndarray of int64 of shape (n - left, 2)
    """
    weights, means, covariances, n = weights.copy(), means.copy(), covariances.copy(), len(weights)
    own, losses = cost.terms(weights, covariances), np.full((n, n), np.inf)

    def weigh(pairs: np.ndarray) -> None:
        merged_weights, _, merged = merged_pairs(weights, means, covariances, pairs)
        losses[tuple(pairs.T)] = cost.terms(merged_weights, merged) - own[pairs].sum(axis=1)

    weigh(np.stack(np.triu_indices(n, 1), axis=1))
    are_left, merges = np.ones(n, dtype=bool), np.empty((n - left, 2), dtype=np.int64)
    for merge in merges:
        merge[:] = i, j = divmod(int(np.argmin(losses)), n)
        merged = merged_pairs(weights, means, covariances, merge[None])
        weights[i], means[i], covariances[i] = (one[0] for one in merged)
        own[i] = cost.terms(weights[i : i + 1], covariances[i : i + 1])[0]
        losses[j], losses[:, j], are_left[j] = np.inf, np.inf, False
        others = np.setdiff1d(np.flatnonzero(are_left), np.array([i]))
        weigh(np.sort(np.stack([np.full(len(others), i), others], axis=1), axis=1))
    return merges
