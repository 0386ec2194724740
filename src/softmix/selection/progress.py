"""What `progress` shows: how many models are fitted, and the best of them so far."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from softmix.selection.record import SearchRecord, ranked

Told = Callable[[SearchRecord, int, int], None]


@contextmanager
def progress_shown(progress: bool | str | Told, criterion: str) -> Iterator[Told | None]:
    """What to call with (record, models fitted, models in all) after each model; None for nothing.

    True is a bar on standard error or in a notebook, 'auto' one where somebody may look at it.

    Raises
    ------
    ImportError
        If `progress` is True and rich is not installed.
    """
    if progress is False or callable(progress):
        yield progress or None
        return
    try:
        from rich.console import Console  # noqa: PLC0415 (an extra, and only for this)
        from rich.progress import Progress, TimeElapsedColumn  # noqa: PLC0415
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
    columns = *Progress.get_default_columns(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=console.is_terminal) as bar:
        task, best = bar.add_task("Fitting models", total=None), _BestSoFar(criterion)

        def show(record: SearchRecord, n_done: int, n_models: int) -> None:
            bar.update(
                task,
                completed=n_done,
                total=n_models,
                description=best.after(record),
                refresh=n_done == n_models,
            )

        yield show


class _BestSoFar:
    """The best model of those seen, in words."""

    def __init__(self, criterion: str) -> None:
        self._criterion = criterion
        self._best: list[SearchRecord] = []

    def after(self, record: SearchRecord) -> str:
        seen = [*self._best, record]
        self._best = [seen[number] for number in ranked(seen, self._criterion)[:1]]
        if not self._best:
            return "Fitting models"
        (best,) = self._best
        return (
            f"Best of the models so far: {best.name}, {best.n_components}, "
            f"{self._criterion} {getattr(best, self._criterion):,.2f}"
        )
