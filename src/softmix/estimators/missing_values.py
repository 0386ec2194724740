"""Rows as the estimators take them where values may be missing: checked, counted, refused or let in."""

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from softmix.blocks import Source
from softmix.blocks.incomplete import array_blocks
from softmix.e_step import conditional_draws, conditional_means
from softmix.estimators.row_weights import row_weights
from softmix.parameters import GaussianParameters

_MOST_NAMED = 5


def validated(estimator: Any, X: Any, *, allow_nan: bool, **settings: Any) -> np.ndarray:
    """`X` as scikit-learn validates it; NaN only where `allow_nan`, and infinite values never.

    Raises
    ------
    ValueError
        Where NaN is not allowed: how many there are, in which columns, and what to do.
    """
    settings = {"dtype": [np.float64, np.float32], **settings}
    if allow_nan:
        return validate_data(estimator, X, ensure_all_finite="allow-nan", **settings)
    try:
        return validate_data(estimator, X, **settings)
    except ValueError as error:
        if "contains NaN" not in str(error):
            raise
        found = validate_data(estimator, X, ensure_all_finite="allow-nan", **settings)
        raise ValueError(_refusal(found, getattr(estimator, "feature_names_in_", None))) from None


def array_source(estimator: Any, X: np.ndarray, sample_weight: Any) -> Source:
    """The rows of `X`, with NaN or without."""
    names = getattr(estimator, "feature_names_in_", None)
    return array_blocks(X, row_weights(sample_weight, X), None if names is None else tuple(names))


def completed(
    parameters: GaussianParameters, source: Source, draws: int | None, rng: np.random.RandomState
) -> np.ndarray:
    """The rows with conditional means in place of missing values, (n, d), or with draws, (draws, n, d)."""
    if draws is not None and (not isinstance(draws, Integral) or draws < 1):
        raise ValueError(f"draws={draws!r} must be a whole number from 1 up, or None for conditional means.")
    out = np.empty((draws or 1, source.n_rows, source.n_features), source.dtype)
    start = 0
    with source.blocks() as blocks:
        for _, block in blocks:
            span = slice(start, start + len(block.rows))
            for one in out[:, span]:
                one[...] = (
                    conditional_means(parameters, block.rows)
                    if draws is None
                    else conditional_draws(parameters, block.rows, rng)
                )
            start = span.stop
    return out[0] if draws is None else out


def _refusal(X: np.ndarray, names: np.ndarray | None) -> str:
    counts = np.isnan(X).sum(axis=0)
    columns = np.flatnonzero(counts)
    said = [
        f"{counts[j]:,} in column {j if names is None else repr(str(names[j]))}"
        for j in columns[:_MOST_NAMED]
    ]
    more = f" and {len(columns) - _MOST_NAMED} more columns" if len(columns) > _MOST_NAMED else ""
    total = int(counts.sum())
    return (
        f"Input X contains NaN: {total:,} missing value{'' if total == 1 else 's'}, {', '.join(said)}{more}. "
        "missing='marginal' fits what is observed of every row; or remove those rows, or fill in the values."
    )
