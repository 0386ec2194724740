"""Where `progress` is shown: in a cell of a notebook, in a terminal, or nowhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from softmix.estimators.cell import cell_line, in_notebook

if TYPE_CHECKING:
    from rich.console import Console


class Tell(Protocol):
    """Shows a line in place of the last; of what can be counted, how many of how many are `done`."""

    def __call__(self, text: str, done: int | None = None, of: int | None = None) -> None: ...


@contextmanager
def screen(progress: bool | str, *, counts: bool = False) -> Iterator[Tell | None]:
    """What shows a line while it lasts; None where nobody wants one, or would see it.

    True is a line on standard error or in a notebook, 'auto' one where somebody may look at it.

    Parameters
    ----------
    progress : bool or 'auto'
    counts : bool
        Whether it is told how many are done, and shows a bar.

    Raises
    ------
    ImportError
        If `progress` is True, and a terminal needs rich, which is not installed.
    """
    if progress is False:
        yield None
    elif in_notebook():
        with cell_line() as tell:
            yield tell
    elif (console := console_for(progress)) is None:
        yield None
    else:
        with _terminal_line(console, counts=counts) as tell:
            yield tell


def console_for(progress: bool | str) -> "Console | None":
    """Standard error as rich writes to it; None where 'auto' finds no terminal, or no rich.

    Raises
    ------
    ImportError
        If `progress` is True and rich is not installed.
    """
    try:
        from rich.console import Console  # noqa: PLC0415 (an extra, and only for this)
    except ImportError as error:
        if progress == "auto":
            return None
        raise ImportError(
            'progress=True needs rich, which is not installed: pip install "softmix[cli]"', name="rich"
        ) from error
    console = Console(stderr=True, force_jupyter=False)
    return None if progress == "auto" and not console.is_terminal else console


@contextmanager
def _terminal_line(console: "Console", *, counts: bool) -> Iterator[Tell]:
    from rich import progress as shown  # noqa: PLC0415 (an extra, and only for this)

    text, elapsed = shown.TextColumn("{task.description}", markup=False), shown.TimeElapsedColumn()
    bar = shown.BarColumn(), shown.TaskProgressColumn(), shown.TimeRemainingColumn()
    columns = (text, *bar, elapsed) if counts else (shown.SpinnerColumn(), text, elapsed)
    # A terminal shows what comes next in its place; a file keeps the last line.
    with shown.Progress(*columns, console=console, transient=console.is_terminal) as display:
        task = display.add_task("", total=None)

        def tell(text: str, done: int | None = None, of: int | None = None) -> None:
            display.update(
                task, description=text, completed=done, total=of, refresh=of is not None and done == of
            )

        yield tell
