"""The looks that all reports share."""

import shutil
from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table

_ANY_WIDTH = 10_000


def plain_table() -> Table:
    """A table with one line under its head."""
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")


def fits_terminal(table: Table) -> bool:
    """Whether no column of `table` is cut."""
    return Console(width=_ANY_WIDTH).measure(table).maximum <= shutil.get_terminal_size().columns


def facts(pairs: Iterable[tuple[str, str]]) -> Table:
    """Names on the left, what is said of them on the right."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, said in pairs:
        grid.add_row(name, said)
    return grid
