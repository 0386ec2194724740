"""What has a shape, a dtype and slices as arrays: NumPy's, memory-mapped, zarr's, h5py's."""

from pathlib import Path
from typing import Any

import numpy as np

from softmix.blocks.array_reader import Arrays, Pieces
from softmix.exceptions import TableError

_READ_BYTES = 1 << 22


def is_sliceable(source: Any) -> bool:
    """Whether `source` looks like an array."""
    return all(hasattr(source, name) for name in ("shape", "dtype", "__getitem__"))


def sliced(source: Any, origin: str | None = None) -> Arrays:
    """The rows of `source`, read by slices of a few megabytes.

    Raises
    ------
    TableError
        If it has not two dimensions.
    """
    origin = origin or f"{type(source).__module__.partition('.')[0]} {type(source).__name__}"
    if len(source.shape) != 2:
        raise TableError(f"{origin}: has the shape {tuple(source.shape)}. A table has two dimensions.")
    n_rows, n_columns = map(int, source.shape)
    dtype = np.dtype(source.dtype)
    step = _step(source, n_columns * dtype.itemsize)

    def pieces() -> Pieces:
        for start in range(0, n_rows, step):
            yield np.asarray(source[start : min(start + step, n_rows)])

    return Arrays(origin, n_columns, dtype, n_rows, pieces)


def memory_mapped(path: Path) -> Arrays:
    """The rows of a .npy file, which is mapped, not read whole."""
    try:
        return sliced(np.load(path, mmap_mode="r", allow_pickle=False), str(path))
    except (ValueError, EOFError) as error:
        if isinstance(error, TableError):
            raise
        raise TableError(f"{path}: is damaged or no .npy file ({str(error).rstrip('.')[:150]}).") from error


def _step(source: Any, row_bytes: int) -> int:
    """Rows to read at once: whole storage chunks, which are decoded whole, where there are such."""
    step = max(_READ_BYTES // max(row_bytes, 1), 1)
    chunks = getattr(source, "chunks", None)
    stored = chunks[0] if isinstance(chunks, tuple) and chunks and isinstance(chunks[0], int) else 1
    return max(step // stored, 1) * stored
