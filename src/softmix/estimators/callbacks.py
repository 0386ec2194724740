"""scikit-learn's callbacks (`set_callbacks`, from 1.9 on) told of a fit: its runs, and their sweeps."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from softmix.fit import Watcher

__all__ = ["CallbackSupportMixin", "CallbackWatcher", "callbacks_told"]

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """scikit-learn before 1.9 has no callbacks."""


@contextmanager
def callbacks_told(estimator: Any, **data: Any) -> Iterator[None]:
    """A fit as the outermost task of its callbacks: set up, begun, and, if it goes well, ended.

    Taking down what was set up is scikit-learn's, whatever happens.
    """
    if not hasattr(estimator, "_init_callback_context"):
        yield
        return
    task = estimator._init_callback_context(max_subtasks=estimator.n_init)  # noqa: SLF001 (the protocol)
    task.call_on_fit_task_begin(estimator=estimator, **data)
    yield
    # Nothing is to be added to a copy of the estimator: it is fitted.
    task.call_on_fit_task_end(estimator=estimator, **data, reconstruction_attributes=dict)


class CallbackWatcher(Watcher):
    """Tells callbacks of each run as a task, and of each sweep as a task in it.

    How many sweeps there will be is not known, and so not said.
    """

    def __init__(self, estimator: Any) -> None:
        self._estimator, self._fit = estimator, estimator._callback_fit_ctx  # noqa: SLF001
        self._run: Any = None

    @classmethod
    def of(cls, estimator: Any) -> "list[CallbackWatcher]":
        """One, where `estimator` has callbacks."""
        return [cls(estimator)] if getattr(estimator, "_skl_callbacks", None) else []

    def run_begins(self, run: int) -> None:  # noqa: ARG002 (tasks are counted by their parent)
        self.fit_ends()
        self._run = self._fit.subcontext(task_name="run", max_subtasks=None)
        self._run.call_on_fit_task_begin(estimator=self._estimator)

    def iteration_ends(self, iteration: int, lower_bound: float, change: float) -> bool:  # noqa: ARG002
        sweep = self._run.subcontext(task_name="sweep")
        sweep.call_on_fit_task_begin(estimator=self._estimator)
        return bool(sweep.call_on_fit_task_end(estimator=self._estimator))

    def fit_ends(self) -> None:
        """The last run is over: only now, because components may have been placed anew in it."""
        if self._run is not None:
            self._run.call_on_fit_task_end(estimator=self._estimator)
            self._run = None
