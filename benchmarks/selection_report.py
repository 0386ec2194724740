"""The figures of selection.py as a section of RESULTS.md."""

from typing import Any

from benchmarks import selection

_Figures = dict[str, Any]


def selection_section(figures: _Figures) -> str:
    """Three tables, each beside its target; nothing where nothing was measured."""
    if not figures:
        return ""
    parts = [_mclust(figures["mclust"]), _large(figures["large"]), _known(figures["known"])]
    title = "## Choosing among mixtures: whole searches, one thread, CPU seconds, BIC (smaller is better)"
    return "\n\n".join([title, *parts])


def _mclust(figures: _Figures) -> str:
    if "skipped" in figures:
        return f"mclust: {figures['skipped']}."
    intro = (
        f"All structures, 1 to 9 components. Target: {selection.TARGET_MCLUST:g} times as fast as mclust. "
        "Two threads are timed by the clock."
    )
    lines = [
        intro,
        "",
        "| Rows | mclust s | softmix s | × | 2 threads s | × | mclust's best | BIC | softmix's best | BIC |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for problem in figures["problems"]:
        theirs, ours = problem["mclust"], problem["softmix"]
        lines.append(
            f"| {problem['problem']}: {problem['n']:,}, {problem['d']} | {theirs['seconds']:.2f} | "
            f"{ours['seconds']:.2f} | {theirs['seconds'] / ours['seconds']:.1f} | "
            f"{ours['two_threads_s']:.2f} | {theirs['seconds'] / ours['two_threads_s']:.1f} | "
            f"{theirs['model']}, {theirs['k']} | {theirs['bic']:,.1f} | "
            f"{ours['covariance_type']}, {ours['n_components']} | {ours['bic']:,.1f} |"
        )
    return "\n".join(lines)


def _large(figures: _Figures) -> str:
    intro = (
        f"Four structures, 1 to {figures['most']} components, {figures['n']:,} rows, {figures['d']} columns. "
        f"Target: {selection.TARGET_LARGE:g} of scikit-learn's time, and no worse a BIC."
    )
    lines = [
        intro,
        "",
        "| Library | seconds | share | best | BIC |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name in ("scikit-learn", "softmix"):
        found = figures[name]
        share = found["seconds"] / figures["scikit-learn"]["seconds"]
        lines.append(
            f"| {name} | {found['seconds']:.1f} | {share:.3f} | "
            f"{found['covariance_type']}, {found['n_components']} | {found['bic']:,.1f} |"
        )
    return "\n".join(lines)


def _known(figures: _Figures) -> str:
    intro = (
        f"{figures['problems']} samples of mixtures that are known, four structures, 1 to 10 components. "
        f"Target: the number found in {selection.TARGET_FOUND:.0%}, in no more than scikit-learn's time."
    )
    lines = [
        intro,
        "",
        "| Library | found | seconds | share |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name in ("scikit-learn", "softmix"):
        seconds = figures["seconds"][name]
        share = seconds / figures["seconds"]["scikit-learn"]
        lines.append(f"| {name} | {figures['found'][name]:.0%} | {seconds:.2f} | {share:.2f} |")
    return "\n".join(lines)
