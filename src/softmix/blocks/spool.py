"""A spool: the rows of a reader in a temporary file, as a block has them, and read from there.

Reading is then a copy, without decoding, parsing or asking a database, and the rows are the same at
every pass whatever their source does. It costs 4 or 8 bytes a value of disk.
"""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from os import W_OK, PathLike, access, environ
from tempfile import TemporaryFile

import numpy as np

from softmix.blocks.stream import Chunk, Reader

_READ_BYTES = 1 << 20
_ON_DISK = "/var/tmp"  # noqa: S108 (the file has no name that anyone could take)


class SpoolReader:
    """A `Reader` of what `reader` read in one pass, which is made at once.

    Parameters
    ----------
    reader : Reader
    folder : path or None
        Where the file is, which has no name and goes with the reader; None for TMPDIR, else /var/tmp,
        which, unlike /tmp, is not in memory anywhere, else the system's place for such files.
    """

    def __init__(self, reader: Reader, folder: str | PathLike[str] | None = None) -> None:
        self.n_features, self.dtype, self.weighted = reader.n_features, reader.dtype, reader.weighted
        self.feature_names = reader.feature_names
        folder = folder or environ.get("TMPDIR") or (_ON_DISK if access(_ON_DISK, W_OK) else None)
        self._rows = TemporaryFile(prefix="softmix-", dir=folder)  # noqa: SIM115 (open as long as this is)
        self._weights = TemporaryFile(prefix="softmix-", dir=folder)  # noqa: SIM115
        self._n_rows = 0
        with reader.chunks() as chunks:
            for chunk in chunks:
                self._add(chunk)

    def count(self) -> int:
        return self._n_rows

    @contextmanager
    def chunks(self) -> Iterator[Iterator[Chunk]]:
        """All rows."""
        with closing(self._chunks()) as chunks:
            yield chunks

    def _add(self, chunk: Chunk) -> None:
        rows = np.empty((len(chunk), self.n_features), self.dtype)
        chunk.copy_to(rows, 0)
        self._rows.write(rows.data)
        if chunk.weights is not None:
            self._weights.write(np.ascontiguousarray(chunk.weights, np.float64).data)
        self._n_rows += len(rows)

    def _chunks(self) -> Generator[Chunk, None, None]:
        step = max(_READ_BYTES // (self.n_features * self.dtype.itemsize), 1)
        self._rows.seek(0)
        self._weights.seek(0)
        for start in range(0, self._n_rows, step):
            n = min(step, self._n_rows - start)
            rows = np.empty((n, self.n_features), self.dtype)
            self._rows.readinto(rows.data)
            yield Chunk(rows, self._weights_of(n))

    def _weights_of(self, n: int) -> np.ndarray | None:
        if not self.weighted:
            return None
        weights = np.empty(n)
        self._weights.readinto(weights.data)
        return weights
