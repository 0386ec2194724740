"""Fit a grid of models and say how each one went, keeping what is fitted when interrupted."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from time import perf_counter

import numpy as np

from softmix.blocks import ArrayBlocks, Source
from softmix.blocks.incomplete import IncompleteArray, array_blocks
from softmix.fit import FitResult
from softmix.selection.cell_fits import CellFits, Fitted
from softmix.selection.parallel import for_each
from softmix.selection.record import LARGER_IS_BETTER, SearchRecord, Status, ranked
from softmix.selection.settings import Cell, Settings
from softmix.selection.watching import Watching
from softmix.sweep import ThreadSweep, helpers, one_blas_thread

# So many of the best models get a start of their own: each costs as much as ten that share theirs.
_FINALISTS = 1


class Ending(StrEnum):
    """Why a run over the grid ended."""

    COMPLETED = "completed"
    INTERRUPTED = "interrupted"  # Ctrl-C
    CALLBACK = "callback"  # one wants no more


class _EnoughError(Exception):
    """A callback wants no more models."""


@dataclass(frozen=True, eq=False)
class Tried:
    """A model of the grid: what is said of it, and its fit where there is one."""

    record: SearchRecord
    result: FitResult | None


@dataclass(eq=False)
class SearchRun:
    """The models fitted so far.

    Parameters
    ----------
    source : Source
    settings : Settings
    criterion : str
        The best models by it are fitted from a start of their own too.
    sizes : tuple of int
        All numbers of components of the search.
    n_jobs : int
    watching : Watching
        Told of each model, from any thread.
    folds : sequence of (train, test)
        Row numbers, where rows are held out.
    tried : dict
        Cell → Tried. It begins with those of an earlier run.
    """

    source: Source
    settings: Settings
    criterion: str
    sizes: tuple[int, ...]
    n_jobs: int
    watching: Watching
    folds: Sequence[tuple[np.ndarray, np.ndarray]] = ()
    tried: dict[Cell, Tried] = field(default_factory=dict)

    def go(self, cells: Sequence[Cell]) -> Ending:
        """Fit those of `cells` that are not yet."""
        missing = [cell for cell in cells if cell not in self.tried]
        try:
            with one_blas_thread():
                self._fit(cells, missing)
        except KeyboardInterrupt:
            return Ending.INTERRUPTED
        except _EnoughError:
            return Ending.CALLBACK
        return Ending.COMPLETED

    def _fit(self, cells: Sequence[Cell], missing: list[Cell]) -> None:
        # One block is one thread's work: then models are fitted side by side instead.
        small = isinstance(self.source, ArrayBlocks | IncompleteArray) and len(self.source) < 2 * self.n_jobs
        beside, within = (self.n_jobs, 1) if small else (1, self.n_jobs)
        fits = [CellFits(source, self.settings, self.sizes, within) for source in self._training_sources()]
        searches = [(one, path) for one in fits for path in one.paths(missing)]
        for_each(searches, lambda task: task[0].find(task[1]), beside)
        climbs = self._lead(missing, fits)
        for_each(missing, lambda cell: self._try(cell, fits, climbs.get(cell, 0.0)), beside)
        if not self.folds:
            finalists = [cell for cell in self._best(cells) if cell in missing and fits[0].shares_start(cell)]
            for_each(finalists, lambda cell: self._try_alone(cell, fits[0]), beside)

    def _lead(self, cells: list[Cell], fits: list[CellFits]) -> dict[Cell, float]:
        """Climb to the starts of all `cells` whose climbs see all rows; the seconds of each.

        Those of a structure are one call, for their rows are few, and helpers take their part in it.
        """
        alike: dict[str, list[Cell]] = {}
        for cell in cells:
            alike.setdefault(cell.structure.name, []).append(cell)
        seconds: dict[Cell, float] = {}
        with helpers(min(self.n_jobs, len(self.sizes)) - 1):
            for group in alike.values():
                begin, led = perf_counter(), set[Cell]()
                for one in fits:
                    with suppress(ValueError, ArithmeticError, MemoryError):  # each model will say so
                        led |= set(one.lead(group))
                seconds |= dict.fromkeys(led, (perf_counter() - begin) / max(len(led), 1))
        return seconds

    def _best(self, cells: Sequence[Cell]) -> list[Cell]:
        done = [cell for cell in cells if cell in self.tried]
        order = ranked([self.tried[cell].record for cell in done], self.criterion)
        return [done[number] for number in order[:_FINALISTS]]

    def _try_alone(self, cell: Cell, fits: CellFits) -> None:
        """Fit `cell` from a search of its own: what serves all models may miss the best of one."""
        begin, before = perf_counter(), self.tried[cell]
        try:
            fitted = fits.fit(cell, shared_start=False)
        except (ValueError, ArithmeticError, MemoryError):  # it has a fit already
            return
        record = self._record(before.record, fitted, np.nan)
        found = Tried(record, fitted.result) if self._beats(record, before.record) else before
        sweeps = before.record.sweeps + record.sweeps
        seconds = before.record.seconds + perf_counter() - begin
        self.tried[cell] = Tried(replace(found.record, sweeps=sweeps, seconds=seconds), found.result)

    def _beats(self, record: SearchRecord, other: SearchRecord) -> bool:
        if record.is_sound != other.is_sound:
            return record.is_sound
        heights = [getattr(one, self.criterion) for one in (record, other)]
        return bool(heights[0] > heights[1] if LARGER_IS_BETTER[self.criterion] else heights[0] < heights[1])

    def _training_sources(self) -> list[Source]:
        """All rows, and those of each fold."""
        return [self.source, *(self._rows(train) for train, _ in self.folds)]

    def _rows(self, numbers: np.ndarray) -> Source:
        return array_blocks(*self.source.take(numbers))

    def _try(self, cell: Cell, fits: list[CellFits], seconds: float) -> None:
        self.watching.begins(cell)
        begin = perf_counter()
        tried = self._tried(cell, fits)
        record = replace(tried.record, seconds=seconds + perf_counter() - begin)
        self.tried[cell] = Tried(record, tried.result)
        if self.watching.ends(cell, record):
            raise _EnoughError

    def _tried(self, cell: Cell, fits: list[CellFits]) -> Tried:
        nothing = SearchRecord(
            cell.covariance_type, cell.structure.name, cell.n_components, self._n_parameters(cell)
        )
        nothing = replace(nothing, noise=cell.noise is not None, prior=cell.prior_name)
        fewest = min(one.n_counted for one in fits)
        if cell.n_components > fewest:
            found = f"{cell.n_components} components need as many rows; there are {fewest}"
            where = " in a fold." if fewest < fits[0].n_counted else "."
            return Tried(replace(nothing, status=Status.NOT_POSSIBLE, reason=found + where), None)
        try:
            fitted = fits[0].fit(cell)
            held_out = self._held_out(cell, fits[1:]) if self.folds else np.nan
        except (ValueError, ArithmeticError, MemoryError) as error:
            reason = str(error) or type(error).__name__
            return Tried(replace(nothing, status=Status.FAILED, reason=reason), None)
        return Tried(self._record(nothing, fitted, held_out), fitted.result)

    def _n_parameters(self, cell: Cell) -> int:
        equal = self.settings.weights == "equal"
        return cell.structure.n_parameters(
            cell.n_components, self.source.n_features, equal_weights=equal, noise=cell.noise is not None
        )

    def _record(self, nothing: SearchRecord, fitted: Fitted, held_out: float) -> SearchRecord:
        price = nothing.n_parameters * float(np.log(self.source.total_weight))
        status, reason = Status.CONVERGED, ""
        if fitted.complaint or not fitted.result.best.sound:
            status, reason = Status.DEGENERATE, fitted.complaint
        elif not fitted.result.best.converged and self.settings.max_iter > 0:
            status, reason = (
                Status.NOT_CONVERGED,
                f"EM was still climbing at max_iter={self.settings.max_iter}.",
            )
        return replace(
            nothing,
            log_likelihood=fitted.log_likelihood,
            bic=-2.0 * fitted.log_likelihood + price,
            icl=-2.0 * fitted.classification_log_likelihood + price,
            aic=-2.0 * fitted.log_likelihood + 2.0 * nothing.n_parameters,
            cv=held_out,
            sweeps=fitted.result.best.n_iter,
            status=status,
            reason=reason,
        )

    def _held_out(self, cell: Cell, fits: list[CellFits]) -> float:
        """The mean log-density of each row under the model that is fitted to the other folds."""
        total = weight = 0.0
        for (_, test), one in zip(self.folds, fits, strict=True):
            source = self._rows(test)
            with ThreadSweep(source, 1) as sweep:
                total += sweep.log_likelihood(one.fit(cell).result.best.parameters)
            weight += source.total_weight
        return total / weight
