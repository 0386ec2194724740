"""What `scan` is given -> what reads it: each kind of source is asked in turn.

Nothing here imports pyarrow until a source needs it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from softmix.blocks.array_reader import ArrayReader, Arrays
from softmix.blocks.called import called
from softmix.blocks.extra import import_with_data
from softmix.blocks.files import FoundFile, find_files
from softmix.blocks.npz_file import npz_member
from softmix.blocks.selection import Selection
from softmix.blocks.sliceable import is_sliceable, memory_mapped, sliced
from softmix.blocks.stream import Reader
from softmix.exceptions import TableError

# The endings of each kind of file.
KINDS = {
    "parquet": (".parquet", ".pq"),
    "text": (".csv", ".csv.gz", ".csv.zst", ".tsv", ".tsv.gz", ".tsv.zst"),
    "ipc": (".arrow", ".feather", ".ipc", ".arrows"),
    "npy": (".npy",),
    "npz": (".npz",),
}
_MAPPED = ("ipc", "npy")


@dataclass(frozen=True)
class Options:
    """What some kinds of source can be told; the others do not ask."""

    connection: Any = None
    delimiter: str | None = None
    decimal: str | None = None
    key: str | None = None
    allow_empty: bool = False
    na_values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("delimiter", "decimal"):
            mark = getattr(self, name)
            if mark is not None and (len(mark) != 1 or len(mark.encode()) != 1 or mark in '"\r\n'):
                raise TableError(f"{name}= must be one ASCII character. Got {mark!r}.")
        if self.delimiter is not None and self.delimiter == self.decimal:
            raise TableError(f"delimiter= and decimal= cannot both be {self.decimal!r}.")


class CarryingReader(Reader, Protocol):
    """A `Reader` that can carry columns through, and knows their types."""

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns to compute with: x0, x1, … by their numbers where they have none."""

    def carried_schema(self, *, integers: bool = False) -> Any:
        """The schema of the columns that are carried.

        With `integers`, columns of text that are integers to the letter are integers.
        """


class MakeReader(Protocol):
    """Makes a reader of one source, as often as is wanted."""

    def __call__(self, selection: Selection, *, carrying: bool = False) -> CarryingReader: ...


@dataclass(frozen=True, eq=False)
class Opened:
    """A source that was recognised: how to read it, and the files that it is in.

    `decodes`: whether reading a row is more than copying it from where it is mapped or in memory.
    """

    make_reader: MakeReader
    files: tuple[str, ...] = ()
    decodes: bool = True


def open_source(source: Any, options: Options) -> Opened:
    """What reads `source`.

    Raises
    ------
    TableError
        If no kind of source looks like this, or it cannot be opened.
    ImportError
        If a package is missing that this kind of source needs.
    """
    if _is_path(source) and options.connection is not None:
        return Opened(_tables().of_query(str(source), options.connection, options.allow_empty))
    if _is_path(source) or (isinstance(source, (list, tuple)) and source and all(map(_is_path, source))):
        files = find_files(source, KINDS)
        paths = tuple(str(file.path) for file in files)
        return Opened(_reader_of_files(files, options), paths, files[0].kind not in _MAPPED)
    if hasattr(source, "__arrow_c_stream__"):
        tables = _tables()
        return Opened(tables.of_stream(source, options.allow_empty), decodes=tables.is_computed(source))
    if is_sliceable(source):
        return _of_arrays(sliced(source), decodes=not isinstance(source, np.ndarray))
    if callable(source):
        if hasattr(source(), "__arrow_c_stream__"):
            return Opened(_tables().of_streams(source, options.allow_empty))
        return _of_arrays(called(source))
    raise TableError(
        f"scan cannot read {type(source).__module__}.{type(source).__qualname__}. It reads paths, globs and "
        "folders of files, queries with connection=, Arrow tables and streams, data frames, arrays that can "
        "be sliced, and functions that give arrays anew at each call."
    )


def _is_path(source: Any) -> bool:
    return isinstance(source, (str, Path))


def _of_arrays(arrays: Arrays, *, decodes: bool = True) -> Opened:
    return Opened(partial(ArrayReader, arrays), decodes=decodes)


def _reader_of_files(files: Sequence[FoundFile], options: Options) -> MakeReader:
    kind = files[0].kind
    if kind not in {"npy", "npz"}:
        return _tables().of_files(files, options)
    if len(files) > 1:
        raise TableError(f"{files[1].path}: a scan takes one .npy or .npz file. Join several in a function.")
    path = files[0].path
    return partial(ArrayReader, memory_mapped(path) if kind == "npy" else npz_member(path, options.key))


def _tables() -> ModuleType:
    return import_with_data("softmix.blocks.table_sources")
