"""A function that gives the rows anew at each call: arrays one after another, or an Arrow stream."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

import numpy as np

from softmix.blocks.array_reader import Arrays, Pieces
from softmix.exceptions import TableError


def called(make: Callable[[], Any]) -> Arrays:
    """The rows of the arrays that the iterables that `make` gives yield.

    Raises
    ------
    TableError
        If it yields nothing, or something else.
    """
    origin = f"function {getattr(make, '__qualname__', type(make).__qualname__)}"
    with closing(_arrays(make, origin)) as pieces:
        first = next(pieces, None)
    if first is None:
        raise TableError(f"{origin}: gave no arrays.")
    if first.ndim != 2:
        raise TableError(
            f"{origin}: gave an array of shape {first.shape}. Give arrays of shape (rows, columns)."
        )
    return Arrays(origin, first.shape[1], first.dtype, None, lambda: _arrays(make, origin))


def _arrays(make: Callable[[], Any], origin: str) -> Pieces:
    given = make()
    if isinstance(given, np.ndarray) or not hasattr(given, "__iter__"):
        raise TableError(
            f"{origin}: must give an iterable of arrays, such as a generator, anew at each call. Got "
            f"{type(given).__name__}."
        )
    for array in given:
        yield np.asarray(array)
