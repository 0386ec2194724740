"""Start `hierarchical`: model-based agglomeration, the clusters that classify best.

Beginning with Ward's small clusters, or with single rows where they are few, the pair is merged
that costs the classification likelihood least, until as many clusters as wanted are left:

    Σ_k n_k log |C_k|,   C_k = (W_k + m s_k I) / (n_k + m),   s_k = tr W_k / (n_k d) + s.

W_k is the scatter of cluster k: its matrix (VVV), its variances (VVI), or one variance (VII), as
the structure has them; covariances that are tied agglomerate as if they were free, as in mclust.
The trace term, m pseudo-rows as wide as the cluster is on average, keeps small clusters from being
singular; s is what rows close together are apart.

Banfield & Raftery (1993), "Model-based Gaussian and non-Gaussian clustering"; Fraley (1998),
"Algorithms for model-based Gaussian hierarchical clustering", for the trace term.
"""

from collections.abc import Sequence

import numpy as np

from softmix.fit.moves import Components
from softmix.fit.short_runs import ShortRuns
from softmix.fit.starts.found import Found
from softmix.fit.starts.nearest import one_hot
from softmix.fit.starts.sample import Sample
from softmix.fit.starts.seeds import join_nearest, spread_out_rows, ward_centers
from softmix.fit.starts.units import units_of
from softmix.kernels import ClusterCost, kernel
from softmix.parameters import FactorShape
from softmix.structures import Structure

# Rows that are agglomerated at most; small clusters that begin, at least for each one wanted, and at
# most where columns are few. All their pairs are weighed: with d columns a pair costs d³.
_ROWS, _PER_CLUSTER, _CLUSTERS, _FEW_COLUMNS = 4096, 3, 160, 6.0
# Pseudo-rows of a cluster (m), and the variance (s) of which rows close together are apart, as a share
# of what n rows spread evenly over the data's own would have. In trials on five of mclust's data sets
# with four structures and K of 2 to 5 these lost least.
_PSEUDO_ROWS, _APART = 4.0, 1.0


def hierarchical(
    sample: Sample, n_components: int, rng: np.random.RandomState, structure: Structure, share: float
) -> Found:
    """Memberships (n, K): hard, or, where only some of the rows were agglomerated, by one E-step."""
    found = min(n_components, len(sample.rows))
    in_units = units_of(sample, structure)
    few = sample.subset(_ROWS, rng)
    rows = in_units(few.rows)
    if found == 1 or rows.shape[1] == 0:
        return Found(one_hot(np.zeros(len(sample.rows), dtype=int), n_components), 1, 0)
    labels = hierarchy(rows, few.weights, [found], rng, structure)[found]
    if few is sample:
        return Found(one_hot(labels, n_components), 1, 0)
    parameters = ShortRuns(rows, few.weights, structure, share).from_labels(labels, found, _PSEUDO_ROWS)
    resp = np.zeros((len(sample.rows), n_components))
    all_rows = ShortRuns(in_units(sample.rows), sample.weights, structure, share)
    resp[:, :found], _ = all_rows.memberships(parameters)
    return Found(resp, 1, len(sample.rows))


def hierarchy(
    rows: np.ndarray,
    weights: np.ndarray,
    sizes: Sequence[int],
    rng: np.random.RandomState,
    structure: Structure,
) -> dict[int, np.ndarray]:
    """Labels (n,) of the rows at each of the `sizes`, all cuts of one agglomeration."""
    small = _small_clusters(rows, weights, max(sizes), rng)
    cuts = agglomerate(_moments(rows, weights, small, structure), sizes, structure)
    return {size: labels[small] for size, labels in cuts.items()}


def agglomerate(clusters: Components, sizes: Sequence[int], structure: Structure) -> dict[int, np.ndarray]:
    """For each of `clusters` (weights are counts of rows) its number when so many are left, by size."""
    n, (total, d) = len(clusters.weights), (clusters.weights.sum(), clusters.means.shape[1])
    cost = ClusterCost(structure.shape is FactorShape.SCALAR, _PSEUDO_ROWS, _APART * total ** (-2.0 / d))
    merges = kernel().agglomerate(clusters.weights, clusters.means, clusters.covariances, min(sizes), cost)
    joined = np.arange(n)
    cuts = {n: joined.copy()} if n in sizes else {}
    for left, (i, j) in zip(range(n - 1, min(sizes) - 1, -1), merges.tolist(), strict=True):
        joined[joined == j] = i
        if left in sizes:
            cuts[left] = np.unique(joined, return_inverse=True)[1]
    return cuts


def _small_clusters(
    rows: np.ndarray, weights: np.ndarray, wanted: int, rng: np.random.RandomState
) -> np.ndarray:
    """Labels (n,) of the clusters that agglomeration begins with."""
    n, d = rows.shape
    affordable = _CLUSTERS * min(1.0, (_FEW_COLUMNS / d) ** 1.5)
    n_clusters = int(max(affordable, _PER_CLUSTER * wanted))
    if n <= n_clusters:
        return np.arange(n)
    labels = join_nearest(rows, ward_centers(rows, n_clusters, rng))
    if len(np.unique(labels)) < wanted:  # rows on a grid: ties leave Ward few
        labels = join_nearest(rows, spread_out_rows(rows, weights, n_clusters, rng))
    return np.unique(labels, return_inverse=True)[1]


def _moments(rows: np.ndarray, weights: np.ndarray, labels: np.ndarray, structure: Structure) -> Components:
    """The weight, mean and covariance of each label's rows."""
    members = one_hot(labels, labels.max() + 1) * weights[:, None]
    counts = members.sum(axis=0)
    means = members.T @ rows / counts[:, None]
    y = rows - means[labels]
    if not structure.shape.is_matrix:
        return Components(counts, means, members.T @ (y * y) / counts[:, None])
    n, d = rows.shape
    products = (y[:, :, None] * y[:, None, :]).reshape(n, d * d)
    return Components(counts, means, (members.T @ products / counts[:, None]).reshape(-1, d, d))
