"""Components as ellipses, and their numbers at their means.

An ellipse at radius ρ is the set of x with (x − μ)ᵀ Σ⁻¹ (x − μ) = ρ²: its half-axes are ρ times the
square roots of Σ's eigenvalues. In two columns it holds the share 1 − exp(−ρ²/2) of its component.
"""

from typing import Any

import numpy as np

from softmix.plots.marginals import Marginal
from softmix.plots.style import INK, mark

_FONT_SIZE = 9.5
# Numbers nearer than this, in points, are moved apart; one that was moved further gets a line.
_APART, _NEEDS_LINE = 15.0, 7.0
_ROUNDS = 200
# More numbers than these cannot all be read, wherever they go.
_MOST_MOVED = 60


def radius_holding(probability: float) -> float:
    """The radius of the ellipse that holds `probability` of its component, in two columns.

    Raises
    ------
    ValueError
        If it is not between 0 and 1.
    """
    if not 0.0 < probability < 1.0:
        raise ValueError(f"probability must be between 0 and 1. Got {probability!r}.")
    return float(np.sqrt(-2.0 * np.log1p(-probability)))


def ellipse_mark(probability: float) -> Any:
    """The legend's entry of ellipses that hold `probability`."""
    text = f"{100 * probability:g} % of a component"
    return mark(text, markerfacecolor="#EEEEEE", markeredgecolor=INK, markersize=11)


def draw_ellipses(ax: Any, mixture: Marginal, colours: np.ndarray, radii: tuple[float, ...]) -> list[Any]:
    """Each component at each of `radii`, the first filled; component by component."""
    from matplotlib.patches import Ellipse  # noqa: PLC0415

    drawn = []
    for mean, covariance, colour in zip(mixture.means, mixture.covariances, colours, strict=True):
        variances, axes = np.linalg.eigh(covariance)
        width, height = 2.0 * np.sqrt(np.maximum(variances, 0.0))
        for number, radius in enumerate(radii):
            ellipse = Ellipse(
                (mean[0], mean[1]),
                radius * width,
                radius * height,
                angle=float(np.degrees(np.arctan2(axes[1, 0], axes[0, 0]))),
                # Darker than the points, or the line is lost among those of its own component.
                edgecolor=(*(colour * 0.75), 0.7 if number else 1.0),
                facecolor="none" if number else (*colour, 0.1),
                linewidth=1.0 if number else 1.4,
                zorder=3,
            )
            drawn.append(ax.add_patch(ellipse))
    ax.autoscale_view()
    return drawn


def number_means(ax: Any, mixture: Marginal, colours: np.ndarray, size: float = _FONT_SIZE) -> list[Any]:
    """Each component's number at its mean, so that colour is not the only sign; none hides another.

    Call it when the limits of `ax` are as they will be.
    """
    from matplotlib.patheffects import withStroke  # noqa: PLC0415

    at = ax.transData.transform(mixture.means) * 72.0 / ax.figure.dpi
    texts = []
    for k, (offset, colour) in enumerate(zip(_moves(at, _APART * size / _FONT_SIZE), colours, strict=True)):
        line = {"arrowstyle": "-", "color": colour * 0.7, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}
        texts.append(
            ax.annotate(
                str(k), mixture.means[k], offset, textcoords="offset points", ha="center", va="center",
                color=colour * 0.7, weight="bold", fontsize=size, zorder=5,
                path_effects=[withStroke(linewidth=3, foreground="white")],
                arrowprops=line if np.hypot(*offset) > _NEEDS_LINE else None,
            )
        )  # fmt: skip
    return texts


def _moves(at: np.ndarray, apart: float) -> np.ndarray:
    """How far to move what stands at `at` (K, 2) so that no two are nearer than `apart`."""
    if len(at) > _MOST_MOVED:
        return np.zeros_like(at)
    moved = at.copy()
    first, second = np.triu_indices(len(at), 1)
    # Of two in the same place each needs a direction of its own.
    angle = np.arange(len(first)) * np.pi * (3.0 - np.sqrt(5.0))
    some_way = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    for _ in range(_ROUNDS):
        between = moved[second] - moved[first]
        distance = np.hypot(*between.T)
        short = np.maximum(apart - distance, 0.0)
        if not short.any():
            break
        way = np.where(distance[:, None] > 1e-6, between / np.maximum(distance, 1e-6)[:, None], some_way)
        np.add.at(moved, first, -0.51 * short[:, None] * way)
        np.add.at(moved, second, 0.51 * short[:, None] * way)
    return moved - at
