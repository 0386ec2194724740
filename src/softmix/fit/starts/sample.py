"""The rows that a start looks at: a bounded sample, in whitened coordinates."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils.random import sample_without_replacement

from softmix.blocks import ArrayBlocks
from softmix.fit.spread import Spread

_MAX_ELEMENTS, _MIN_ROWS, _MAX_ROWS, _ROWS_PER_COMPONENT = 1 << 18, 4096, 1 << 15, 64


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows as they are, the same rows whitened, and their weights (all positive) if any."""

    rows: np.ndarray
    whitened: np.ndarray
    weights: np.ndarray | None


def draw_sample(
    source: ArrayBlocks, spread: Spread, n_components: int, rng: np.random.RandomState
) -> Sample:
    """All rows of positive weight where they are few, else a simple random sample of them."""
    wanted = max(min(_MAX_ELEMENTS // source.n_features, _MAX_ROWS), _MIN_ROWS)
    wanted = max(wanted, _ROWS_PER_COMPONENT * n_components)
    rows, weights = source.rows, source.weights
    if weights is not None and not weights.all():
        candidates = np.flatnonzero(weights)
        if len(candidates) > wanted:
            chosen = sample_without_replacement(len(candidates), wanted, random_state=rng)
            candidates = candidates[np.sort(chosen)]
        rows, weights = rows[candidates], weights[candidates]
    elif len(rows) > wanted:
        chosen = np.sort(sample_without_replacement(len(rows), wanted, random_state=rng))
        rows, weights = rows[chosen], None if weights is None else weights[chosen]
    return Sample(rows, spread.whiten(rows), weights)
