"""Two-dimensional arrays as a `Reader`: a piece at a time, columns by number, checked, finite."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from softmix.blocks.not_finite import NotFinite
from softmix.blocks.row_weights import refuse_negative
from softmix.blocks.selection import Selection, listed
from softmix.blocks.stream import Chunk
from softmix.exceptions import TableError
from softmix.kernels import kernel

Pieces = Generator[np.ndarray, None, None]


@dataclass(frozen=True, eq=False)
class Arrays:
    """Rows as consecutive arrays of shape (m, n_columns), the same at each call of `pieces`.

    Parameters
    ----------
    origin : str
        What messages call it.
    n_columns : int
    dtype : dtype
        Of every piece, or wider.
    n_rows : int or None
        None where it is known only when they were read.
    pieces : callable
    """

    origin: str
    n_columns: int
    dtype: np.dtype
    n_rows: int | None
    pieces: Callable[[], Pieces]


class ArrayReader:
    """A `Reader` of `arrays`. Columns that are carried are named x0, x1, … by their numbers.

    Raises
    ------
    TableError
        If a column that is asked for is not there, or the values are no numbers.
    """

    feature_names = None

    def __init__(self, arrays: Arrays, selection: Selection, *, carrying: bool = False) -> None:
        self._arrays = arrays
        features, weights, ids = _chosen(arrays, selection)
        self._numbers = [*features, *weights]
        self._may_lack = {*features} - {*weights} if selection.missing else set()
        self._carried = ids if carrying else []
        self.n_features, self.weighted = len(features), bool(weights)
        self.column_names = tuple(f"x{j}" for j in features)
        self.dtype = np.dtype(np.float32 if arrays.dtype == np.float32 else np.float64)

    def count(self) -> int | None:
        return self._arrays.n_rows

    @contextmanager
    def chunks(self) -> Iterator[Iterator[Chunk]]:
        """All rows."""
        with closing(self._chunks()) as chunks:
            yield chunks

    def carried_schema(self, *, integers: bool = False) -> Any:  # noqa: ARG002 (arrays have no text)
        """The types of the columns that are carried."""
        return self._carried_of(np.empty((0, self._arrays.n_columns), self._arrays.dtype)).schema

    def _chunks(self) -> Generator[Chunk, None, None]:
        bad, start = NotFinite(self._arrays.origin, self._numbers, _place, self._may_lack), 0
        whole = self._numbers == list(range(self._arrays.n_columns)) and not self.weighted
        with closing(self._arrays.pieces()) as pieces:
            for piece in pieces:
                self._check(piece, start)
                if not kernel().all_finite(piece):
                    bad.look(start, [piece[:, j] for j in self._numbers])
                if not bad:
                    yield self._chunk(piece, start, whole=whole)
                start += len(piece)
        bad.refuse()

    def _chunk(self, piece: np.ndarray, start: int, *, whole: bool) -> Chunk:
        values = [piece[:, j] for j in self._numbers]
        if self.weighted:
            refuse_negative(
                values[-1], self._arrays.origin, self._numbers[-1], lambda row: _place(start + row)
            )
        weights = values[-1] if self.weighted else None
        carried = self._carried_of(piece) if self._carried else None
        return Chunk(piece if whole else values[: self.n_features], weights, carried)

    def _check(self, piece: np.ndarray, start: int) -> None:
        expected = self._arrays.n_columns
        if piece.ndim != 2 or piece.shape[1] != expected:
            raise TableError(
                f"{self._arrays.origin}: an array of shape {piece.shape} comes at {_place(start)}; the "
                f"first has {expected} columns, and all must have as many."
            )
        if not _is_number(piece.dtype) or (self.dtype == np.float32 and piece.dtype != np.float32):
            raise TableError(
                f"{self._arrays.origin}: an array of {piece.dtype} comes at {_place(start)}; the first has "
                f"{self._arrays.dtype}. Give all of one type."
            )

    def _carried_of(self, piece: np.ndarray) -> Any:
        import pyarrow as pa  # noqa: PLC0415 (only who carries ids needs it)

        arrays = [pa.array(np.ascontiguousarray(piece[:, j])) for j in self._carried]
        return pa.RecordBatch.from_arrays(arrays, names=[f"x{j}" for j in self._carried])


def _chosen(arrays: Arrays, selection: Selection) -> tuple[list[int], list[int], list[int]]:
    """The numbers of the columns to compute with, of that of the weights, if any, and of the ids."""
    if not _is_number(arrays.dtype):
        raise TableError(f"{arrays.origin}: holds {arrays.dtype}, not numbers.")
    columns = _numbers(arrays, selection.columns or (), selection.asked_by)
    weights = _numbers(arrays, () if selection.weights is None else (selection.weights,), "from weights=")
    ids = _numbers(arrays, selection.ids, "from ids=")
    if selection.columns is None:
        columns = [j for j in range(arrays.n_columns) if j not in {*ids, *weights}]
    if not columns:
        raise TableError(f"{arrays.origin}: no columns are left to use.")
    return columns, weights, ids


def _numbers(arrays: Arrays, wanted: Sequence[str | int], asked_by: str) -> list[int]:
    known = {str(j): j for j in range(arrays.n_columns)}
    wrong = [str(j) for j in wanted if str(j) not in known]
    if wrong:
        raise TableError(
            f"{arrays.origin}: no column {listed(wrong)} ({asked_by}). Its columns have no names, but "
            f"numbers from 0 to {arrays.n_columns - 1}."
        )
    return [known[str(j)] for j in wanted]


def _is_number(dtype: np.dtype) -> bool:
    return dtype.kind in "fiub"


def _place(row: int) -> str:
    return f"row {row + 1}"
