"""Rows as points: how large, how many before they are pixels, and in which colour and marker."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from softmix.plots.colours import component_colours, noise_colour
from softmix.plots.marginals import Marginal
from softmix.plots.style import MOST_IN_LEGEND, mark

# Beyond this, points are drawn as pixels even in a PDF.
_MANY = 5_000
_LARGEST, _SMALLEST = 26.0, 4.0
# With the colours they make pairs that repeat nowhere among the first 14 × 11.
MARKERS = ("o", "s", "^", "D", "v", "P", "<", "X", ">", "p", "h")
NOISE_MARKER = "x"


def point_style(n: int) -> dict[str, Any]:
    """Size, transparency and rasterisation of `n` points."""
    return {
        "s": float(np.clip(_LARGEST * (300 / max(n, 1)) ** 0.5, _SMALLEST, _LARGEST)),
        "alpha": 0.85 if n <= _MANY else 0.5,
        "rasterized": n > _MANY,
        "zorder": 2,
    }


def is_noise(label: Any) -> bool:
    """Whether a label says that its rows are in no component."""
    return not isinstance(label, str) and bool(label == -1)


def label_styles(classes: Sequence[Any]) -> dict[Any, tuple[np.ndarray, str]]:
    """The colour and marker of each label; −1 is the noise, in grey crosses."""
    kept = [label for label in classes if not is_noise(label)]
    colours = component_colours(len(kept))
    styles = {label: (colours[i], MARKERS[i % len(MARKERS)]) for i, label in enumerate(kept)}
    return styles | {label: (noise_colour(), NOISE_MARKER) for label in classes if is_noise(label)}


def label_shares(labels: np.ndarray, mixture: Marginal | None) -> dict[Any, float]:
    """The share of each label: the weight of its component, else the share of the rows that have it."""
    found, counts = np.unique(labels, return_counts=True)
    shares = dict(zip(found.tolist(), counts / len(labels), strict=True))
    if mixture is not None:
        shares |= dict(enumerate(mixture.weights)) | ({} if mixture.noise is None else {-1: mixture.noise})
    return shares


def label_marks(
    styles: dict[Any, tuple[np.ndarray, str]], shares: dict[Any, float], *, shapes: bool
) -> list[Any]:
    """Legend entries of the labels; of many only the noise, since their numbers are in the picture."""
    few = sum(not is_noise(label) for label in styles) <= MOST_IN_LEGEND
    return [
        mark(
            f"{'noise' if is_noise(label) else label}  ({shares[label]:.0%})",
            marker=marker if shapes else "o",
            color=colour,
        )
        for label, (colour, marker) in styles.items()
        if few or is_noise(label)
    ]


def scatter_by_label(
    ax: Any,
    points: np.ndarray,
    labels: np.ndarray,
    styles: dict[Any, tuple[np.ndarray, str]],
    hollow: np.ndarray | None = None,
    scale: float = 1.0,
) -> dict[Any, list[Any]]:
    """The points (n, 2) of each label, those that are `hollow` as outlines; noise is beneath all.

    `scale` is how large points are in these axes beside what they are in a whole figure.
    """
    common = point_style(len(points))
    common["s"] *= scale
    hollow = np.zeros(len(points), bool) if hollow is None else hollow
    drawn: dict[Any, list[Any]] = {}
    for label, (colour, marker) in styles.items():
        parts = [((labels == label) & (hollow == outlined), outlined) for outlined in (False, True)]
        drawn[label] = [
            ax.scatter(*points[own].T, marker=marker, **{**common, **paint(colour, label, outlined=outlined)})
            for own, outlined in parts
            if own.any()
        ]
    return drawn


def paint(colour: np.ndarray, label: Any, *, outlined: bool = False) -> dict[str, Any]:
    """How a marker of `label` is filled and lined; crosses have no inside."""
    if is_noise(label):
        return {"color": [colour], "linewidths": 0.8, "zorder": 1.5}
    if outlined:
        return {"facecolors": "none", "edgecolors": [colour], "linewidths": 0.9}
    return {"color": [colour], "linewidths": 0}
