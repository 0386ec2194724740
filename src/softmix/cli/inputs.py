"""Tables in: which columns to cluster by, which to carry through, which holds weights."""

import csv
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from softmix.blocks.openers import KINDS, Opened, Options, open_source
from softmix.blocks.scan import Scan
from softmix.blocks.selection import LEAVE_OUT, Selection, listed
from softmix.cli.errors import UserError, in_options
from softmix.estimators.gaussian_mixture import GaussianMixture
from softmix.exceptions import TableError

# Rows that take no more memory than this are read once, not anew in each sweep.
_KEEP_BYTES = 1 << 28
_TAB = ("tab", r"\t")


@dataclass(frozen=True, kw_only=True)
class TableRequest:
    """Where a command reads rows, and what it was told of how they are written."""

    data: str
    delimiter: str | None
    decimal: str | None
    na: tuple[str, ...]
    connection: str | None

    @property
    def as_typed(self) -> str:
        """The data and how they are read, as a shell takes them; a password is left out."""
        address = re.sub(r"(//[^/:@]*):[^/@]*@", r"\1@", self.connection or "")
        options = {"--connection": address, "--delimiter": self.delimiter, "--decimal": self.decimal}
        typed = [self.data, *(part for name, value in options.items() if value for part in (name, value))]
        return shlex.join([*typed, *(part for spelling in self.na for part in ("--na", spelling))])

    @property
    def is_query(self) -> bool:
        return self.connection is not None

    @property
    def files_read(self) -> list[str]:
        """What no output may be written over, as far as it is known before the data are opened."""
        return [] if self.is_query else [self.data]

    def opened(self) -> Opened:
        """What reads the rows.

        Raises
        ------
        UserError
            If an option says how text is written, and the data are no text.
        """
        delimiter = "\t" if self.delimiter in _TAB else self.delimiter
        options = Options(self.connection, delimiter, self.decimal, na_values=self.na)
        for_text = {"--delimiter": self.delimiter, "--decimal": self.decimal, "--na": self.na}
        given = [name for name, value in for_text.items() if value]
        if given and self.is_query:
            raise UserError(f"{given[0]} is for text files, and with --connection DATA is a query. Drop one.")
        opened = open_source(self.data, options)
        if given and not any(file.lower().endswith(KINDS["text"]) for file in opened.files):
            raise UserError(
                f"{self.data}: {given[0]} is for text files ({', '.join(KINDS['text'])}). Drop it."
            )
        return opened


def split_names(values: Sequence[str], option: str) -> tuple[str, ...]:
    """The names in the values of a repeatable option, each a line of CSV."""
    names = tuple(name.strip() for fields in csv.reader(values) for name in fields)
    if any(not name for name in names):
        raise UserError(f"{option} has an empty column name.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"{option} names column {listed(twice)} twice.")
    return names


def training_rows(
    request: TableRequest,
    columns: Sequence[str],
    ids: Sequence[str],
    weights: str | None,
    *,
    spool: bool | None,
) -> Scan:
    """The rows to fit; without `columns`, all columns that are not ids or weights."""
    names, id_names = split_names(columns, "--columns"), split_names(ids, "--id")
    selection = Selection(names or None, weights, id_names)
    return Scan(request.opened(), selection, keep_bytes=_KEEP_BYTES, spool="auto" if spool is None else spool)


def rows_for(model: GaussianMixture, request: TableRequest, ids: Sequence[str]) -> Scan:
    """The rows to apply `model` to: its columns by name, in its order, whatever theirs is."""
    id_names = split_names(ids, "--id")
    names = getattr(model, "feature_names_in_", None)
    needed = None if names is None else tuple(names)
    rows = Scan(request.opened(), Selection(needed, None, id_names, asked_by="needed by the model"))
    if rows.n_features != model.n_features_in_:
        raise UserError(
            f"{request.data}: has {rows.n_features} columns beside --id, and the model, which was fitted "
            f"without column names, needs {model.n_features_in_}."
        )
    return rows


def told_in_options(error: TableError, *, choosing: bool = True) -> UserError:
    """`error` as the command line tells it; `choosing`: columns can be chosen by options."""
    message = str(error)
    return UserError(in_options(message if choosing else message.replace(f" {LEAVE_OUT}", "")))
