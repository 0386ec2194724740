"""A spool: the rows of a reader in a temporary file, as a block has them, and read from there.

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

from softmix.blocks.stream import Chunk, Reader

_PIECE_BYTES = 1 << 20


class SpoolFile:
    """Rows as `reader` has them, and their weights if any, in files without names in `folder`.

    They are written a piece after another, then read as often as is wanted, by several threads at
    once too, and gone when nothing refers to this any more.
    """

    def __init__(self, reader: Reader, folder: Path) -> None:
        self._n_features, self._dtype = reader.n_features, reader.dtype
        self._step = max(_PIECE_BYTES // (self._n_features * self._dtype.itemsize), 1)
        self._rows = self._new(folder)
        self._weights = self._new(folder) if reader.weighted else None
        self.n_rows = 0

    def _new(self, folder: Path) -> FileIO:
        # Unbuffered, so that a disk that is full says so at once.
        file = TemporaryFile(prefix="softmix-", dir=folder, buffering=0)  # noqa: SIM115 (open as long as this is)
        weakref.finalize(self, file.close)
        return file

    def pieces(self, chunk: Chunk) -> Iterator[Chunk]:
        """The rows of `chunk` in arrays as they are to be written, each a megabyte or less."""
        for start in range(0, len(chunk), self._step):
            stop = min(start + self._step, len(chunk))
            rows = np.empty((stop - start, self._n_features), self._dtype)
            chunk.copy_to(rows, start)
            weights = chunk.weights
            yield Chunk(rows, None if weights is None else np.ascontiguousarray(weights[start:stop], float))

    def add(self, piece: Chunk) -> None:
        """Write one of the `pieces`."""
        _write(self._rows, np.asarray(piece.values))
        if self._weights is not None and piece.weights is not None:
            _write(self._weights, piece.weights)
        self.n_rows += len(piece)

    def chunks(self) -> Iterator[Chunk]:
        """All rows."""
        for start in range(0, self.n_rows, self._step):
            n = min(self._step, self.n_rows - start)
            rows = np.empty((n, self._n_features), self._dtype)
            _read_at(self._rows, start * self._n_features * self._dtype.itemsize, rows)
            yield Chunk(rows, self._weights_of(start, n))

    def _weights_of(self, start: int, n: int) -> np.ndarray | None:
        if self._weights is None:
            return None
        weights = np.empty(n)
        _read_at(self._weights, start * weights.itemsize, weights)
        return weights


class SpoolReader:
    """A `Reader` of what `reader` read in one pass, which is made at once."""

    def __init__(self, reader: Reader, folder: Path) -> None:
        self.n_features, self.dtype, self.weighted = reader.n_features, reader.dtype, reader.weighted
        self.feature_names = reader.feature_names
        self._file = SpoolFile(reader, folder)
        with reader.chunks() as chunks:
            for chunk in chunks:
                for piece in self._file.pieces(chunk):
                    self._file.add(piece)

    def count(self) -> int:
        return self._file.n_rows

    @contextmanager
    def chunks(self) -> Iterator[Iterator[Chunk]]:
        """All rows."""
        yield self._file.chunks()


def _write(file: FileIO, values: np.ndarray) -> None:
    left = values.data.cast("B")
    while left:
        left = left[file.write(left) :]


def _read_at(file: FileIO, begin: int, target: np.ndarray) -> None:
    """Fill `target` from byte `begin` on."""
    left = target.data.cast("B")
    while left:
        left = left[_read_some(file, begin + target.nbytes - len(left), left) :]


def _read_some(file: FileIO, begin: int, target: memoryview) -> int:
    if hasattr(os, "preadv"):
        # No position is shared: threads, and processes that fork made, may read at once.
        return os.preadv(file.fileno(), [target], begin)
    file.seek(begin)
    return file.readinto(target)
