"""The figures of solution.py as sections of RESULTS.md."""

from statistics import median
from typing import Any

from benchmarks import solution
from benchmarks.tables import mark, table

_Record = dict[str, Any]


def solution_section(parts: _Record) -> str:
    figures = parts.get("solution", {}).get("figures", {}).get("time", [])
    if not figures:
        return ""
    rows = [
        [f"{figure['problem']}: {figure['n']:,}, {figure['d']}, {figure['K']}", figure["contestant"],
         f"{1e3 * figure['seconds']:.1f}", f"{figure['ratio']:.3g}", f"{figure['height']:.4f}",
         f"{100 * figure['found']:.0f} %"]
        for figure in figures
    ]  # fmt: skip
    head = ["Problem: n, d, K", "Library", "CPU ms", "× scikit-learn", "log-likelihood per row", "found"]
    return (
        "## Time to solution: defaults, one thread, medians over seeds\n\n"
        "*Found*: the share of fits within 0.01 nats a row of the best that any fit here reached.\n\n"
        f"{_median_ratios(figures)}\n\n" + table(head, rows)
    )


def _median_ratios(figures: list[_Record]) -> str:
    """softmix's time beside scikit-learn's: the medians over problems that the targets are about."""
    ours = [figure for figure in figures if figure["contestant"] == "softmix"]
    large, small = (
        [f["ratio"] for f in ours if (f["n"] >= solution.LARGE) is wanted] for wanted in (True, False)
    )
    parts = [
        f"{len(ratios)} problems {words}: {median(ratios):.2g} "
        f"(target {target:g}, {mark(median(ratios) <= target)})"
        for words, ratios, target in (
            (f"below {solution.LARGE:,} rows", small, 2.0),
            (f"from {solution.LARGE:,} rows on", large, 0.1),
        )
        if ratios
    ]
    return f"Median time of softmix in scikit-learn's: {'; '.join(parts)}."


def sweeps_section(parts: _Record) -> str:
    figures = parts.get("solution", {}).get("figures", {}).get("sweeps", [])
    if not figures:
        return ""
    rows = [
        [f"{figure['distance']:g}", f"{figure['em']:.1f}", f"{figure['squarem']:.1f}",
         f"{figure['squarem'] / figure['em']:.2f}"]
        for figure in figures
    ]  # fmt: skip
    head = ["nats a row from the limit", "EM", "SQUAREM", "share"]
    return (
        "## Sweeps that the acceleration saves: means over problems and k-means starts\n\n"
        f"The same {figures[0]['fits']} starts; a sweep that lost counts.\n\n" + table(head, rows)
    )
