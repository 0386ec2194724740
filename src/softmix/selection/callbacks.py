"""scikit-learn's callbacks (`set_callbacks`, from 1.9 on) told of a search: each model is a task."""

from typing import Any

from softmix.estimators.callbacks import CallbackSupportMixin
from softmix.selection.settings import Cell

__all__ = ["CallbackSupportMixin", "ModelTasks", "begin_search", "end_search", "set_up_callbacks"]


def set_up_callbacks(estimator: Any) -> None:
    """Set up the callbacks of `estimator`; taking them down is scikit-learn's, whatever happens."""
    if hasattr(estimator, "_init_callback_context"):
        estimator._init_callback_context(  # noqa: SLF001 (the protocol)
            task_name="search", max_subtasks=None, sequential_subtasks=False
        )


def begin_search(estimator: Any, n_models: int, **data: Any) -> None:
    """Say that a search over so many models begins: only now is the grid known."""
    task = getattr(estimator, "_callback_fit_ctx", None)
    if task is not None:
        task.max_subtasks = n_models
        task.call_on_fit_task_begin(estimator=estimator, **data)


def end_search(estimator: Any, **data: Any) -> None:
    """Say that a search went well."""
    task = getattr(estimator, "_callback_fit_ctx", None)
    if task is not None:
        # Nothing is to be added to a copy of the estimator: it is fitted.
        task.call_on_fit_task_end(estimator=estimator, **data, reconstruction_attributes=dict)


class ModelTasks:
    """The models of a search as tasks of its callbacks. Not for two threads at once."""

    def __init__(self, estimator: Any) -> None:
        self._estimator = estimator
        told = getattr(estimator, "_skl_callbacks", None)
        self._search = getattr(estimator, "_callback_fit_ctx", None) if told else None
        self._tasks: dict[Cell, Any] = {}

    def begins(self, cell: Cell) -> None:
        if self._search is not None:
            name = f"{cell.name}, {cell.n_components}"
            self._tasks[cell] = self._search.subcontext(task_name=name, task_id=len(self._tasks))
            self._tasks[cell].call_on_fit_task_begin(estimator=self._estimator)

    def ends(self, cell: Cell) -> bool:
        """Whether a callback wants no more models."""
        if self._search is None:
            return False
        return bool(self._tasks[cell].call_on_fit_task_end(estimator=self._estimator))
