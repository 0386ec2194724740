"""`softmix fit`: a table -> a fitted mixture, and the files that the user asked for."""

from dataclasses import dataclass
from time import perf_counter
from typing import Any

from softmix.blocks import Source
from softmix.blocks.scan import Scan
from softmix.cli.apply import write_rows
from softmix.cli.errors import INTERRUPTED, UserError, in_options
from softmix.cli.fit_report import show_files, show_fit, summarise
from softmix.cli.inputs import TableRequest, told_in_options, training_rows
from softmix.cli.outputs import MODELS, PICTURES, TABLES, Outputs
from softmix.cli.pictures import check_matplotlib, picture_columns, save_criterion, save_rows
from softmix.cli.search import as_json, fit_search, show_search, write_table
from softmix.cli.voice import Voice
from softmix.estimators.gaussian_mixture import GaussianMixture
from softmix.exceptions import TableError
from softmix.selection import MixtureSearch
from softmix.store import save
from softmix.store.row_outputs import predictions


@dataclass(frozen=True, kw_only=True)
class FitRequest(TableRequest):
    """The options of `softmix fit`."""

    components: tuple[int, ...]
    covariance: tuple[str, ...]
    criterion: str
    table: str | None
    columns: tuple[str, ...]
    ids: tuple[str, ...]
    weights: str | None
    spool: bool | None
    seed: int
    output: str | None
    memberships: str | None
    plot: str | None
    plot_kind: str
    plot_columns: tuple[str, ...]
    plot_criterion: str | None
    n_init: int
    init: str
    tol: float | None
    max_iter: int | None
    reg_covar: float
    prior: bool
    equal_weights: bool
    missing: str | None
    noise: bool | float | None
    compare: tuple[str, ...]
    jobs: int | None
    checkpoint: str | None
    checkpoint_every: str
    json: bool
    quiet: bool

    @property
    def files(self) -> dict[str, str | None]:
        files = {"model": self.output, "memberships": self.memberships, "picture": self.plot}
        of_search = {"table": self.table, "criterion": self.plot_criterion}
        return files | {name: path for name, path in of_search.items() if path is not None}

    @property
    def is_search(self) -> bool:
        """Whether there are several models to try."""
        several = len(self.components) > 1 or len(self.covariance) > 1 or self.covariance == ("all",)
        return several or bool(self.compare) or self.table is not None or self.plot_criterion is not None

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
            "noise": self.noise,
        }


def run(request: FitRequest) -> int:
    """Fit, write the files, and tell; the exit status is that of Ctrl-C where it ended the fit early."""
    _check_one_model(request)
    voice = Voice(request.json, request.quiet)
    with Outputs(request.files_read) as outputs:
        model_file = outputs.add(request.output, "-o", MODELS)
        table_file = outputs.add(request.memberships, "--memberships", TABLES)
        models_file = outputs.add(request.table, "--table", TABLES)
        picture = outputs.add(request.plot, "--plot", PICTURES)
        criterion = outputs.add(request.plot_criterion, "--plot-criterion", PICTURES)
        if picture is not None or criterion is not None:
            check_matplotlib()
        try:
            rows = training_rows(request, request.columns, request.ids, request.weights, spool=request.spool)
            rows = rows if request.missing is None else rows.with_missing
            outputs.refuse_inputs(rows.files)
            columns = picture_columns(request.plot_kind, request.plot_columns, "--plot-columns", rows)
            with voice.tidy_warnings():
                model, summary, search = _fit(request, rows, voice)
        except TableError as error:
            raise told_in_options(error) from error
        if model_file is not None:
            save(model, model_file)
        if search is not None and models_file is not None and request.table is not None:
            write_table(search, models_file, request.table)
        if search is not None and criterion is not None and request.plot_criterion is not None:
            save_criterion(search, criterion, request.plot_criterion)
        if table_file is not None and request.memberships is not None:
            write_rows(model, rows, predictions, table_file, request.memberships)
        if picture is not None and request.plot is not None:
            save_rows(request.plot_kind, model, rows, columns, picture, request.plot)
    voice.answer({"data": request.data, **summary, "files": request.files, "warnings": voice.warned})
    if voice.speaks:
        if search is not None:
            show_search(voice, search)
        show_fit(voice, request.data, model, summary)
        show_files(voice, request.as_typed, request.files)
    stopped = model.fit_report_.stopped if search is None else search.stopped_
    return INTERRUPTED if stopped == "interrupted" else 0


def _check_one_model(request: FitRequest) -> None:
    if request.checkpoint is not None and request.is_search:
        raise UserError(
            "--checkpoint keeps a fit of one model. Give one -k and one --covariance, without --table."
        )


def _fit(
    request: FitRequest, rows: Scan, voice: Voice
) -> tuple[GaussianMixture, dict[str, Any], MixtureSearch | None]:
    _check_size(request, rows.source)
    begin = perf_counter()
    try:
        if request.is_search:
            search = fit_search(rows, request.parameters | _grid(request), voice)
            summary = summarise(search.best_estimator_, rows, perf_counter() - begin)
            return search.best_estimator_, {**summary, "search": as_json(search)}, search
        model = GaussianMixture(
            request.components[0],
            covariance_type=request.covariance[0],
            **request.parameters,
            checkpoint=request.checkpoint,
            checkpoint_every=_interval(request.checkpoint_every),
            progress=voice.shows_progress,
        )
        model.fit(rows).set_params(progress=False)
    except TableError:
        raise
    except ValueError as error:
        raise UserError(f"{request.data}: {in_options(str(error))}") from error
    return model, summarise(model, rows, perf_counter() - begin), None


def _interval(every: str) -> float | str:
    """Seconds are numbers; what is none is said by who knows what else there may be."""
    try:
        return float(every)
    except ValueError:
        return every


def _grid(request: FitRequest) -> dict[str, Any]:
    covariance = "all" if request.covariance == ("all",) else request.covariance
    grid = {
        "n_components": request.components,
        "covariance_type": covariance,
        "criterion": request.criterion,
    }
    asked = {"noise": request.noise or True, "prior": "default"}
    compared = asked if request.compare == ("all",) else request.compare
    return grid | {name: (None, asked[name]) for name in compared}


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
