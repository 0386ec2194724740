"""Blocks of an in-memory (or memory-mapped) array: views, never a copy of the whole.

The number of rows of a block depends on the number of columns alone, never on the number of
workers: that is what makes a fit's bits independent of who does the work.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

_BLOCK_ELEMENTS = 1 << 16
_MIN_ROWS, _MAX_ROWS = 1024, 16384


@dataclass(frozen=True, eq=False)
class Block:
    """Consecutive rows, C-contiguous, in float64 or float32, and their weights if any."""

    rows: np.ndarray
    weights: np.ndarray | None

    def counted(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Rows and weights without the rows of weight 0, which may be anything, even huge."""
        if self.weights is None or self.weights.all():
            return self.rows, self.weights
        kept = np.flatnonzero(self.weights)
        return self.rows[kept], self.weights[kept]


def block_rows(n_features: int) -> int:
    """Rows in a block: about half a megabyte of float64, within 1,024 and 16,384 rows."""
    return min(max(_BLOCK_ELEMENTS // n_features, _MIN_ROWS), _MAX_ROWS)


class ArrayBlocks:
    """A two-dimensional array, and optional row weights, seen as a sequence of blocks.

    Parameters
    ----------
    rows : ndarray of shape (n, d), float64 or float32
        Any strides; a block is copied to C order only where the array is not.
    weights : ndarray of shape (n,) or None
        Nonnegative row weights, float64.
    """

    def __init__(self, rows: np.ndarray, weights: np.ndarray | None = None) -> None:
        self.rows = rows
        self.weights = weights
        self._step = block_rows(rows.shape[1])

    @property
    def n_rows(self) -> int:
        return self.rows.shape[0]

    @property
    def n_features(self) -> int:
        return self.rows.shape[1]

    @property
    def dtype(self) -> np.dtype:
        return self.rows.dtype

    @property
    def total_weight(self) -> float:
        """Σ w, the number of rows where they have no weights."""
        return float(self.n_rows if self.weights is None else self.weights.sum())

    def __len__(self) -> int:
        return -(-self.n_rows // self._step)  # noqa: PLE0303 (rounded up, never negative)

    def span(self, number: int) -> slice:
        """The rows of block `number`."""
        return slice(number * self._step, min((number + 1) * self._step, self.n_rows))

    def __getitem__(self, number: int) -> Block:
        if not 0 <= number < len(self):
            raise IndexError(number)
        span = self.span(number)
        rows = np.ascontiguousarray(self.rows[span])
        return Block(rows, None if self.weights is None else self.weights[span])

    def __iter__(self) -> Iterator[Block]:
        return (self[number] for number in range(len(self)))
