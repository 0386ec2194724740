"""A line in a cell of a notebook: one output, which is changed in place and stays in the file.

It is Jupyter's own display handle, and asks for neither widgets nor rich, whose display needs them.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from html import escape
from time import monotonic
from typing import Any

_EVERY = 0.1  # seconds: each change is a message to the browser


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


class CellLine:
    """A line that is shown, at most ten times a second, and once more at its end.

    Parameters
    ----------
    display : callable
        IPython's `display`.
    clock : callable
        Gives the seconds.
    """

    def __init__(self, display: Callable[..., Any], clock: Callable[[], float] = monotonic) -> None:
        self._display, self._clock = display, clock
        self._begin, self._shown = clock(), -_EVERY
        self._handle: Any = None
        self._told: tuple[str, int | None, int | None] | None = None

    def __call__(self, text: str, done: int | None = None, of: int | None = None) -> None:
        self._told = text, done, of
        if self._clock() - self._shown >= _EVERY:
            self._show()

    def ends(self) -> None:
        if self._told is not None:
            self._show()

    def _show(self) -> None:
        assert self._told is not None  # noqa: S101 (asked by the callers)
        text, done, of = self._told
        now = self._clock()
        counted = [] if of is None else [f"{done} of {of}"]
        line = " · ".join([text, *counted, str(timedelta(seconds=int(now - self._begin)))])
        bundle = {"text/plain": line}
        if of is not None:
            bundle["text/html"] = f'<progress value="{done}" max="{of}"></progress> {escape(line)}'
        if self._handle is None:
            self._handle = self._display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)
        self._shown = now


@contextmanager
def cell_line() -> Iterator[CellLine]:
    """A line in the cell that is running."""
    from IPython.display import display  # noqa: PLC0415 (there is one, since there is a kernel)

    line = CellLine(display)
    try:
        yield line
    finally:
        line.ends()
