"""Start `random_from_data`: random rows are the centres, and every row joins the nearest.

scikit-learn gives each component its one row and no other, and so begins with covariances of
pure regularisation; here the drawn rows are the same kind of seed with a covariance that fits.
"""

import numpy as np

from softmix.fit.starts.nearest import nearest
from softmix.fit.starts.sample import Sample


def random_from_data(sample: Sample, n_components: int, rng: np.random.RandomState) -> np.ndarray:
    share = sample.weights / sample.weights.sum()
    chosen = rng.choice(len(share), min(n_components, len(share)), replace=False, p=share)
    return nearest(sample.whitened, sample.whitened[chosen], n_components)
