"""A source whose rows may lack values (NaN), in wide blocks whose rows are grouped by pattern.

What a pattern costs once a block is paid more seldom in wide blocks: each is a few blocks of the
source underneath. Blocks of an array are grouped once and kept, up to a bound; those of a stream
are grouped at each pass.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import islice

import numpy as np

from softmix.blocks.array import ArrayBlocks
from softmix.blocks.block import Block, block_rows
from softmix.blocks.patterns import PatternedRows, by_pattern
from softmix.blocks.source import NumberedBlocks, Source

# Blocks of the source in a wide one.
_WIDTH = 4
# Of an array so many bytes are kept grouped; the rest is grouped at each pass, with the same bits.
_KEPT_BYTES = 1 << 30


class IncompleteBlock(Block):
    """A block whose rows may lack values."""

    @cached_property
    def is_complete(self) -> bool:
        """Whether no value is missing in the rows that count."""
        rows, _ = self.counted()
        return not bool(np.isnan(rows).any())

    @cached_property
    def patterned(self) -> list[PatternedRows]:
        """The rows that count, grouped by pattern."""
        return by_pattern(*self.counted())


def array_blocks(
    rows: np.ndarray, weights: np.ndarray | None = None, feature_names: tuple[str, ...] | None = None
) -> "ArrayBlocks | IncompleteArray":
    """The blocks of an array of finite numbers and NaN, as a source of what it is."""
    blocks = ArrayBlocks(rows, weights, feature_names)
    return IncompleteArray(blocks) if len(rows) and np.isnan(rows.min()) else blocks


class Incomplete:
    """A `Source` of wide blocks over `base`, a source whose rows may have NaN."""

    def __init__(self, base: Source) -> None:
        self.base = base
        self.block_rows = _WIDTH * block_rows(base.n_features)

    @staticmethod
    def over(base: Source) -> "Incomplete":
        """The incomplete source over an array or a stream."""
        return IncompleteArray(base) if isinstance(base, ArrayBlocks) else Incomplete(base)

    @property
    def n_features(self) -> int:
        return self.base.n_features

    @property
    def dtype(self) -> np.dtype:
        return self.base.dtype

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        return self.base.feature_names

    @property
    def n_rows(self) -> int:
        return self.base.n_rows

    @property
    def total_weight(self) -> float:
        """Σ w, the number of rows where they have no weights."""
        return self.base.total_weight

    @contextmanager
    def blocks(self) -> Iterator[NumberedBlocks]:
        """A pass over all (number, wide block), in order."""
        with self.base.blocks() as blocks:
            yield self._joined(blocks)

    def take(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Rows and weights, or None, at ascending row numbers."""
        return self.base.take(indices)

    def row_weights(self) -> np.ndarray | None:
        """The weights of all rows."""
        return self.base.row_weights()

    def _joined(self, blocks: NumberedBlocks) -> NumberedBlocks:
        number = 0
        while group := [block for _, block in islice(blocks, _WIDTH)]:
            weights = [block.weights for block in group if block.weights is not None]
            rows = np.concatenate([block.rows for block in group])
            yield number, IncompleteBlock(rows, np.concatenate(weights) if weights else None)
            number += 1


class IncompleteArray(Incomplete):
    """The same over an array: its wide blocks can be had by number, in any order."""

    def __init__(self, base: ArrayBlocks) -> None:
        super().__init__(base)
        self._array = base
        self._kept: dict[int, IncompleteBlock] = {}
        block_bytes = self.block_rows * base.n_features * base.dtype.itemsize
        self._most_kept = _KEPT_BYTES // block_bytes

    def __len__(self) -> int:
        return -(-self.n_rows // self.block_rows)  # noqa: PLE0303 (rounded up, never negative)

    def __getitem__(self, number: int) -> IncompleteBlock:
        if not 0 <= number < len(self):
            raise IndexError(number)
        if number in self._kept:
            return self._kept[number]
        span = slice(number * self.block_rows, (number + 1) * self.block_rows)
        rows, weights = self._array.rows[span], self._array.weights
        block = IncompleteBlock(np.ascontiguousarray(rows), None if weights is None else weights[span])
        if number < self._most_kept:
            self._kept[number] = block
        return block

    @contextmanager
    def blocks(self) -> Iterator[NumberedBlocks]:
        """All (number, wide block) in order."""
        yield ((number, self[number]) for number in range(len(self)))
