"""A spool: the blocks of a stream in a temporary file, and read from there.

Reading is then a copy, without decoding, parsing or asking a database, and the rows are the same at
every pass whatever their source does. It costs 4 or 8 bytes a value of disk.
"""

import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np

from softmix.blocks.block import Block, block_rows
from softmix.blocks.source import NumberedBlocks
from softmix.blocks.stream import Reader, StreamBlocks


class SpoolFile:
    """Blocks of the rows that `reader` reads, in files without names in `folder`.

    They are added in order, then read as often as is wanted, by several threads at once too, and
    gone when nothing refers to this any more.
    """

    def __init__(self, reader: Reader, folder: Path) -> None:
        self._n_features, self._dtype = reader.n_features, reader.dtype
        self._step = block_rows(self._n_features)
        self._rows = self._new(folder)
        self._weights = self._new(folder) if reader.weighted else None
        self._n_rows = 0

    def _new(self, folder: Path) -> FileIO:
        # Unbuffered, so that a disk that is full says so at once.
        file = TemporaryFile(prefix="softmix-", dir=folder, buffering=0)  # noqa: SIM115 (open as long as this is)
        weakref.finalize(self, file.close)
        return file

    def add(self, block: Block) -> None:
        """Write the next block."""
        _write(self._rows, block.rows)
        if self._weights is not None and block.weights is not None:
            _write(self._weights, block.weights)
        self._n_rows += len(block.rows)

    def blocks(self) -> NumberedBlocks:
        """All (number, block), in order."""
        for number, start in enumerate(range(0, self._n_rows, self._step)):
            n = min(self._step, self._n_rows - start)
            rows = _read(self._rows, start, np.empty((n, self._n_features), self._dtype))
            weights = None if self._weights is None else _read(self._weights, start, np.empty(n))
            yield number, Block(rows, weights)


class SpooledBlocks(StreamBlocks):
    """The rows that `reader` read in one pass, which is made at once, as a `Source`."""

    def __init__(self, reader: Reader, folder: Path) -> None:
        super().__init__(reader)
        self._file = SpoolFile(reader, folder)
        with super().blocks() as numbered:
            for _, block in numbered:
                self._file.add(block)

    @contextmanager
    def blocks(self) -> Iterator[NumberedBlocks]:
        """A pass over all (number, block), in order."""
        yield self._file.blocks()


def _write(file: FileIO, values: np.ndarray) -> None:
    left = values.data.cast("B")
    while left:
        left = left[file.write(left) :]


def _read(file: FileIO, first: int, target: np.ndarray) -> np.ndarray:
    """`target`, filled with as many rows from number `first` on."""
    begin, left = first * target[:1].nbytes, target.data.cast("B")
    while left:
        left = left[_read_some(file, begin + target.nbytes - len(left), left) :]
    return target


def _read_some(file: FileIO, begin: int, target: memoryview) -> int:
    if hasattr(os, "preadv"):
        # No position is shared: threads, and processes that fork made, may read at once.
        return os.preadv(file.fileno(), [target], begin)
    file.seek(begin)
    return file.readinto(target)
