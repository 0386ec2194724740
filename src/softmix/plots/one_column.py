"""The histogram of one column, divided by membership, under the densities."""

from typing import TYPE_CHECKING, Any

import numpy as np

from softmix.plots.colours import component_colours
from softmix.plots.style import INK, component_legend, quiet_axes

if TYPE_CHECKING:
    from softmix.plots.membership_display import MembershipDisplay

_GRID = 1024
_FEWEST_BINS, _MOST_BINS = 10, 80


def draw(display: "MembershipDisplay", ax: Any) -> list[Any]:
    """Draw on `ax`; give the lines of the densities, the mixture's last."""
    colours = component_colours(len(display.weights))
    x = display.points[:, 0]
    quiet_axes(ax)
    edges = _edges(x, display)
    heights = _divided(x, display.resp, edges)
    floor = np.zeros(len(edges) - 1)
    for height, colour in zip(heights, colours, strict=True):
        ax.bar(edges[:-1], height, np.diff(edges), floor, align="edge", color=colour, alpha=0.35, linewidth=0)
        floor += height
    lines = _densities(display, ax, edges, colours)
    tallest = max(float(floor.max()), *(float(line.get_ydata().max()) for line in lines))
    ax.set_ylim(0, 1.08 * tallest)
    ax.set_xlabel(display.names[0], color=INK)
    ax.set_ylabel("density", color=INK)
    component_legend(ax, display.weights, colours)
    return lines


def _edges(x: np.ndarray, display: "MembershipDisplay") -> np.ndarray:
    """Scott's (1979) bins for the component that asks for the finest, within what can be drawn.

    A rule for the whole column would take the distance between clusters for their width.
    """
    deviations = np.sqrt(display.covariances[:, 0, 0])
    counts = np.maximum(display.resp.sum(axis=0), 1.0)
    width = float(np.min(3.49 * deviations / np.cbrt(counts)))
    n_bins = np.ceil(np.ptp(x) / width) if width > 0 else _MOST_BINS
    return np.histogram_bin_edges(x, bins=int(np.clip(n_bins, _FEWEST_BINS, _MOST_BINS)))


def _divided(x: np.ndarray, resp: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The share of each component in the density of each bin, shape (K, bins)."""
    counts = np.stack([np.histogram(x, edges, weights=column)[0] for column in resp.T])
    return counts / (len(x) * np.diff(edges))


def _densities(display: "MembershipDisplay", ax: Any, edges: np.ndarray, colours: np.ndarray) -> list[Any]:
    deviations = np.sqrt(display.covariances[:, 0, 0])
    margin = 0.15 * (edges[-1] - edges[0])
    grid = np.linspace(edges[0] - margin, edges[-1] + margin, _GRID)
    z = (grid - display.means) / deviations[:, None]
    scale = display.weights / (deviations * np.sqrt(2.0 * np.pi))
    densities = scale[:, None] * np.exp(-0.5 * z * z)
    whole = ax.plot(grid, densities.sum(axis=0), color=INK, linewidth=4, alpha=0.2, label="mixture")
    own = [
        ax.plot(grid, density, color=colour, linewidth=1.6)[0]
        for density, colour in zip(densities, colours, strict=True)
    ]
    return own + whole
