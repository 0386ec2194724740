"""What the sections of RESULTS.md share: numbers, marks and tables in Markdown."""

from collections.abc import Sequence


def number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f}"


def mark(met: bool) -> str:
    return "pass" if met else "**miss**"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
