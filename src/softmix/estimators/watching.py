"""Who is told of a fit: `verbose`, `progress`, and scikit-learn's callbacks, all at once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from softmix.blocks import Source
from softmix.estimators.callbacks import CallbackWatcher
from softmix.estimators.progress import progress_display
from softmix.estimators.verbose import PrintingWatcher
from softmix.fit import Watcher


class Watchers(Watcher):
    """Tells several watchers; one that says stop is heeded."""

    def __init__(self, watchers: Sequence[Watcher]) -> None:
        self._watchers = watchers

    def run_begins(self, run: int) -> None:
        for watcher in self._watchers:
            watcher.run_begins(run)

    def iteration_ends(self, iteration: int, lower_bound: float, change: float) -> bool:
        told = [watcher.iteration_ends(iteration, lower_bound, change) for watcher in self._watchers]
        return any(told)

    def run_ends(self, lower_bound: float, converged: bool) -> None:
        for watcher in self._watchers:
            watcher.run_ends(lower_bound, converged)


@contextmanager
def watching(estimator: Any, source: Source) -> Iterator[Watcher]:
    """All that the parameters and callbacks of `estimator` ask for, while its fit lasts."""
    with progress_display(estimator.progress, source) as display:
        verbose = int(estimator.verbose)
        watchers = [
            *([PrintingWatcher(verbose, estimator.verbose_interval)] if verbose else []),
            *([] if display is None else [display]),
            *CallbackWatcher.of(estimator),
        ]
        yield Watchers(watchers)
        for watcher in watchers:
            if isinstance(watcher, CallbackWatcher):
                watcher.fit_ends()
