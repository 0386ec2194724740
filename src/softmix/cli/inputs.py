"""Tables in: which columns to cluster by, which to carry through, which holds weights."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from softmix.blocks.numeric_columns import check_present, default_columns, listed, numeric_columns
from softmix.blocks.table_file import TableFile, read_table
from softmix.cli.errors import UserError
from softmix.estimators.gaussian_mixture import GaussianMixture

_TEXT_HINT = " Mend the value, choose other columns with --columns, or carry this one through with --id."


@dataclass(frozen=True, eq=False)
class Rows:
    """What a command takes from a table: finite floats, ids as they are, row weights if any."""

    features: pa.Table
    ids: pa.Table
    weights: np.ndarray | None = None

    def __len__(self) -> int:
        return self.features.num_rows


def split_names(values: Sequence[str], option: str) -> tuple[str, ...]:
    """The names in the values of a repeatable option, each a line of CSV."""
    names = tuple(name.strip() for fields in csv.reader(values) for name in fields)
    if any(not name for name in names):
        raise UserError(f"{option} has an empty column name.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"{option} names column {listed(twice)} twice.")
    return names


def training_rows(data: str, columns: Sequence[str], ids: Sequence[str], weights: str | None) -> Rows:
    """The rows to fit; without `columns`, all columns that are not ids or weights."""
    names, id_names = split_names(columns, "--columns"), split_names(ids, "--id")
    file = read_table(data, as_text=tuple(i for i in id_names if i not in names and i != weights))
    weight_names = () if weights is None else (weights,)
    check_present(file, names, "from --columns")
    check_present(file, id_names, "from --id")
    check_present(file, weight_names, "from --weights")
    chosen = names or default_columns(file, [*id_names, *weight_names])
    features = numeric_columns(file, chosen, _TEXT_HINT)
    return Rows(features, file.table.select(id_names), _weights(file, weights))


def rows_for(model: GaussianMixture, data: str, ids: Sequence[str]) -> Rows:
    """The rows to apply `model` to: its columns by name, in its order, whatever theirs is."""
    id_names = split_names(ids, "--id")
    names = getattr(model, "feature_names_in_", None)
    needed = () if names is None else tuple(names)
    file = read_table(data, as_text=tuple(name for name in id_names if name not in needed))
    check_present(file, id_names, "from --id")
    if names is None:
        needed = tuple(default_columns(file, id_names))
        if len(needed) != model.n_features_in_:
            raise UserError(
                f"{data}: has {len(needed)} columns beside --id, and the model, which was fitted without "
                f"column names, needs {model.n_features_in_}."
            )
    check_present(file, needed, "needed by the model")
    return Rows(numeric_columns(file, needed), file.table.select(id_names))


def _weights(file: TableFile, name: str | None) -> np.ndarray | None:
    if name is None:
        return None
    weights = numeric_columns(file, [name]).column(name).to_numpy().astype(np.float64)
    where = f"{file.path}: column {name!r} (from --weights)"
    if (negative := weights < 0).any():
        row = int(negative.argmax())
        raise UserError(f"{where} is negative: {file.place(row)} has {weights[row]:g}.")
    if not weights.any():
        raise UserError(f"{where} is zero in every row.")
    return weights
