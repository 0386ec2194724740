"""Where EM begins: each start gives memberships of a sample of rows, one file a start."""

from collections.abc import Callable

import numpy as np

from softmix.fit.starts.kmeans import kmeans
from softmix.fit.starts.kmeans_plusplus import kmeans_plusplus
from softmix.fit.starts.random import random
from softmix.fit.starts.random_from_data import random_from_data
from softmix.fit.starts.sample import Sample, draw_sample

Start = Callable[[Sample, int, np.random.RandomState], np.ndarray]

STARTS: dict[str, Start] = {
    "kmeans": kmeans,
    "k-means++": kmeans_plusplus,
    "random": random,
    "random_from_data": random_from_data,
}

__all__ = ["STARTS", "Sample", "Start", "draw_sample"]
