"""The rows of a search: its folds, and what tells them from other rows."""

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.model_selection import KFold, check_cv

from softmix.blocks import Source
from softmix.fit.spread import measure_spread
from softmix.parameters import FactorShape
from softmix.sweep import ThreadSweep


def draw_folds(source: Source, cv: Any, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Row numbers to fit and to hold out, those of weight 0 left out.

    Raises
    ------
    ValueError
        If there are fewer than two rows for each fold.
    """
    weights = source.row_weights()
    counted = np.arange(source.n_rows) if weights is None else np.flatnonzero(weights)
    if not isinstance(cv, Integral):
        folds = check_cv(cv).split(np.arange(source.n_rows))
        return [(np.intersect1d(train, counted), np.intersect1d(test, counted)) for train, test in folds]
    n_folds = int(cv)
    if len(counted) < 2 * n_folds:
        raise ValueError(
            f"cv={cv} folds need at least {2 * n_folds} rows that count, and there are {len(counted)}. "
            "Lower cv, or take another criterion."
        )
    shuffled = KFold(n_folds, shuffle=True, random_state=seed).split(counted)
    return [(counted[train], counted[test]) for train, test in shuffled]


def fingerprint(source: Source, n_jobs: int) -> tuple[Any, ...]:
    """What tells these rows from others: how many, their weight, mean and covariance, to the bit."""
    with ThreadSweep(source, n_jobs) as sweep:
        spread = measure_spread(sweep, FactorShape.FULL)
    return source.n_rows, source.total_weight, spread.mean.tobytes(), spread.factor.tobytes()
