"""Weights of rows, as a source has them."""

from collections.abc import Callable

import numpy as np

from softmix.exceptions import TableError


def refuse_negative(values: np.ndarray, origin: str, name: str | int, place: Callable[[int], str]) -> None:
    """Raise a TableError at the first negative weight; `place` says where a position in `values` is."""
    if (negative := values < 0).any():
        row = int(negative.argmax())
        raise TableError(
            f"{origin}: column {name!r} (from weights=) is negative: {place(row)} has {values[row]:g}."
        )
