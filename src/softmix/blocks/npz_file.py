"""An array in a .npz file, compressed or not, read from its beginning to its end at each pass."""

import zipfile
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

from softmix.blocks.array_reader import Arrays, Pieces
from softmix.exceptions import TableError

_READ_BYTES = 1 << 22


def npz_member(path: Path, key: str | None) -> Arrays:
    """The rows of the array `key` of `path`, or of its only array.

    Raises
    ------
    TableError
        If the file is damaged, has not that one array, or has it column by column.
    """
    with path.open("rb"):  # the OSError that says best why a path cannot be read
        pass
    try:
        with zipfile.ZipFile(path) as archive:
            member = _member(path, archive.namelist(), key)
            with archive.open(member) as file:
                shape, by_columns, dtype = _header(file)
    except (zipfile.BadZipFile, ValueError, EOFError) as error:
        raise error if isinstance(error, TableError) else _damaged(path, error) from error
    if len(shape) != 2:
        raise TableError(f"{path}: {member} has the shape {shape}. A table has two dimensions.")
    if by_columns and min(shape) > 1:
        raise TableError(
            f"{path}: {member} lies column by column and cannot be read row by row. Save it anew from "
            "np.ascontiguousarray."
        )
    if dtype.hasobject:
        raise TableError(f"{path}: {member} holds Python objects, not numbers.")
    return Arrays(str(path), shape[1], dtype, shape[0], lambda: _pieces(path, member))


def _pieces(path: Path, member: str) -> Pieces:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member) as file:
            (n_rows, n_columns), _, dtype = _header(file)
            row_bytes = max(n_columns * dtype.itemsize, 1)
            step = max(_READ_BYTES // row_bytes, 1)
            for start in range(0, n_rows, step):
                m = min(step, n_rows - start)
                content = file.read(m * row_bytes)
                yield np.frombuffer(content, dtype, m * n_columns).reshape(m, n_columns)
    except (zipfile.BadZipFile, ValueError, EOFError) as error:
        raise _damaged(path, error) from error


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = npy.read_magic(file)
    return npy.read_array_header_1_0(file) if version == (1, 0) else npy.read_array_header_2_0(file)


def _member(path: Path, members: list[str], key: str | None) -> str:
    names = [name.removesuffix(".npy") for name in members]
    if key is None and len(names) == 1:
        return members[0]
    if key not in names:
        found = f"no array {key!r}" if key is not None else f"{len(names)} arrays; choose one with key="
        raise TableError(f"{path}: has {found}. It has {', '.join(map(repr, names[:20]))}.")
    return members[names.index(key)]


def _damaged(path: Path, error: Exception) -> TableError:
    return TableError(f"{path}: is damaged or no .npz file ({str(error).rstrip('.')[:150]}).")
