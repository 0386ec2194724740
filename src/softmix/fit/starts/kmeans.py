"""Start `kmeans`: the best clusters of a few runs of k-means, by scikit-learn, in whitened coordinates."""

import numpy as np

from softmix.fit.starts.nearest import one_hot
from softmix.fit.starts.sample import Sample

# Whitened clusters are less round than wide: one run ends in a poor optimum too often, above all
# with few rows, where runs cost least.
_MIN_RUNS, _MAX_RUNS, _ROWS_TO_TRY = 4, 40, 1024
# EM finishes what k-means begins.
_ITERATIONS = 20


def kmeans(sample: Sample, n_components: int, rng: np.random.RandomState) -> np.ndarray:
    from sklearn.cluster import KMeans  # noqa: PLC0415 (slow to load; most imports never fit)

    n_rows = len(sample.rows)
    runs = min(max(_ROWS_TO_TRY // n_rows, _MIN_RUNS), _MAX_RUNS)
    clustering = KMeans(min(n_components, n_rows), n_init=runs, max_iter=_ITERATIONS, random_state=rng)
    labels = clustering.fit(sample.whitened, sample_weight=sample.weights).labels_
    return one_hot(labels, n_components)
