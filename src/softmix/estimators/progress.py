"""What `progress` shows: run, sweep, log-likelihood, the gain still to come, rows a second."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite
from time import monotonic
from typing import Any

from softmix.blocks import Source
from softmix.estimators.screen import screen
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
        self._run, self._iteration, self._recent = 0, 0, [0.0]
        self._since, self._last_iteration = 0.0, 0

    def run_begins(self, run: int) -> None:
        self._run, self._recent, self._last_iteration = run, [], 0
        self._since = self._clock()
        self._show(f"run {run + 1}, finding a start")

    def iteration_ends(self, iteration: int, lower_bound: float, change: float) -> None:  # noqa: ARG002
        self._recent, self._iteration = [*self._recent[-2:], lower_bound], iteration
        now = self._clock()
        if not self._recent[:-1]:
            # The first sweep of a run comes after its start, whose time is not the sweep's.
            self._since, self._last_iteration = now, iteration
        if now - self._shown < _EVERY:
            return
        self._show(self._line(iteration, lower_bound, now))
        self._shown, self._since, self._last_iteration = now, now, iteration

    def run_ends(self, lower_bound: float, converged: bool) -> None:  # noqa: ARG002
        if self._recent:
            # What is shown last may stay.
            self._show(self._line(self._iteration, lower_bound, self._clock()))
        self._recent = []

    def _line(self, iteration: int, lower_bound: float, now: float) -> str:
        # Short: all of it should fit in a terminal of 80 columns.
        parts = [f"run {self._run + 1}, sweep {iteration}", f"{lower_bound:.6f} nats/row"]
        if len(self._recent) == 3 and isfinite(to_come := projected_gain(*self._recent)):
            parts.append(f"{to_come:.1e} to come")
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
    with screen(progress) as tell:
        yield None if tell is None else ProgressWatcher(tell, source)
