"""Options that take one value or several: `-k 3`, `-k 1:9`, `--covariance full,diag`."""

from collections.abc import Sequence

import click

_MOST = 10_000


class Sizes(click.ParamType[tuple[int, ...]]):
    """Numbers of components: a number, a range with both ends, or several with commas."""

    name = "numbers"

    def convert(
        self, value: str | tuple[int, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        try:
            sizes = sorted({size for part in value.split(",") for size in _span(part)})
        except ValueError:
            self.fail(f"{value!r} is not a number from 1 up, a range such as 1:9, or several.", param, ctx)
        return tuple(sizes)


class Names(click.ParamType[tuple[str, ...]]):
    """Some of `known` with commas, or 'all'."""

    name = "names"

    def __init__(self, known: Sequence[str]) -> None:
        self.known = known

    def convert(
        self, value: str | tuple[str, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        names = value if isinstance(value, tuple) else tuple(name.strip() for name in value.split(","))
        unknown = [name for name in names if name not in self.known]
        if unknown and names != ("all",):
            self.fail(f"{unknown[0]!r} is not one of {', '.join(self.known)}, or all.", param, ctx)
        return names


def _span(part: str) -> range:
    """'3', or '1:9'."""
    ends = [int(end) for end in part.split(":")]
    first, last = ends[0], ends[-1]
    if len(ends) > 2 or not 1 <= first <= last <= _MOST:
        raise ValueError(part)
    return range(first, last + 1)
