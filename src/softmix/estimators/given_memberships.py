"""Check `resp_init`, the labels or memberships that a fit begins with."""

from dataclasses import replace

import numpy as np
from sklearn.utils import check_array

from softmix.blocks import Source
from softmix.fit import Given

# Rows of memberships sum to one within this.
_ATOL = 1e-6


def with_resp(
    given: Given, resp_init: object, source: Source, n_components: int, *, noise: bool = False
) -> Given:
    """`given` with the validated `resp_init`, if any; with noise it may have a column for it, the last.

    Raises
    ------
    ValueError
        If the shape is not that of the rows, a label or membership is out of range, or a
        component has no row of positive weight; if all parameters are given too.
    """
    if resp_init is None:
        return given
    if not any(part is None for part in (given.weights, given.means, given.factors)):
        raise ValueError(
            "resp_init is given, but so are weights_init, means_init and precisions_init: nothing is left "
            "for it to say. Drop it, or one of them."
        )
    return replace(given, resp=_checked(resp_init, source, n_components, n_components + noise))


def _checked(given: object, source: Source, n_components: int, n_memberships: int) -> np.ndarray:
    """Labels (n,), int64, with -1 for a row that has none, or memberships (n, K), float64."""
    array = check_array(given, dtype=None, ensure_2d=False, ensure_min_samples=0, input_name="resp_init")
    n, K = source.n_rows, n_components
    if array.shape not in ((n,), (n, K), (n, n_memberships)):
        raise ValueError(
            f"resp_init has the shape {array.shape}. It holds labels, of shape {(n,)}, or memberships, of "
            f"shape {(n, K)}: one entry, or one of each of the n_components={K}, for each row."
        )
    resp = _labels(array, K) if array.ndim == 1 else _memberships(array)[:, :K]
    weights = source.row_weights()
    if resp.ndim == 1:
        labelled = resp >= 0
        counts = np.bincount(resp[labelled], None if weights is None else weights[labelled], minlength=K)
    else:
        counts = resp.sum(axis=0) if weights is None else weights @ resp
    if not counts.all():
        empty = ", ".join(map(str, np.flatnonzero(counts == 0)))
        raise ValueError(
            f"resp_init gives no row of positive weight to component {empty}. Give each of the "
            f"n_components={K} at least one row."
        )
    return resp


def _labels(array: np.ndarray, n_components: int) -> np.ndarray:
    try:
        values = array.astype(np.float64)
    except ValueError:
        raise ValueError(
            f"resp_init has labels of type {array.dtype}. Labels are the numbers of components, 0 to "
            f"{n_components - 1}, or -1 for a row that has none."
        ) from None
    wrong = (values != np.floor(values)) | (values < -1) | (values >= n_components)
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(
            f"resp_init[{row}] is {array[row]}. Labels are the numbers of components, 0 to "
            f"{n_components - 1}, or -1 for a row that has none."
        )
    return values.astype(np.int64)


def _memberships(array: np.ndarray) -> np.ndarray:
    resp = array.astype(np.float64)
    wrong = (resp < 0) | (resp > 1 + _ATOL)
    if wrong.any():
        row, component = divmod(int(wrong.argmax()), wrong.shape[1])
        raise ValueError(
            f"resp_init[{row}, {component}] is {resp[row, component]:g}. Memberships lie between 0 and 1."
        )
    sums = resp.sum(axis=1)
    wrong = (np.abs(sums - 1.0) > _ATOL) & (sums != 0.0)
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(
            f"resp_init[{row}] sums to {sums[row]:g}. The memberships of a row sum to 1, or are all 0 for a "
            "row that has none."
        )
    return resp
