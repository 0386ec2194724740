"""`softmix plot`: a model and a table -> a picture."""

from dataclasses import dataclass

from softmix.cli.apply import placed
from softmix.cli.inputs import TableRequest, rows_for
from softmix.cli.outputs import PICTURES, Outputs
from softmix.cli.pictures import check_matplotlib, picture_columns, save_rows
from softmix.cli.voice import Voice
from softmix.store import load


@dataclass(frozen=True, kw_only=True)
class PlotRequest(TableRequest):
    """The options of `softmix plot`."""

    model: str
    output: str
    kind: str
    columns: tuple[str, ...]
    jobs: int | None
    json: bool
    quiet: bool


def run(request: PlotRequest) -> None:
    """Draw, write the picture, and tell."""
    voice = Voice(request.json, request.quiet)
    with Outputs([request.model, *request.files_read]) as outputs:
        scratch = outputs.add(request.output, "-o", PICTURES)
        check_matplotlib()
        model = load(request.model).set_params(n_jobs=request.jobs)
        with placed(), voice.tidy_warnings():
            rows = rows_for(model, request, ())
            rows = rows if model.missing is None else rows.with_missing
            outputs.refuse_inputs(rows.files)
            columns = picture_columns(request.kind, request.columns, "--columns", rows)
            if scratch is not None:
                save_rows(request.kind, model, rows, columns, scratch, request.output)
    voice.answer(
        {
            "model": request.model,
            "data": request.data,
            "rows": rows.source.n_rows,
            "kind": request.kind,
            "columns": [rows.column_names[j] for j in columns],
            "output": request.output,
            "warnings": voice.warned,
        }
    )
    voice.show(f"{request.kind} of {rows.source.n_rows:,} rows drawn in {request.output}")
