"""Rows as points and components as ellipses, in two columns."""

from typing import TYPE_CHECKING, Any

import numpy as np

from softmix.plots.colours import blend, component_colours
from softmix.plots.style import INK, component_legend, quiet_axes

if TYPE_CHECKING:
    from softmix.plots.membership_display import MembershipDisplay

# Beyond this, points are drawn as pixels even in a PDF.
_MANY = 5_000


def draw(display: "MembershipDisplay", ax: Any) -> tuple[Any, list[Any]]:
    """Draw on `ax`; give the points and the ellipses."""
    colours = component_colours(len(display.weights))
    n = len(display.points)
    quiet_axes(ax)
    scatter = ax.scatter(
        *display.points.T,
        c=blend(display.resp, colours),
        s=float(np.clip(26 * (300 / max(n, 1)) ** 0.5, 4, 26)),
        alpha=0.85 if n <= _MANY else 0.5,
        linewidths=0,
        rasterized=n > _MANY,
        zorder=2,
    )
    ellipses = [
        ax.add_patch(ellipse)
        for mean, covariance, colour in zip(display.means, display.covariances, colours, strict=True)
        for ellipse in _ellipses(mean, covariance, colour)
    ]
    _number(ax, display.means, colours)
    ax.autoscale_view()
    ax.set_xlabel(display.names[0], color=INK)
    ax.set_ylabel(display.names[1], color=INK)
    component_legend(ax, display.weights, colours)
    return scatter, ellipses


def _ellipses(mean: np.ndarray, covariance: np.ndarray, colour: np.ndarray) -> list[Any]:
    """The component at one standard deviation, filled, and at two."""
    from matplotlib.patches import Ellipse  # noqa: PLC0415

    variances, axes = np.linalg.eigh(covariance)
    width, height = 2.0 * np.sqrt(np.maximum(variances, 0.0))
    angle = float(np.degrees(np.arctan2(axes[1, 0], axes[0, 0])))
    # Darker than the points, or the line is lost among those of its own component.
    common: dict[str, Any] = {"angle": angle, "edgecolor": colour * 0.75}
    return [
        Ellipse(
            (mean[0], mean[1]), width, height, facecolor=(*colour, 0.12), linewidth=1.4, zorder=3, **common
        ),
        Ellipse(
            (mean[0], mean[1]),
            2 * width,
            2 * height,
            facecolor="none",
            linewidth=1.0,
            alpha=0.7,
            zorder=3,
            **common,
        ),
    ]


def _number(ax: Any, means: np.ndarray, colours: np.ndarray) -> None:
    """Each component's number at its mean, so that colour is not the only sign."""
    from matplotlib.patheffects import withStroke  # noqa: PLC0415

    for k, (mean, colour) in enumerate(zip(means, colours, strict=True)):
        ax.annotate(
            str(k), mean, ha="center", va="center", color=colour * 0.7, weight="bold", zorder=4,
            path_effects=[withStroke(linewidth=3, foreground="white")],
        )  # fmt: skip
