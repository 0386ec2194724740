"""Who is told of the models of a search: `progress`, and scikit-learn's callbacks."""

from threading import Lock

from softmix.selection.callbacks import ModelTasks
from softmix.selection.progress import Told
from softmix.selection.record import SearchRecord
from softmix.selection.settings import Cell


class Watching:
    """Tells them, one call at a time, from whichever thread.

    Parameters
    ----------
    show : callable or None
        See `progress_shown`.
    tasks : ModelTasks
    n_done, n_models : int
        Models that an earlier fit has left, and all.
    """

    def __init__(self, show: Told | None, tasks: ModelTasks, n_done: int, n_models: int) -> None:
        self._show, self._tasks, self._lock = show, tasks, Lock()
        self._n_done, self._n_models = n_done, n_models

    def begins(self, cell: Cell) -> None:
        with self._lock:
            self._tasks.begins(cell)

    def ends(self, cell: Cell, record: SearchRecord) -> bool:
        """Whether no more models are wanted."""
        with self._lock:
            self._n_done += 1
            if self._show is not None:
                self._show(record, self._n_done, self._n_models)
            return self._tasks.ends(cell)
