"""What the pictures share: quiet axes, legends, and a line that says which rows are drawn."""

from collections.abc import Sequence
from typing import Any

import numpy as np

MOST_IN_LEGEND = 16
# Entries of a legend, below one another, that are as high as a figure.
_HIGH = 18
INK, FAINT = "#333333", "#999999"


def quiet_axes(ax: Any) -> None:
    """Two thin spines, thin ticks, a faint grid behind."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(FAINT)
    ax.tick_params(color=FAINT, labelcolor=INK)
    ax.grid(color="#EEEEEE", linewidth=0.8)
    ax.set_axisbelow(True)


def plain(text: str) -> str:
    """`text` as it is: to matplotlib $ begins a formula, and _ a label that is hidden."""
    return (" " if text.startswith("_") else "") + text.replace("$", r"\$")


def name_axes(ax: Any, names: Sequence[str]) -> None:
    """The names of one or two columns along the axes."""
    ax.set_xlabel(plain(names[0]), color=INK)
    if len(names) > 1:
        ax.set_ylabel(plain(names[1]), color=INK)


def mark(label: str, **style: Any) -> Any:
    """A marker in the legend."""
    from matplotlib.lines import Line2D  # noqa: PLC0415

    shape: dict[str, Any] = {"marker": "o", "markersize": 7, **style}
    return Line2D([], [], linestyle="", label=plain(label), **shape)


def component_marks(
    weights: np.ndarray, colours: np.ndarray, markers: Sequence[str] | None = None
) -> list[Any]:
    """A mark a component with its share of the rows; none with many, whose numbers are in the picture."""
    if len(weights) > MOST_IN_LEGEND:
        return []
    markers = ["o"] * len(weights) if markers is None else markers
    return [
        mark(f"{k}  ({weight:.0%})", marker=marker, color=colour)
        for k, (weight, colour, marker) in enumerate(zip(weights, colours, markers, strict=True))
    ]


def legend(ax: Any, handles: Sequence[Any], title: str) -> Any:
    """A legend beside the axes, where it hides nothing; None if it is empty.

    It is in the axes where the figure would not make room for it.
    """
    if not handles:
        return None
    inside = ax.figure.get_layout_engine() is None
    place = {"loc": "best"} if inside else {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0)}
    made = ax.legend(
        handles=list(handles), title=title, frameon=inside, framealpha=0.8, edgecolor="none",
        ncols=1 + (len(handles) - 1) // _HIGH, handletextpad=0.4, alignment="left", fontsize="small",
        title_fontsize="small", **place,
    )  # fmt: skip
    made.get_title().set_color(INK)
    return made


def tell(ax: Any, note: str) -> None:
    """Say in small print above the axes which rows are drawn; nothing where there is nothing to say."""
    if note:
        ax.set_title(note, fontsize="small", color=INK, loc="left")
