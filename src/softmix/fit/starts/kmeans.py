"""Start `kmeans`: the clusters of one k-means run, by scikit-learn, in whitened coordinates."""

import warnings

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from softmix.fit.starts.nearest import one_hot
from softmix.fit.starts.sample import Sample


def kmeans(sample: Sample, n_components: int, rng: np.random.RandomState) -> np.ndarray:
    with warnings.catch_warnings():
        # Fewer distinct rows than clusters: EM reports it better, as empty components.
        warnings.simplefilter("ignore", ConvergenceWarning)
        clustering = KMeans(n_components, n_init=1, random_state=rng, copy_x=False)
        labels = clustering.fit(sample.whitened.copy(), sample_weight=sample.weights).labels_
    return one_hot(labels, n_components)
