"""Rows, and one who interrupts, for the tests of searches."""

import numpy as np

FOUR = ["full", "tied", "diag", "spherical"]


def three_clusters(n=300, seed=0):
    rng = np.random.default_rng(seed)
    means = np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 7.0]])
    return means[np.arange(n) % 3] + rng.standard_normal((n, 2)) * [1.0, 0.3]


class Interrupting:
    """Ctrl-C after some models."""

    def __init__(self, after):
        self.after = after

    def __call__(self, record, n_done, n_models):
        if n_done == self.after:
            raise KeyboardInterrupt
