"""What the sweeps ask of a source of rows, wherever its rows are.

A source is the same rows in the same order at every pass. Block `number` holds the rows from
``number · block_rows(n_features)`` on, as many as `block_rows` says but in the last block, so
that the same rows give the same bits from every source.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np

from softmix.blocks.block import Block

NumberedBlocks = Iterator[tuple[int, Block]]


class Source(Protocol):
    """Rows, with weights or without, that can be passed over as often as is wanted."""

    @property
    def n_features(self) -> int: ...

    @property
    def dtype(self) -> np.dtype:
        """Of every block's rows: float64 or float32."""

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        """The columns' names, where the source knows them."""

    @property
    def n_rows(self) -> int:
        """A stream knows it after its first complete pass; asked before, it makes one to count."""

    @property
    def total_weight(self) -> float:
        """Σ w, the number of rows where they have no weights; known when `n_rows` is."""

    def blocks(self) -> AbstractContextManager[NumberedBlocks]:
        """A pass: all (number, block) in order. Leaving the context closes what it opened."""

    def take(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Rows (m, d) and weights (m,), or None, at ascending row numbers.

        An array indexes; a stream passes over the rows once and stops after the last.
        """

    def row_weights(self) -> np.ndarray | None:
        """The weights of all rows in one vector, float64: 8 bytes a row while it is kept."""
