"""The components of a fitted mixture as a table that fits the terminal."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.table import Table

from softmix.cli.layout import plain_table
from softmix.estimators.fitted import has_noise
from softmix.plots.marginals import standard_deviations

_MAX_COMPONENTS = 20
_LONGEST_NAME = 18
# What rich puts between two columns.
_GAP = 3
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
    weights, deviations = model.weights_[:n_shown], standard_deviations(model)
    names_shown, blank = list(map(str, range(n_shown))), []
    if has_noise(model):
        names_shown, blank = [*names_shown, "noise"], ["uniform"]
        weights = np.append(weights, model.noise_weight_)
    always = [["component", *names_shown], ["weight", *(f"{w:.4f}" for w in weights)]]
    if total_weight is not None:
        always.append(["rows", *(f"{w * total_weight:,.1f}" for w in weights)])
    measured = [
        [_short(name), *map(measure, model.means_[:n_shown, j], deviations[:n_shown, j]), *blank]
        for j, name in enumerate(names)
    ]
    n_columns = _how_many_fit(always, measured, width)
    table = plain_table()
    head, *rows = zip(*always, *measured[:n_columns], strict=True)
    for name in head:
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table, _notes(
        n_shown, len(model.weights_), n_columns, len(names), counted=total_weight is not None
    )


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


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _how_many_fit(always: list[list[str]], measured: list[list[str]], width: int) -> int:
    left = width + _GAP - sum(_GAP + max(map(len, column)) for column in always)
    for number, column in enumerate(measured):
        left -= _GAP + max(map(len, column))
        if left < 0:
            return max(number, 1)
    return len(measured)


def _notes(n_shown: int, n_components: int, n_columns: int, n_names: int, *, counted: bool) -> list[str]:
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
