"""`softmix predict` and `softmix embed`: a model and a table -> a table."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from softmix.cli.errors import UserError
from softmix.cli.inputs import Rows, rows_for
from softmix.cli.outputs import TABLES, Outputs
from softmix.cli.table_output import write_csv, write_table
from softmix.cli.voice import Voice
from softmix.estimators.gaussian_mixture import GaussianMixture
from softmix.store import load


@dataclass(frozen=True)
class ApplyRequest:
    """The options of `softmix predict` and `softmix embed`."""

    model: str
    data: str
    ids: tuple[str, ...]
    output: str | None
    jobs: int | None
    json: bool
    quiet: bool


def predict(request: ApplyRequest) -> None:
    """Write label, memberships, uncertainty and log-density of each row."""
    _apply(request, cluster_table)


def embed(request: ApplyRequest) -> None:
    """Write the membership embedding of each row."""
    _apply(request, embedding_table)


def cluster_table(model: GaussianMixture, rows: Rows) -> pa.Table:
    """The ids, then label, memberships, uncertainty and log-density."""
    X = _features(model, rows)
    resp = model.predict_proba(X)
    columns = {"label": model.predict(X)}
    columns |= {f"membership_{k}": np.ascontiguousarray(resp[:, k]) for k in range(resp.shape[1])}
    columns |= {"uncertainty": 1.0 - resp.max(axis=1), "log_density": model.score_samples(X)}
    return _with_ids(rows, columns)


def embedding_table(model: GaussianMixture, rows: Rows) -> pa.Table:
    """The ids, then the coordinates of the embedding."""
    coordinates = model.transform(_features(model, rows))
    names = model.get_feature_names_out()
    return _with_ids(rows, {n: np.ascontiguousarray(c) for n, c in zip(names, coordinates.T, strict=True)})


def _apply(request: ApplyRequest, table_of: Callable[[GaussianMixture, Rows], pa.Table]) -> None:
    if request.json and request.output is None:
        raise UserError("--json needs -o: without it, standard output is the table.")
    voice = Voice(request.json, request.quiet)
    with Outputs([request.model, request.data]) as outputs:
        scratch = outputs.add(request.output, "-o", TABLES)
        model = load(request.model).set_params(n_jobs=request.jobs)
        rows = rows_for(model, request.data, request.ids)
        with voice.tidy_warnings():
            table = table_of(model, rows)
        if scratch is None or request.output is None:
            write_csv(table, sys.stdout.buffer)
            return
        write_table(table, scratch, request.output)
    voice.answer(_told(request, table, voice))
    voice.show(f"{table.num_rows:,} rows, {table.num_columns} columns written to {request.output}")


def _told(request: ApplyRequest, table: pa.Table, voice: Voice) -> dict[str, Any]:
    return {
        "model": request.model,
        "data": request.data,
        "rows": table.num_rows,
        "columns": table.column_names,
        "output": request.output,
        "warnings": voice.warned,
    }


def _features(model: GaussianMixture, rows: Rows) -> Any:
    """Named as the model was fitted: a table where it knows names, else an array."""
    if hasattr(model, "feature_names_in_"):
        return rows.features
    return np.column_stack([column.to_numpy() for column in rows.features.columns])


def _with_ids(rows: Rows, columns: dict[str, np.ndarray]) -> pa.Table:
    clash = [name for name in rows.ids.column_names if name in columns]
    if clash:
        raise UserError(f"--id column {clash[0]!r} has the name of an output column. Rename it in the data.")
    ids = dict(zip(rows.ids.column_names, rows.ids.columns, strict=True))
    return pa.table({**ids, **columns})
