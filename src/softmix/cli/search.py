"""`softmix fit` over several models: the search, its table on screen and in a file."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet
from rich.table import Table

from softmix.blocks.scan import Scan
from softmix.cli.layout import fits_terminal, plain_table
from softmix.cli.voice import Voice
from softmix.selection import MixtureSearch, SearchRecord
from softmix.selection.priors import model_name
from softmix.selection.record import LARGER_IS_BETTER, as_columns, ranked

# On screen: of the models, the best so many, and the marks of the first three.
_SHOWN, _MARKS = 15, ("1st", "2nd", "3rd")


def fit_search(rows: Scan, parameters: dict[str, Any], voice: Voice) -> MixtureSearch:
    """Fit the models of a grid, with a progress bar on a terminal."""
    search = MixtureSearch(**parameters, progress="auto" if voice.speaks else False)
    return search.fit(_in_memory(rows, search)).set_params(progress=False)


def _in_memory(rows: Scan, search: MixtureSearch) -> Any:
    """Folds are drawn of rows in memory; every other criterion is content with a scan."""
    if search.criterion != "cv" or rows.weighted:
        return rows
    values = rows.source.take(np.arange(rows.source.n_rows))[0]
    return values if rows.feature_names is None else _named(values, rows.feature_names)


def _named(values: Any, names: tuple[str, ...]) -> pa.Table:
    return pa.table({name: values[:, j].copy() for j, name in enumerate(names)})


def write_table(search: MixtureSearch, scratch: Path, target: str) -> None:
    """What became of each model, as a file of the kind that `target` names."""
    table = pa.table(
        {name: pa.array(values.tolist()) for name, values in as_columns(search.results_).items()}
    )
    if target.lower().endswith(".parquet"):
        parquet.write_table(table, scratch)
    else:
        csv.write_csv(table, scratch)


def as_json(search: MixtureSearch) -> dict[str, Any]:
    """The search as JSON can write it; a criterion that there is not is null."""
    columns = as_columns(search.results_)
    names, rows = list(columns), zip(*(column.tolist() for column in columns.values()), strict=True)
    models = [{k: None if v != v else v for k, v in zip(names, row, strict=True)} for row in rows]  # noqa: PLR0124
    return {
        "criterion": search.criterion,
        "best": search.best_params_,
        "stopped": search.stopped_,
        "models": models,
    }


def show_search(voice: Voice, search: MixtureSearch) -> None:
    """The best models, the best three marked, and how many did not come off."""
    order = ranked(search.results_, search.criterion)
    better = "larger" if LARGER_IS_BETTER[search.criterion] else "smaller"
    voice.show(_table(search, order[:_SHOWN]), "", f"{search.criterion}: {better} is better")
    left = len(search.results_) - min(len(order), _SHOWN)
    if left:
        voice.show(f"{left} more of {len(search.results_)} models are not shown: --table FILE.csv has all.")
    for reason in _failures(search.results_):
        voice.show(reason)
    voice.show("")


def _table(search: MixtureSearch, order: list[int]) -> Table:
    """As many columns as the terminal is wide; the file has all."""
    criteria = ["bic", "icl", "aic", *(["cv"] if search.criterion == "cv" else [])]
    needed = ["", "model", "k", "log-likelihood", search.criterion, "status"]
    choices = (
        ["", "model", "k", "parameters", "log-likelihood", *criteria, "sweeps", "status"],
        ["", "model", "k", "parameters", "log-likelihood", search.criterion, "status"],
    )
    tables = (_table_of(search, order, columns) for columns in choices)
    return next(filter(fits_terminal, tables), None) or _table_of(search, order, needed)


def _table_of(search: MixtureSearch, order: list[int], columns: list[str]) -> Table:
    table = plain_table()
    for name in columns:
        table.add_column(name, justify="left" if name in {"", "model", "status"} else "right", no_wrap=True)
    for place, number in enumerate(order):
        mark = _MARKS[place] if place < len(_MARKS) else ""
        said = {"": mark, **_said(search.results_[number])}
        table.add_row(*(said[name] for name in columns), style="bold" if mark else None)
    return table


def _said(record: SearchRecord) -> dict[str, str]:
    return {
        "model": model_name(record.covariance_type, noise=False, prior=record.prior),
        "k": f"{record.n_components} + noise" if record.noise else str(record.n_components),
        "parameters": str(record.n_parameters),
        "log-likelihood": f"{record.log_likelihood:,.2f}",
        **{name: f"{getattr(record, name):,.2f}" for name in ("bic", "icl", "aic")},
        "cv": f"{record.cv:,.4f}",
        "sweeps": str(record.sweeps),
        "status": str(record.status),
    }


def _failures(records: list[SearchRecord]) -> list[str]:
    """One line for each way in which models did not come off."""
    lines = []
    for status in dict.fromkeys(record.status for record in records if not record.is_sound):
        alike = [record for record in records if record.status == status]
        first = alike[0]
        lines.append(
            f"{len(alike)} {status}: the first is {first.name} with {first.n_components}: {first.reason}"
        )
    return lines
