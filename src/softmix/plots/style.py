"""What the pictures share: quiet axes, and a legend that says how heavy each component is."""

from typing import Any

import numpy as np

MOST_IN_LEGEND = 10
INK = "#333333"


def quiet_axes(ax: Any) -> None:
    """Two thin spines, thin ticks, a faint grid behind."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color("#999999")
    ax.tick_params(color="#999999", labelcolor=INK)
    ax.grid(color="#EEEEEE", linewidth=0.8)
    ax.set_axisbelow(True)


def component_legend(ax: Any, weights: np.ndarray, colours: np.ndarray) -> None:
    """A patch a component with its share of the rows; with many, the numbers in the picture do."""
    from matplotlib.lines import Line2D  # noqa: PLC0415

    if len(weights) > MOST_IN_LEGEND:
        return
    handles = [
        Line2D([], [], marker="o", linestyle="", markersize=7, color=colour, label=f"{k}  ({weight:.0%})")
        for k, (weight, colour) in enumerate(zip(weights, colours, strict=True))
    ]
    legend = ax.legend(handles=handles, title="component", frameon=False, handletextpad=0.2, alignment="left")
    legend.get_title().set_color(INK)
