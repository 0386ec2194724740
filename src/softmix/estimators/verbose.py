"""What `verbose` prints: one line a run, one every `verbose_interval` iterations."""

from time import perf_counter

from softmix.fit import Watcher


class PrintingWatcher(Watcher):
    """Prints to standard output, as scikit-learn's `verbose` does.

    Parameters
    ----------
    level : int
        1 names iterations; 2 adds seconds and the change of the log-likelihood.
    interval : int
        Iterations between two lines.
    """

    def __init__(self, level: int, interval: int) -> None:
        self._level, self._interval = level, interval
        self._begin = self._last = perf_counter()

    def run_begins(self, run: int) -> None:
        self._begin = self._last = perf_counter()
        print(f"Initialization {run}")

    def iteration_ends(self, iteration: int, lower_bound: float, change: float) -> None:
        if iteration % self._interval:
            return
        line = f"  Iteration {iteration}"
        if self._level >= 2:
            now = perf_counter()
            line += f"\t time lapse {now - self._last:.5f}s\t ll {lower_bound:.5f}\t ll change {change:.5f}"
            self._last = now
        print(line)

    def run_ends(self, lower_bound: float, converged: bool) -> None:
        line = f"Initialization {'converged' if converged else 'did not converge'}."
        if self._level >= 2:
            line += f"\t time lapse {perf_counter() - self._begin:.5f}s\t lower bound {lower_bound:.5f}."
        print(line)
