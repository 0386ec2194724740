"""Values that no mixture can take: missing and infinite ones, counted, placed and refused."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from softmix.exceptions import TableError
from softmix.kernels import kernel

_MAX_NAMED = 5
_WHAT_TO_DO = "Remove those rows, fill in the values, or, in columns to compute with, use missing='marginal'."


@dataclass
class _Found:
    count: int
    first: int


class NotFinite:
    """The tally of one file or stream, column by column. Tell it of all rows, then `refuse`.

    Parameters
    ----------
    origin : str
        What messages call the file.
    names : sequence of str or int
        Of the columns.
    place : callable
        Where a row number is, in words.
    may_lack : collection of str or int
        The columns in which values may be missing.
    """

    def __init__(
        self,
        origin: str,
        names: Sequence[str | int],
        place: Callable[[int], str],
        may_lack: Collection[str | int] = (),
    ) -> None:
        self._origin, self._names, self._place = origin, names, place
        self._may_lack = [name in may_lack for name in names]
        self._missing: dict[int, _Found] = {}
        self._infinite: dict[int, _Found] = {}

    def __bool__(self) -> bool:
        return bool(self._missing or self._infinite)

    def look(self, start: int, columns: Sequence[np.ndarray]) -> None:
        """Count in consecutive rows, the first of which is row number `start`."""
        for j, values in enumerate(columns):
            if not kernel().all_finite(values):
                if not self._may_lack[j]:
                    _add(self._missing, j, start, np.isnan(values))
                _add(self._infinite, j, start, np.isinf(values))

    def refuse(self) -> None:
        """Raise a TableError if anything was found: how many, in which columns, where the first is."""
        for found, noun, hint in (
            (self._missing, "missing value", _WHAT_TO_DO),
            (self._infinite, "infinite value", "Remove those rows or mend the values."),
        ):
            if found:
                raise TableError(f"{self._origin}: {self._describe(found, noun)}. {hint}")

    def _describe(self, found: dict[int, _Found], noun: str) -> str:
        said = [
            f"column {self._names[j]!r} has {f.count:,} {noun}{'' if f.count == 1 else 's'} "
            f"(first in {self._place(f.first)})"
            for j, f in sorted(found.items())[:_MAX_NAMED]
        ]
        more = len(found) - _MAX_NAMED
        return "; ".join(said) + (f"; and {more} more columns have some" if more > 0 else "")


def _add(found: dict[int, _Found], j: int, start: int, bad: np.ndarray) -> None:
    if count := int(np.count_nonzero(bad)):
        entry = found.setdefault(j, _Found(0, start + int(bad.argmax())))
        entry.count += count
