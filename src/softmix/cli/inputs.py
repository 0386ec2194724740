"""Tables in: which columns to cluster by, which to carry through, which holds weights."""

import csv
from collections.abc import Sequence

from softmix.blocks.openers import Opened, Options, open_source
from softmix.blocks.scan import Scan
from softmix.blocks.selection import LEAVE_OUT, Selection, listed
from softmix.cli.errors import UserError, in_options
from softmix.estimators.gaussian_mixture import GaussianMixture
from softmix.exceptions import TableError

# Rows that take no more memory than this are read once, not anew in each sweep.
_KEEP_BYTES = 1 << 28


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
    data: str, columns: Sequence[str], ids: Sequence[str], weights: str | None, *, spool: bool
) -> Scan:
    """The rows to fit; without `columns`, all columns that are not ids or weights."""
    names, id_names = split_names(columns, "--columns"), split_names(ids, "--id")
    selection = Selection(names or None, weights, id_names)
    return Scan(_opened(data), selection, keep_bytes=_KEEP_BYTES, spool=spool)


def rows_for(model: GaussianMixture, data: str, ids: Sequence[str]) -> Scan:
    """The rows to apply `model` to: its columns by name, in its order, whatever theirs is."""
    id_names = split_names(ids, "--id")
    names = getattr(model, "feature_names_in_", None)
    needed = None if names is None else tuple(names)
    rows = Scan(_opened(data), Selection(needed, None, id_names, asked_by="needed by the model"))
    if rows.n_features != model.n_features_in_:
        raise UserError(
            f"{data}: has {rows.n_features} columns beside --id, and the model, which was fitted without "
            f"column names, needs {model.n_features_in_}."
        )
    return rows


def told_in_options(error: TableError, *, choosing: bool = True) -> UserError:
    """`error` as the command line tells it; `choosing`: columns can be chosen by options."""
    message = str(error)
    return UserError(in_options(message if choosing else message.replace(f" {LEAVE_OUT}", "")))


def _opened(data: str) -> Opened:
    return open_source(data, Options())
