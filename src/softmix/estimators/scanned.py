"""A scan as the estimators take it: its columns and weights checked, and remembered."""

from typing import Any

import numpy as np

from softmix.blocks import Incomplete, Source
from softmix.blocks.scan import Scan

_MAX_NAMED = 5


def scan_to_fit(estimator: Any, scan: Scan, sample_weight: Any) -> Source:
    """The rows of `scan`; `estimator` remembers how many columns there are, and their names.

    Raises
    ------
    ValueError
        If there are fewer rows than components.
    """
    source = _checked(scan, sample_weight, allow_nan=estimator.missing is not None)
    _remember_columns(estimator, scan)
    weights = source.row_weights()
    n_counted = source.n_rows if weights is None else int(np.count_nonzero(weights))
    if source.n_rows < 2:
        raise ValueError(f"{scan}: found {source.n_rows} row(s), while a minimum of 2 is required.")
    if n_counted < estimator.n_components:
        raise ValueError(
            f"Expected n_samples >= n_components but got n_components = {estimator.n_components}, "
            f"n_samples = {n_counted}" + ("" if weights is None else " with positive weight")
        )
    return source


def scan_to_learn(estimator: Any, scan: Scan, sample_weight: Any, *, first: bool) -> Source:
    """The rows of `scan`, to be read once: nothing is asked of them that would take a pass."""
    _refuse_weights(sample_weight)
    if first:
        _remember_columns(estimator, scan)
    else:
        check_columns(estimator, scan)
    return scan.source if estimator.missing is None else scan.with_missing.source


def scan_to_score(estimator: Any, scan: Scan, sample_weight: Any, *, allow_nan: bool) -> Source:
    """The rows of `scan`, whose columns are those that `estimator` was fitted to."""
    check_columns(estimator, scan)
    return _checked(scan, sample_weight, allow_nan=allow_nan)


def check_columns(estimator: Any, scan: Scan) -> None:
    """Raise a ValueError if the columns of `scan` are not those that `estimator` was fitted to."""
    fitted = getattr(estimator, "feature_names_in_", None)
    names = None if fitted is None else tuple(fitted)
    if names is not None and scan.feature_names is not None and names != scan.feature_names:
        raise ValueError(
            "The feature names should match those that were passed during fit. The fit had "
            f"{_begin(names)}, and this is a {scan}. Choose them with columns=list(model.feature_names_in_)."
        )
    gathered = not hasattr(estimator, "means_")  # by partial_fit, which has not begun
    expected = estimator.n_features_in_ if gathered else np.shape(estimator.means_)[-1]
    if scan.n_features != expected:
        raise ValueError(
            f"{scan} has {scan.n_features} features, but {type(estimator).__name__} is expecting {expected} "
            "features as input."
        )


def _remember_columns(estimator: Any, scan: Scan) -> None:
    estimator.n_features_in_ = scan.n_features
    if scan.feature_names is not None:
        estimator.feature_names_in_ = np.asarray(scan.feature_names, dtype=object)
    else:
        estimator.__dict__.pop("feature_names_in_", None)


def _refuse_weights(sample_weight: Any) -> None:
    if sample_weight is not None:
        raise ValueError(
            "sample_weight goes with arrays. A scan has a column of weights: scan(..., weights=)."
        )


def _checked(scan: Scan, sample_weight: Any, *, allow_nan: bool) -> Source:
    _refuse_weights(sample_weight)
    source = scan.with_missing.source if allow_nan else scan.source
    if scan.weighted:
        _check_sum(source)
    return Incomplete.over(source) if allow_nan else source


def _check_sum(source: Source) -> None:
    try:
        with np.errstate(over="ignore"):
            total = source.total_weight
    except OverflowError:  # an exact sum says so
        total = np.inf
    if total == 0:
        raise ValueError("The weights of the scan are zero for every row: there is nothing to fit or score.")
    if not np.isfinite(total):
        raise ValueError("The weights of the scan sum to infinity: divide them by the largest.")


def _begin(names: tuple[str, ...]) -> str:
    return ", ".join(map(repr, names[:_MAX_NAMED])) + (", …" if len(names) > _MAX_NAMED else "")
