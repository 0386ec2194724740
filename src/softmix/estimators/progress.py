"""What `progress` shows: run, sweep, log-likelihood, the gain still to come, rows a second."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from softmix.blocks import Source
from softmix.fit import Watcher
from softmix.fit.stopping import projected_gain

_EVERY = 0.1  # seconds: sweeps of small data come faster than eyes


class ProgressWatcher(Watcher):
    """Puts a fit into a line of text.

    Parameters
    ----------
    show : callable
        Given the line, at most ten times a second.
    source : Source
    clock : callable
        Gives the seconds.
    """

    def __init__(self, show: Any, source: Source, clock: Any = monotonic) -> None:
        self._show, self._source, self._clock = show, source, clock
        self._shown = -_EVERY
        self._run, self._recent = 0, [0.0]
        self._since, self._last_iteration = 0.0, 0

    def run_begins(self, run: int) -> None:
        self._run, self._recent, self._last_iteration = run, [], 0
        self._since = self._clock()
        self._show(f"run {run + 1}, finding a start")

    def iteration_ends(self, iteration: int, lower_bound: float, change: float) -> None:  # noqa: ARG002
        self._recent = [*self._recent[-2:], lower_bound]
        now = self._clock()
        if not self._recent[:-1]:
            # The first sweep of a run comes after its start, whose time is not the sweep's.
            self._since, self._last_iteration = now, iteration
        if now - self._shown < _EVERY:
            return
        self._show(self._line(iteration, lower_bound, now))
        self._shown, self._since, self._last_iteration = now, now, iteration

    def run_ends(self, lower_bound: float, converged: bool) -> None:  # noqa: ARG002
        self._recent = []

    def _line(self, iteration: int, lower_bound: float, now: float) -> str:
        # Short: all of it should fit in a terminal of 80 columns.
        parts = [f"run {self._run + 1}, sweep {iteration}", f"{lower_bound:.6f} nats/row"]
        if len(self._recent) == 3:
            parts.append(f"{projected_gain(*self._recent):.1e} to come")
        sweeps, seconds = iteration - self._last_iteration, now - self._since
        if sweeps > 0 and seconds > 0:
            parts.append(f"{_in_short(sweeps * self._source.n_rows / seconds)} rows/s")
        return " · ".join(parts)


def _in_short(rate: float) -> str:
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if rate >= size:
            return f"{rate / size:.1f}{unit}"
    return f"{rate:.0f}"


@contextmanager
def progress_display(progress: bool | str, source: Source) -> Iterator[Watcher | None]:
    """A line on standard error or in a notebook that follows the fit; None where none is wanted.

    Raises
    ------
    ImportError
        If `progress` is True and rich is not installed.
    """
    if progress is False:
        yield None
        return
    try:
        from rich.console import Console  # noqa: PLC0415 (an extra, and only for this)
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    except ImportError as error:
        if progress == "auto":
            yield None
            return
        raise ImportError(
            'progress=True needs rich, which is not installed: pip install "softmix[cli]"', name="rich"
        ) from error
    console = Console(stderr=True)
    if progress == "auto" and not (console.is_terminal or console.is_jupyter):
        yield None
        return
    columns = SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
    # A terminal shows what comes next in its place; a cell of a notebook keeps it.
    with Progress(*columns, console=console, transient=not console.is_jupyter) as display:
        task = display.add_task("", total=None)
        yield ProgressWatcher(lambda line: display.update(task, description=line), source)
