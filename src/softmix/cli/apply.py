"""`softmix predict` and `softmix embed`: a model and a table -> a table."""

import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pyarrow as pa

from softmix.blocks.scan import Scan
from softmix.cli.errors import UserError
from softmix.cli.inputs import TableRequest, rows_for, told_in_options
from softmix.cli.outputs import TABLES, Outputs
from softmix.cli.voice import Voice
from softmix.estimators.gaussian_mixture import GaussianMixture
from softmix.exceptions import TableError
from softmix.store import load
from softmix.store.predictions import tables_of, write_tables
from softmix.store.row_outputs import RowOutputs, embedding, imputed, predictions
from softmix.store.table_writer import csv_writer


@dataclass(frozen=True, kw_only=True)
class ApplyRequest(TableRequest):
    """The options of `softmix predict` and `softmix embed`."""

    model: str
    ids: tuple[str, ...]
    output: str | None
    jobs: int | None
    json: bool
    quiet: bool


def predict(request: ApplyRequest) -> None:
    """Write label, memberships, uncertainty and log-density of each row."""
    _apply(request, predictions)


def impute(request: ApplyRequest) -> None:
    """Write the rows with missing values filled in."""
    _apply(request, imputed, missing="marginal")


def embed(request: ApplyRequest) -> None:
    """Write the membership embedding of each row."""
    _apply(request, embedding)


def _apply(request: ApplyRequest, row_outputs: RowOutputs, **params: str) -> None:
    if request.json and request.output is None:
        raise UserError("--json needs -o: without it, standard output is the table.")
    voice = Voice(request.json, request.quiet)
    with Outputs([request.model, *request.files_read]) as outputs:
        scratch = outputs.add(request.output, "-o", TABLES)
        model = load(request.model).set_params(n_jobs=request.jobs, **params)
        with placed():
            rows = rows_for(model, request, request.ids)
            outputs.refuse_inputs(rows.files)
            if scratch is None or request.output is None:
                _print(tables_of(model, rows, row_outputs, typed=False))
                return
            with voice.tidy_warnings():
                n_rows, names = write_rows(model, rows, row_outputs, scratch, request.output)
    voice.answer(
        {
            "model": request.model,
            "data": request.data,
            "rows": n_rows,
            "columns": names,
            "output": request.output,
            "warnings": voice.warned,
        }
    )
    voice.show(f"{n_rows:,} rows, {len(names)} columns written to {request.output}")


def write_rows(
    model: GaussianMixture, rows: Scan, row_outputs: RowOutputs, scratch: Path, target: str
) -> tuple[int, list[str]]:
    """Write ids and outputs to `scratch`, in the format that the name `target` asks for."""
    ending = Path(target).suffix.lower()
    return write_tables(tables_of(model, rows, row_outputs, typed=ending == ".parquet"), scratch, ending)


def _print(tables: Generator[pa.Table, None, None]) -> None:
    with closing(tables):
        first = next(tables)
        write = csv_writer(sys.stdout.buffer, first.schema)
        for table in chain([first], tables):
            write(table)


@contextmanager
def placed() -> Generator[None, None, None]:
    """Errors of a table that a model is applied to, as the command line tells them."""
    try:
        yield
    except TableError as error:
        raise told_in_options(error, choosing=False) from error
