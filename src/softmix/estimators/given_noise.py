"""Check `noise` as the user wrote it."""

from numbers import Real
from typing import Any

import numpy as np

from softmix.blocks import Source
from softmix.fit import NoiseRequest


def asks_noise(noise: Any) -> bool:
    """Whether `noise` is anything but None or False."""
    return noise is not None and (np.ndim(noise) > 0 or bool(noise))


def refuse_noise_beside_missing(noise: Any, missing: str | None) -> None:
    """Raise a ValueError if both are asked for."""
    if missing is not None and asks_noise(noise):
        raise ValueError(
            f"noise={noise!r} and missing={missing!r} do not go together: noise takes complete rows only. "
            "Drop one of them."
        )


def check_noise(noise: Any, source: Source, n_components: int, resp_init: Any) -> NoiseRequest | None:
    """The noise that is asked for: None or False for none, True, a share, or a mask of rows.

    Raises
    ------
    ValueError
        If a mask is not one boolean a row, marks no row, or leaves fewer than `n_components`; if a
        share leaves as few; if `resp_init` is given besides a mask or a share.
    """
    if not asks_noise(noise):
        return None
    if noise is True or isinstance(noise, np.bool_):
        return NoiseRequest(guessed=True)
    if resp_init is not None:
        raise ValueError(
            "noise says which rows begin as noise, and so does resp_init. Set noise=True: rows that "
            "resp_init labels -1 then begin as noise."
        )
    weights = source.row_weights()
    counted = np.ones(source.n_rows, dtype=bool) if weights is None else weights > 0
    if isinstance(noise, Real):
        _check_left((1.0 - float(noise)) * counted.sum(), n_components, f"noise={noise:g}")
        return NoiseRequest(share=float(noise))
    mask = _mask(noise, source.n_rows)
    if not (mask & counted).any():
        raise ValueError("noise marks no row of positive weight. Mark some, or set noise=True to guess them.")
    _check_left(float((counted & ~mask).sum()), n_components, "noise")
    return NoiseRequest(mask=mask)


def _mask(noise: Any, n_rows: int) -> np.ndarray:
    mask = np.asarray(noise)
    if mask.dtype != bool or mask.shape != (n_rows,):
        raise ValueError(
            f"noise must be True, a share between 0 and 1, or a mask: one boolean for each of the {n_rows} "
            f"rows. Got an array of {mask.dtype} of shape {mask.shape}. Of row numbers, "
            "np.isin(np.arange(len(X)), numbers) makes a mask."
        )
    return mask


def _check_left(n_left: float, n_components: int, what: str) -> None:
    if n_left < n_components:
        raise ValueError(
            f"{what} leaves {n_left:g} rows that are no noise, fewer than n_components={n_components}."
        )
