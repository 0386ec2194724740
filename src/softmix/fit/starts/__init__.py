"""Where EM begins: each start gives memberships of a sample of rows, one file a start."""

from collections.abc import Callable

import numpy as np

from softmix.fit.starts.auto import auto
from softmix.fit.starts.found import Found
from softmix.fit.starts.hierarchical import hierarchical
from softmix.fit.starts.kmeans import kmeans
from softmix.fit.starts.kmeans_plusplus import kmeans_plusplus
from softmix.fit.starts.random import random
from softmix.fit.starts.random_from_data import random_from_data
from softmix.fit.starts.sample import Sample, draw_sample, rows_to_draw, sample_size
from softmix.structures import Structure

# (sample, number of components, random state) -> memberships; they know no covariance structure.
CLUSTERINGS: dict[str, Callable[[Sample, int, np.random.RandomState], np.ndarray]] = {
    "kmeans": kmeans,
    "k-means++": kmeans_plusplus,
    "random": random,
    "random_from_data": random_from_data,
}
# The same, with a structure and the floor's share: they run EM on the sample.
SEARCHES: dict[str, Callable[[Sample, int, np.random.RandomState, Structure, float], Found]] = {
    "auto": auto,
    "hierarchical": hierarchical,
}

__all__ = ["CLUSTERINGS", "SEARCHES", "Found", "Sample", "draw_sample", "rows_to_draw", "sample_size"]
