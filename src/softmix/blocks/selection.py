"""Which columns: to compute with, to weight rows by, to carry through."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from softmix.exceptions import TableError

_PANDAS_INDEX = re.compile(r"__index_level_\d+__")
_MAX_NAMED = 5

# How messages about columns that hold no numbers end.
LEAVE_OUT = "Mend the values, choose other columns with columns=, or carry this one through with ids=."


@dataclass(frozen=True)
class Selection:
    """What is asked of a source: names, or column numbers where it has no names.

    Parameters
    ----------
    columns : tuple of str or int, or None
        The columns to compute with; None for all that are neither ids nor weights.
    weights : str, int or None
    ids : tuple of str or int
        Columns to carry through.
    asked_by : str
        Who wants `columns`, for messages.
    missing : bool
        Whether columns to compute with may lack values.
    """

    columns: tuple[str | int, ...] | None = None
    weights: str | int | None = None
    ids: tuple[str | int, ...] = ()
    asked_by: str = "from columns="
    missing: bool = False

    def chosen(self, origin: str, names: Sequence[str]) -> tuple[str, ...]:
        """The names of the columns to compute with, of a table that has `names`.

        Raises
        ------
        TableError
            If a column that is asked for is not there; it gives near matches.
        """
        self.check_present(origin, names)
        if self.columns is not None:
            return tuple(map(str, self.columns))
        return self._all_others(origin, names)

    def check_present(self, origin: str, names: Sequence[str]) -> None:
        """Raise a TableError if a column that is asked for is not among `names`."""
        for wanted, asked_by in (
            (self.columns or (), self.asked_by),
            (self.ids, "from ids="),
            (() if self.weights is None else (self.weights,), "from weights="),
        ):
            _check_named(origin, wanted, asked_by)
            missing = [str(name) for name in wanted if name not in names]
            if missing:
                raise _not_there(origin, names, missing, asked_by)

    def _all_others(self, origin: str, names: Sequence[str]) -> tuple[str, ...]:
        taken = {*self.ids, self.weights}
        others = tuple(name for name in names if name not in taken and not _PANDAS_INDEX.fullmatch(name))
        if "" in others:
            raise TableError(
                f"{origin}: column {names.index('') + 1} has no name (a row index that was saved with "
                "the table?). Choose the numeric columns with columns=."
            )
        if not others:
            raise TableError(f"{origin}: no columns are left to use.")
        return others


def listed(names: Sequence[str]) -> str:
    """Quoted names, the first few, with a word for the rest."""
    shown = ", ".join(map(repr, names[:_MAX_NAMED]))
    return shown + (f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else "")


def _check_named(origin: str, wanted: Sequence[str | int], asked_by: str) -> None:
    numbers = [name for name in wanted if not isinstance(name, str)]
    if numbers:
        raise TableError(
            f"{origin}: column {numbers[0]!r} ({asked_by}) is no name, and its columns have names."
        )


def _not_there(origin: str, names: Sequence[str], missing: Sequence[str], asked_by: str) -> TableError:
    noun = "column" if len(missing) == 1 else "columns"
    near = [match for name in missing for match in _near(name, names)]
    shown = list(dict.fromkeys(near)) or list(names)
    hint = "Did you mean" if near else "The columns are"
    return TableError(
        f"{origin}: no {noun} {listed(missing)} ({asked_by}). {hint} {listed(shown)}{'?' if near else '.'}"
    )


def _near(name: str, names: Sequence[str]) -> list[str]:
    folded = {other.casefold().strip(): other for other in names}
    return [folded[m] for m in difflib.get_close_matches(name.casefold().strip(), folded, n=3, cutoff=0.6)]
