"""`softmix fit`: a table -> a fitted mixture, and the files that the user asked for."""

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa

from softmix.blocks import Source
from softmix.blocks.scan import Scan
from softmix.cli.apply import write_rows
from softmix.cli.errors import UserError, in_options
from softmix.cli.fit_report import show_files, show_fit, summarise
from softmix.cli.inputs import split_names, told_in_options, training_rows
from softmix.cli.outputs import MODELS, PICTURES, TABLES, Outputs
from softmix.cli.search import as_json, fit_search, show_search, write_table
from softmix.cli.voice import Voice
from softmix.estimators.gaussian_mixture import GaussianMixture
from softmix.exceptions import TableError
from softmix.selection import MixtureSearch
from softmix.store import save
from softmix.store.row_outputs import predictions

# A picture of more rows than these shows a sample of them.
_MOST_POINTS = 20_000


@dataclass(frozen=True)
class FitRequest:
    """The options of `softmix fit`."""

    data: str
    components: tuple[int, ...]
    covariance: tuple[str, ...]
    criterion: str
    table: str | None
    columns: tuple[str, ...]
    ids: tuple[str, ...]
    weights: str | None
    spool: bool
    seed: int
    output: str | None
    memberships: str | None
    plot: str | None
    plot_columns: tuple[str, ...]
    n_init: int
    init: str
    tol: float | None
    max_iter: int | None
    reg_covar: float
    prior: bool
    equal_weights: bool
    missing: str | None
    jobs: int | None
    json: bool
    quiet: bool

    @property
    def files(self) -> dict[str, str | None]:
        files = {"model": self.output, "memberships": self.memberships, "picture": self.plot}
        return files | ({"table": self.table} if self.table is not None else {})

    @property
    def is_search(self) -> bool:
        """Whether there are several models to try."""
        several = len(self.components) > 1 or len(self.covariance) > 1 or self.covariance == ("all",)
        return several or self.table is not None

    @property
    def parameters(self) -> dict[str, Any]:
        """Of the estimator, those that a search and a single fit share."""
        given = {"tol": self.tol, "max_iter": self.max_iter}
        return {
            **{name: value for name, value in given.items() if value is not None},
            "reg_covar": self.reg_covar,
            "n_init": self.n_init,
            "init_params": self.init,
            "random_state": self.seed,
            "n_jobs": self.jobs,
            "prior": "default" if self.prior else None,
            "weights": "equal" if self.equal_weights else "free",
            **({"missing": self.missing} if self.missing is not None else {}),
        }


def run(request: FitRequest) -> None:
    """Fit, write the files, and tell."""
    if request.missing is not None and request.is_search:
        raise UserError(
            "--missing goes with one model: give one -k and one --covariance. Several are compared by "
            "fitting each."
        )
    voice = Voice(request.json, request.quiet)
    with Outputs([request.data]) as outputs:
        model_file = outputs.add(request.output, "-o", MODELS)
        table_file = outputs.add(request.memberships, "--memberships", TABLES)
        models_file = outputs.add(request.table, "--table", TABLES)
        picture = outputs.add(request.plot, "--plot", PICTURES)
        if picture is not None:
            import matplotlib as mpl  # noqa: F401, PLC0415 (its absence shows before the fit)
        try:
            rows = training_rows(
                request.data, request.columns, request.ids, request.weights, spool=request.spool
            )
            rows = rows if request.missing is None else rows.with_missing
            outputs.refuse_inputs(rows.files)
            plot_columns = _plot_columns(request.plot_columns, rows)
            with voice.tidy_warnings():
                model, summary, search = _fit(request, rows, voice)
        except TableError as error:
            raise told_in_options(error) from error
        if model_file is not None:
            save(model, model_file)
        if search is not None and models_file is not None and request.table is not None:
            write_table(search, models_file, request.table)
        if table_file is not None and request.memberships is not None:
            write_rows(model, rows, predictions, table_file, request.memberships)
        if picture is not None and request.plot is not None:
            _draw(model, rows, plot_columns, picture, Path(request.plot).suffix[1:].lower())
    voice.answer({"data": request.data, **summary, "files": request.files, "warnings": voice.warned})
    if voice.speaks:
        if search is not None:
            show_search(voice, search)
        show_fit(voice, request.data, model, summary)
        show_files(voice, request.data, request.files)


def _fit(
    request: FitRequest, rows: Scan, voice: Voice
) -> tuple[GaussianMixture, dict[str, Any], MixtureSearch | None]:
    _check_size(request, rows.source)
    begin = perf_counter()
    try:
        if request.is_search:
            search = fit_search(rows, _grid(request), request.parameters, voice)
            summary = summarise(search.best_estimator_, rows, perf_counter() - begin)
            return search.best_estimator_, {**summary, "search": as_json(search)}, search
        model = GaussianMixture(
            request.components[0], covariance_type=request.covariance[0], **request.parameters
        )
        with voice.busy(f"Fitting {request.components[0]} components"):
            model.fit(rows)
    except TableError:
        raise
    except ValueError as error:
        raise UserError(f"{request.data}: {in_options(str(error))}") from error
    return model, summarise(model, rows, perf_counter() - begin), None


def _grid(request: FitRequest) -> dict[str, Any]:
    covariance = "all" if request.covariance == ("all",) else request.covariance
    return {
        "n_components": request.components,
        "covariance_type": covariance,
        "criterion": request.criterion,
    }


def _check_size(request: FitRequest, source: Source) -> None:
    weights = source.row_weights()
    if weights is not None and not weights.any():
        raise UserError(f"{request.data}: column {request.weights!r} (from --weights) is zero in every row.")
    counted = source.n_rows if weights is None else int((weights > 0).sum())
    word = "" if weights is None else " of positive weight"
    if source.n_rows < 2:
        raise UserError(f"{request.data}: has 1 row. A fit needs at least 2.")
    if (fewest := request.components[0]) > counted:
        raise UserError(
            f"{request.data}: -k {fewest} asks for more components than there are rows{word} "
            f"({counted:,}). Lower -k."
        )


def _plot_columns(values: tuple[str, ...], rows: Scan) -> tuple[str, ...]:
    names = split_names(values, "--plot-columns")
    fitted = rows.column_names
    missing = [name for name in names if name not in fitted]
    if missing or len(names) > 2:
        raise UserError(
            f"--plot-columns takes one or two of the columns that are fitted: {', '.join(fitted[:20])}."
        )
    return names or fitted[:2]


def _draw(model: GaussianMixture, rows: Scan, columns: tuple[str, ...], scratch: Path, kind: str) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    from softmix.plots import MembershipDisplay  # noqa: PLC0415

    # A figure of its own, not pyplot's: no window and no global state, wherever this runs.
    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    FigureCanvasAgg(figure)
    shown = _some_rows(rows)
    positions = [rows.column_names.index(name) for name in columns]
    MembershipDisplay.from_estimator(model, shown, columns=positions, ax=figure.add_subplot())
    figure.savefig(scratch, format=kind, dpi=160)


def _some_rows(rows: Scan) -> Any:
    """All rows where they are few, else a sample, named as the model was fitted."""
    n_rows = rows.source.n_rows
    chosen = np.arange(n_rows)
    if n_rows > _MOST_POINTS:
        chosen = np.sort(np.random.default_rng(0).choice(n_rows, _MOST_POINTS, replace=False))
    values, _ = rows.source.take(chosen)
    if rows.feature_names is None:
        return values
    return pa.table(dict(zip(rows.feature_names, np.ascontiguousarray(values.T), strict=True)))
