"""Start `k-means++`: spread-out rows are the centres, and every row joins the nearest.

Arthur & Vassilvitskii (2007), by scikit-learn, in whitened coordinates.
"""

import numpy as np

from softmix.fit.starts.nearest import nearest
from softmix.fit.starts.sample import Sample


def kmeans_plusplus(sample: Sample, n_components: int, rng: np.random.RandomState) -> np.ndarray:
    from sklearn.cluster import kmeans_plusplus as seed  # noqa: PLC0415 (slow to load; most imports never fit)

    n_seeds = min(n_components, len(sample.rows))
    centers, _ = seed(sample.whitened, n_seeds, sample_weight=sample.weights, random_state=rng)
    return nearest(sample.whitened, centers, n_components)
