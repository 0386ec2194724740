"""The histogram of one column, divided by membership, under the densities."""

from typing import TYPE_CHECKING, Any

import numpy as np

from softmix.plots.colours import component_colours
from softmix.plots.style import INK, component_legend, quiet_axes

if TYPE_CHECKING:
    from softmix.plots.membership_display import MembershipDisplay

_GRID = 1024
_MOST_BINS = 80


def draw(display: "MembershipDisplay", ax: Any) -> list[Any]:
    """Draw on `ax`; give the lines of the densities, the mixture's last."""
    colours = component_colours(len(display.weights))
    x = display.points[:, 0]
    quiet_axes(ax)
    edges = _edges(x)
    heights = _divided(x, display.resp, edges)
    floor = np.zeros(len(edges) - 1)
    for height, colour in zip(heights, colours, strict=True):
        ax.bar(edges[:-1], height, np.diff(edges), floor, align="edge", color=colour, alpha=0.35, linewidth=0)
        floor += height
    lines = _densities(display, ax, edges, colours)
    ax.set_ylim(bottom=0)
    ax.set_xlabel(display.names[0], color=INK)
    ax.set_ylabel("density", color=INK)
    component_legend(ax, display.weights, colours)
    return lines


def _edges(x: np.ndarray) -> np.ndarray:
    """Freedman and Diaconis' bins; of data with far outliers, a number that can be drawn."""
    quartiles = np.percentile(x, [25, 75])
    width = 2.0 * float(np.diff(quartiles)[0]) / len(x) ** (1 / 3)
    n_bins = np.ceil(np.ptp(x) / width) if width > 0 else 10
    return np.histogram_bin_edges(x, bins=int(np.clip(n_bins, 10, _MOST_BINS)))


def _divided(x: np.ndarray, resp: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The share of each component in the density of each bin, shape (K, bins)."""
    counts = np.stack([np.histogram(x, edges, weights=column)[0] for column in resp.T])
    return counts / (len(x) * np.diff(edges))


def _densities(display: "MembershipDisplay", ax: Any, edges: np.ndarray, colours: np.ndarray) -> list[Any]:
    margin = 0.05 * (edges[-1] - edges[0])
    grid = np.linspace(edges[0] - margin, edges[-1] + margin, _GRID)
    deviations = np.sqrt(display.covariances[:, 0, 0])
    z = (grid - display.means) / deviations[:, None]
    scale = display.weights / (deviations * np.sqrt(2.0 * np.pi))
    densities = scale[:, None] * np.exp(-0.5 * z * z)
    lines = [
        ax.plot(grid, density, color=colour, linewidth=1.6)[0]
        for density, colour in zip(densities, colours, strict=True)
    ]
    lines += ax.plot(grid, densities.sum(axis=0), color=INK, linewidth=1.2, linestyle=(0, (4, 2)))
    return lines
