"""What `progress` shows: how many models are fitted, and the best of them so far."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from softmix.estimators.screen import screen
from softmix.selection.record import SearchRecord, ranked

_BEGUN = "Fitting models"

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
    with screen(progress, counts=True) as tell:
        if tell is None:
            yield None
            return
        best = _BestSoFar(criterion)
        tell(_BEGUN)

        def show(record: SearchRecord, n_done: int, n_models: int) -> None:
            tell(best.after(record), n_done, n_models)

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
            return _BEGUN
        (best,) = self._best
        return (
            f"Best of the models so far: {best.name}, {best.n_components}, "
            f"{self._criterion} {getattr(best, self._criterion):,.2f}"
        )
