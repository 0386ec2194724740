"""Seeds of clusters: the centres of Ward's clusters of a few rows, and spread-out rows."""

import numpy as np

# Ward's clustering looks at every pair of rows.
_WARD_ROWS, _WARD_ROWS_PER_CLUSTER = 300, 8
# Of so many rows drawn, the one that leaves the others nearest to a seed is the next seed.
_TRIALS = 3


def ward_centers(rows: np.ndarray, n_clusters: int, rng: np.random.RandomState) -> np.ndarray:
    """Centres of Ward's clusters of at most some hundreds of rows; at most `n_clusters` of them.

    Ward (1963), by SciPy.
    """
    from scipy.cluster.hierarchy import fcluster, ward  # noqa: PLC0415 (slow to load; most imports never fit)

    wanted = max(_WARD_ROWS, _WARD_ROWS_PER_CLUSTER * n_clusters)
    if len(rows) > wanted:
        rows = rows[np.sort(rng.choice(len(rows), wanted, replace=False))]
    labels = fcluster(ward(rows), n_clusters, "maxclust") - 1
    members = np.eye(labels.max() + 1)[labels]
    return members.T @ rows / members.sum(axis=0)[:, None]


def join_nearest(rows: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """The number of the nearest centre for each row, (n,)."""
    return np.argmin((centers**2).sum(axis=1) - 2.0 * rows @ centers.T, axis=1)


def spread_out_rows(
    rows: np.ndarray, weights: np.ndarray, n_seeds: int, rng: np.random.RandomState
) -> np.ndarray:
    """`n_seeds` of the rows, each drawn by its squared distance from those before.

    Arthur & Vassilvitskii (2007), with the best of a few draws.
    """
    seeds = np.empty((n_seeds, rows.shape[1]))
    nearest = np.full(len(rows), np.inf)
    chances, norms = weights, np.einsum("ij,ij->i", rows, rows)
    for seed in range(n_seeds):
        drawn = np.searchsorted(np.cumsum(chances), rng.uniform(size=_TRIALS) * chances.sum())
        drawn = np.minimum(drawn, len(rows) - 1)
        squared = norms + (norms[drawn, None] - 2.0 * rows[drawn] @ rows.T)
        np.clip(squared, 0.0, nearest, out=squared)
        best = int(np.argmin(squared @ weights))
        seeds[seed], nearest = rows[drawn[best]], squared[best]
        chances = weights * nearest if nearest.any() else weights
    return seeds
