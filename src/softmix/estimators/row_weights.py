"""Check `sample_weight` as the user gave it."""

from typing import Any

import numpy as np
from sklearn.utils.validation import _check_sample_weight


def row_weights(sample_weight: Any, X: np.ndarray) -> np.ndarray | None:
    """`sample_weight` as float64, or None where every row counts once.

    Raises
    ------
    ValueError
        If the weights are not one nonnegative finite number a row, or none is positive.
    """
    if sample_weight is None:
        return None
    weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    if not weights.any():
        raise ValueError("sample_weight is zero for every row: there is nothing to fit or score.")
    with np.errstate(over="ignore"):
        total = weights.sum()
    if not np.isfinite(total):
        raise ValueError("sample_weight sums to infinity: divide it by its largest value.")
    return weights
