"""The components of a fitted mixture as a table that fits the terminal."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.table import Table

from softmix.cli.layout import plain_table
from softmix.plots.marginals import standard_deviations

_MAX_COMPONENTS = 20
_LONGEST_NAME = 18
# Component, weight and rows, with the gaps between them.
_FIXED_WIDTH, _GAP = 32, 2
# Larger numbers are easier to read with an exponent.
_WRITTEN_OUT = 1e7


def components_table(
    model: Any, names: Sequence[str], width: int, total_weight: float | None = None
) -> tuple[Table, list[str]]:
    """A row for each component, and what to say below it.

    Parameters
    ----------
    model : GaussianMixture
    names : sequence of str
        Of the columns.
    width : int
        Of the terminal. Columns that do not fit are left out, and a note says so.
    total_weight : float or None
        Of the rows that were fitted, for effective counts.
    """
    n_shown = min(len(model.weights_), _MAX_COMPONENTS)
    deviations = standard_deviations(model)
    cells = [
        [measure(m, s) for m, s in zip(*pair, strict=True)]
        for pair in zip(model.means_, deviations, strict=True)
    ]
    heads = [name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…" for name in names]
    n_columns = _how_many_fit(heads, cells[:n_shown], width)
    table = plain_table()
    counted = () if total_weight is None else ("rows",)
    for head in ("component", "weight", *counted, *heads[:n_columns]):
        table.add_column(head, justify="right", no_wrap=True)
    for k in range(n_shown):
        count = () if total_weight is None else (f"{model.weights_[k] * total_weight:,.1f}",)
        table.add_row(str(k), f"{model.weights_[k]:.4f}", *count, *cells[k][:n_columns])
    return table, _notes(n_shown, len(model.weights_), n_columns, len(names), total_weight is not None)


def measure(mean: float, deviation: float) -> str:
    """'2.037 ± 0.266': three digits of the deviation, and the mean to the same place."""
    if not (deviation > 0 and np.isfinite(deviation)):
        return f"{mean:.6g} ± {deviation:.3g}"
    places = 2 - int(np.floor(np.log10(deviation)))
    if places <= 5 and max(abs(mean), deviation) < _WRITTEN_OUT:
        places = max(places, 0)
        return f"{_round(mean, places):.{places}f} ± {deviation:.{places}f}"
    digits = 3 if mean == 0 else int(np.floor(np.log10(abs(mean)))) + places + 1
    return f"{mean:.{min(max(digits, 3), 15)}g} ± {deviation:.3g}"


def _round(value: float, places: int) -> float:
    return round(value, places) + 0.0  # turns −0 into 0


def _how_many_fit(heads: list[str], cells: list[list[str]], width: int) -> int:
    left, fitting = width - _FIXED_WIDTH, 0
    for j, head in enumerate(heads):
        left -= _GAP + max(len(head), *(len(row[j]) for row in cells))
        if left < 0:
            break
        fitting += 1
    return max(fitting, 1)


def _notes(n_shown: int, n_components: int, n_columns: int, n_names: int, counted: bool) -> list[str]:
    rows = "rows: effective, weight × all rows; " if counted else ""
    notes = [f"{rows}columns: mean ± standard deviation"]
    hidden = []
    if n_shown < n_components:
        hidden.append(f"{n_components - n_shown} more components")
    if n_columns < n_names:
        hidden.append(f"{n_names - n_columns} more column{'s' if n_names - n_columns > 1 else ''}")
    if hidden:
        notes.append(f"Not shown: {' and '.join(hidden)}. --json shows all.")
    return notes
