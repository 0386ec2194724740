"""Blocks of rows that are read anew at each pass: chunks of any length in, blocks out.

What is read is cut at the rows where `block_rows` cuts an array, so that a stream gives the bits
of the array. At any time there are one chunk and one block of it in memory.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from math import fsum
from typing import Any, Protocol

import numpy as np

from softmix.blocks.block import Block, block_rows
from softmix.blocks.source import NumberedBlocks
from softmix.kernels import kernel


@dataclass(frozen=True, eq=False)
class Chunk:
    """Consecutive rows as they were read, and their weights if any.

    Parameters
    ----------
    values : ndarray of shape (m, d), or d arrays of shape (m,)
    weights : ndarray of shape (m,) or None
    carried : pyarrow.RecordBatch or None
        Columns that only pass through, where they are asked for.
    """

    values: np.ndarray | Sequence[np.ndarray]
    weights: np.ndarray | None
    carried: Any = None

    def __len__(self) -> int:
        return len(self.values if isinstance(self.values, np.ndarray) else self.values[0])

    def copy_to(self, target: np.ndarray, start: int) -> None:
        """Fill `target` (rows, d) with the rows from `start` on."""
        if isinstance(self.values, np.ndarray):
            target[...] = self.values[start : start + len(target)]
        else:
            kernel().interleave(self.values, start, target)


class Reader(Protocol):
    """What is read: its columns are known before its rows are."""

    @property
    def n_features(self) -> int: ...

    @property
    def dtype(self) -> np.dtype: ...

    @property
    def feature_names(self) -> tuple[str, ...] | None: ...

    @property
    def weighted(self) -> bool: ...

    def count(self) -> int | None:
        """The number of rows where it costs little to say, else None."""

    def chunks(self) -> AbstractContextManager[Iterator[Chunk]]:
        """All rows, in the same order each time, checked to be finite."""


class StreamBlocks:
    """The rows of a `Reader` as a `Source`."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._step = block_rows(reader.n_features)
        self._n_rows = reader.count()
        self._total_weight: float | None = None

    @property
    def n_features(self) -> int:
        return self.reader.n_features

    @property
    def dtype(self) -> np.dtype:
        return self.reader.dtype

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        return self.reader.feature_names

    @property
    def n_rows(self) -> int:
        """Known after the first complete pass; asked before, it makes one to count."""
        if self._n_rows is None:
            self._n_rows, self._total_weight = self._count()
        return self._n_rows

    @property
    def total_weight(self) -> float:
        """Σ w, the number of rows where they have no weights; a complete pass, or `n_rows`, says it."""
        if not self.reader.weighted:
            return float(self.n_rows)
        if self._total_weight is None:
            self._n_rows, self._total_weight = self._count()
        return self._total_weight

    @contextmanager
    def blocks(self) -> Iterator[NumberedBlocks]:
        """A pass over all (number, block), in order."""
        with self.reader.chunks() as chunks:
            yield self._numbered(chunks)

    def take(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Rows and weights, or None, at ascending row numbers, in a pass that ends with the last."""
        rows = np.empty((len(indices), self.n_features), self.dtype)
        weights = np.empty(len(indices)) if self.reader.weighted else None
        filled = 0
        with self.blocks() as blocks:
            while filled < len(indices):
                number, block = next(blocks)
                start = number * self._step
                stop = filled + int(np.searchsorted(indices[filled:], start + len(block.rows)))
                chosen = indices[filled:stop] - start
                rows[filled:stop] = block.rows[chosen]
                if weights is not None and block.weights is not None:
                    weights[filled:stop] = block.weights[chosen]
                filled = stop
        return rows, weights

    def row_weights(self) -> np.ndarray | None:
        """The weights of all rows, by a pass; the caller alone keeps them."""
        if not self.reader.weighted:
            return None
        weights, start = np.empty(self.n_rows), 0
        with self.blocks() as blocks:
            for _, block in blocks:
                weights[start : start + len(block.rows)] = block.weights
                start += len(block.rows)
        return weights

    def _numbered(self, chunks: Iterator[Chunk]) -> NumberedBlocks:
        n_rows, totals = 0, []
        for number, block in enumerate(self._cut(chunks)):
            n_rows += len(block.rows)
            if self._n_rows is not None and n_rows > self._n_rows:
                raise self._changed(n_rows)
            totals.append(block.total_weight)
            yield number, block
        if self._n_rows is not None and n_rows != self._n_rows:
            raise self._changed(n_rows)
        self._n_rows, self._total_weight = n_rows, fsum(totals)

    def _cut(self, chunks: Iterator[Chunk]) -> Iterator[Block]:
        block, filled = self._new_block(), 0
        carried: list[Any] = []
        for chunk in chunks:
            start, length = 0, len(chunk)
            while start < length:
                taken = min(length - start, self._step - filled)
                part = slice(filled, filled + taken)
                chunk.copy_to(block.rows[part], start)
                if block.weights is not None and chunk.weights is not None:
                    block.weights[part] = chunk.weights[start : start + taken]
                if chunk.carried is not None:
                    carried.append(chunk.carried.slice(start, taken))
                start, filled = start + taken, filled + taken
                if filled == self._step:
                    yield replace(block, carried=carried)
                    block, filled, carried = self._new_block(), 0, []
        if filled:
            weights = None if block.weights is None else block.weights[:filled]
            yield Block(block.rows[:filled], weights, carried)

    def _new_block(self) -> Block:
        rows = np.empty((self._step, self.n_features), self.dtype)
        return Block(rows, np.empty(self._step) if self.reader.weighted else None)

    def _count(self) -> tuple[int, float]:
        with self.blocks() as blocks:
            sizes = [(len(block.rows), block.total_weight) for _, block in blocks]
        return sum(n_rows for n_rows, _ in sizes), fsum(weight for _, weight in sizes)

    def _changed(self, found: int) -> ValueError:
        return ValueError(
            f"The rows changed between two passes: there were {self._n_rows:,}, and now {found:,} or more. "
            "Every pass must give the same rows in the same order."
        )
