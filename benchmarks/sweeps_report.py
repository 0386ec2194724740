"""The figures of many_components.py and missing_values.py as sections of RESULTS.md."""

from typing import Any

from benchmarks import many_components, missing_values
from benchmarks.cells import Cell
from benchmarks.tables import mark, number, table

_Record = dict[str, Any]


def many_section(parts: _Record) -> str:
    figures = parts.get("many", {}).get("figures", [])
    if not figures:
        return ""
    rows = []
    for figure in figures:
        cell, target = Cell(figure["n"], figure["d"], figure["K"]), many_components.TARGETS[figure["kind"]]
        asked = figure["converged" if figure["kind"] == "separated" else "all"]
        row = [str(cell), figure["kind"], str(figure["threads"]), number(figure["dense_ms"])]
        row += [f"{figure['converged']:.3f}", f"{figure['all']:.3f}", f"≤ {target:g}", mark(asked <= target)]
        row += [f"{figure['grouped']} of {figure['sweeps']}", f"{figure['difference']:.1g}"]
        rows.append([*row, mark(figure["difference"] <= many_components.AGREEMENT)])
    head = [
        "n, d, K",
        "components",
        "threads",
        "dense sweep, ms",
        "converged / dense",
        "all / dense",
        "target",
    ]
    head += ["", "grouped sweeps", "parameters differ by", f"≤ {many_components.AGREEMENT:g}"]
    title = "## Many components: sweeps that may group rows beside dense ones (full, float64, time ratios)"
    return f"{title}\n\n{table(head, rows)}"


def missing_section(parts: _Record) -> str:
    figures = parts.get("missing", {}).get("figures", [])
    if not figures:
        return ""
    rows = []
    for figure in figures:
        own = figure["patterns"] is None
        row = [str(Cell(figure["n"], figure["d"], figure["K"])), figure["covariance"], figure["kind"]]
        row += ["one a row" if own else str(figure["patterns"]), number(figure["complete_ms"])]
        row += [number(figure["missing_ms"]), number(figure["first_ms"]), f"{figure['ratio']:.2f}"]
        met = mark(figure["ratio"] <= missing_values.TARGET)
        rows.append([*row, *(["", ""] if own else [f"≤ {missing_values.TARGET:g}", met])])
    head = [
        "n, d, K",
        "covariance",
        "components",
        "patterns",
        "complete sweep, ms",
        "with missing values, ms",
    ]
    head += ["its first, ms", "ratio", "target", ""]
    return (
        "## Missing values: a sweep with three values in ten missing beside one of complete rows\n\n"
        f"float64, one thread. The first sweep groups the rows by pattern.\n\n{table(head, rows)}"
    )
