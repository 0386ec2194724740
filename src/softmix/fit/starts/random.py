"""Start `random`: every row gets random memberships, as in scikit-learn."""

import numpy as np

from softmix.fit.starts.sample import Sample


def random(sample: Sample, n_components: int, rng: np.random.RandomState) -> np.ndarray:
    resp = rng.uniform(size=(len(sample.rows), n_components))
    return resp / resp.sum(axis=1, keepdims=True)
