"""The rows of a table, or of the parts of one, as a `Reader`: columns chosen, checked, finite.

What can be known from names and types is checked over all parts before the first row is read.
float32 is kept where every chosen column of every part has it; everything else is float64.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager

import numpy as np
import pyarrow as pa

from softmix.blocks.not_finite import NotFinite
from softmix.blocks.numbers import as_floats, is_numeric, value_type
from softmix.blocks.row_weights import refuse_negative
from softmix.blocks.selection import LEAVE_OUT, Selection
from softmix.blocks.stream import Chunk
from softmix.blocks.table import Table
from softmix.exceptions import TableError


class TableReader:
    """A `Reader` of `parts`, one after another.

    Parameters
    ----------
    parts : sequence of Table
    selection : Selection
    carrying : bool
        Whether chunks carry the columns `selection.ids`.
    allow_empty : bool
        Whether a part may have no rows.

    Raises
    ------
    TableError
        If a part lacks a column, has one that holds no numbers, or has no rows.
    """

    def __init__(
        self,
        parts: Sequence[Table],
        selection: Selection,
        *,
        carrying: bool = False,
        allow_empty: bool = False,
    ) -> None:
        self._parts, self._allow_empty = parts, allow_empty
        self.feature_names = selection.chosen(parts[0].origin, parts[0].names)
        self._weights = None if selection.weights is None else str(selection.weights)
        self._carried = tuple(map(str, selection.ids)) if carrying else ()
        weights = () if self._weights is None else (self._weights,)
        self._numbers = tuple(dict.fromkeys((*self.feature_names, *weights)))
        self._may_lack = {*self.feature_names} - {*weights} if selection.missing else set()
        for part in parts:
            self._check(part, selection)
        kinds = {part.kind(name) for part in parts for name in self.feature_names}
        single = all(kind is not None and pa.types.is_float32(value_type(kind)) for kind in kinds)
        self.dtype = np.dtype(np.float32 if single else np.float64)

    @property
    def n_features(self) -> int:
        return len(self.feature_names)

    @property
    def column_names(self) -> tuple[str, ...]:
        return self.feature_names

    @property
    def weighted(self) -> bool:
        return self._weights is not None

    def count(self) -> int | None:
        counts = [part.count() for part in self._parts]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None

    @contextmanager
    def chunks(self) -> Iterator[Iterator[Chunk]]:
        """All rows of all parts."""
        with closing(self._chunks()) as chunks:
            yield chunks

    def carried_schema(self, *, integers: bool = False) -> pa.Schema:
        """The types of the columns that are carried, over all parts.

        Text files carry everything as text; with `integers`, a pass finds those of their columns
        that are integers to the letter.
        """
        kinds = {name: [part.kind(name) for part in self._parts] for name in self._carried}
        fields = [
            pa.field(n, value_type(kind) if kind else pa.string())
            for n, each in kinds.items()
            for kind in dict.fromkeys(each)
        ]
        try:
            schema = pa.unify_schemas([pa.schema([f]) for f in fields], promote_options="permissive")
        except pa.ArrowException as error:
            raise TableError(
                f"{self._parts[0].origin}: an id column is of types in the parts that do not go together "
                f"({' '.join(str(error).split())})."
            ) from error
        texts = [name for name, each in kinds.items() if None in each]
        for name in _integers(self._parts, texts) if integers and texts else ():
            schema = schema.set(schema.get_field_index(name), pa.field(name, pa.int64()))
        return schema

    def _check(self, part: Table, selection: Selection) -> None:
        selection.check_present(part.origin, part.names)
        missing = [name for name in self.feature_names if name not in part.names]
        if missing:
            raise TableError(f"{part.origin}: no column {missing[0]!r}, which {self._parts[0].origin} has.")
        if part.count() == 0:
            self._refuse_empty(part)
        for name in self._numbers:
            kind = part.kind(name)
            if kind is not None and not is_numeric(kind):
                raise TableError(f"{part.origin}: column {name!r} {self._describe(name, kind)}. {LEAVE_OUT}")

    def _describe(self, name: str, kind: pa.DataType) -> str:
        said = f"holds {kind}, not numbers"
        if pa.types.is_dictionary(kind):
            said = f"is categorical ({kind.value_type} categories), not numbers"
        other = next((part for part in self._parts if is_numeric(part.kind(name) or pa.null())), None)
        if other is None or other.kind(name) is None:
            return said
        return f"{said}; in {other.origin} it holds {other.kind(name)}"

    def _chunks(self) -> Generator[Chunk, None, None]:
        which = None if self._weights is None else self._numbers.index(self._weights)
        for part in self._parts:
            bad, start = NotFinite(part.origin, self._numbers, part.place, self._may_lack), 0
            with closing(part.batches(self._numbers, self._carried)) as batches:
                for batch in batches:
                    values = [as_floats(batch.column(j)) for j in range(len(self._numbers))]
                    bad.look(start, values)
                    if not bad:
                        weights = None if which is None else values[which]
                        self._check_weights(weights, part, start)
                        yield Chunk(values[: self.n_features], weights, self._carried_of(batch))
                    start += batch.num_rows
            bad.refuse()
            if start == 0:
                self._refuse_empty(part)

    def _refuse_empty(self, part: Table) -> None:
        if not self._allow_empty:
            hint = " Remove it, or pass allow_empty=True." if len(self._parts) > 1 else ""
            raise TableError(f"{part.origin}: has a header but no rows.{hint}")

    def _check_weights(self, weights: np.ndarray | None, part: Table, start: int) -> None:
        if weights is not None and self._weights is not None:
            refuse_negative(weights, part.origin, self._weights, lambda row: part.place(start + row))

    def _carried_of(self, batch: pa.RecordBatch) -> pa.RecordBatch | None:
        if not self._carried:
            return None
        arrays = batch.columns[len(self._numbers) :]
        return pa.RecordBatch.from_arrays(arrays, names=list(self._carried))


def _integers(parts: Sequence[Table], names: Sequence[str]) -> list[str]:
    """The columns of text in which every value is an integer as one is written."""
    left = list(names)
    for part in parts:
        with closing(part.batches((), names)) as batches:
            for batch in batches:
                left = [name for name in left if _is_integers(batch.column(name))]
                if not left:
                    return []
    return left


def _is_integers(text: pa.Array) -> bool:
    try:
        return text.cast(pa.int64()).cast(pa.string()).equals(text)
    except pa.ArrowInvalid:
        return False
