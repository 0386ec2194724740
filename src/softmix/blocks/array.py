"""Blocks of an in-memory (or memory-mapped) array: views, never a copy of the whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import fsum

import numpy as np

from softmix.blocks.block import Block, block_rows
from softmix.blocks.source import NumberedBlocks


class ArrayBlocks:
    """A two-dimensional array, and optional row weights, seen as a sequence of blocks.

    A `Source` whose blocks can also be had by number, in any order.

    Parameters
    ----------
    rows : ndarray of shape (n, d), float64 or float32
        Any strides; a block is copied to C order only where the array is not.
    weights : ndarray of shape (n,) or None
        Nonnegative row weights, float64.
    feature_names : tuple of str or None
    """

    def __init__(
        self,
        rows: np.ndarray,
        weights: np.ndarray | None = None,
        feature_names: tuple[str, ...] | None = None,
    ) -> None:
        self.rows = rows
        self.weights = weights
        self.feature_names = feature_names
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
        if self.weights is None:
            return float(self.n_rows)
        # Of blocks, and exact, so that a stream of the same rows has the same bits.
        return fsum(float(self.weights[self.span(number)].sum()) for number in range(len(self)))

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

    @contextmanager
    def blocks(self) -> Iterator[NumberedBlocks]:
        """All (number, block) in order."""
        yield ((number, self[number]) for number in range(len(self)))

    def take(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Rows and weights, or None, at these row numbers."""
        return self.rows[indices], None if self.weights is None else self.weights[indices]

    def row_weights(self) -> np.ndarray | None:
        """The weights as they were given."""
        return self.weights
