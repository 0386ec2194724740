"""Pictures of one column: histogram, densities, and rows as ticks below them."""

from typing import Any

import numpy as np

from softmix.plots.marginals import Marginal
from softmix.plots.points import point_style
from softmix.plots.style import INK, name_axes, quiet_axes

_GRID = 1024
_FEWEST_BINS, _MOST_BINS = 10, 80
_MARGIN = 0.15
# Peaks narrower than so many steps of the grid get points of their own; narrower than this share of
# the axis they are spikes.
_THIN_STEPS, _PEAK, _SPIKE = 3.0, 65, 5e-4
# Of the height of the densities, for the ticks below.
_RUG = 0.06


def draw_histogram(ax: Any, x: np.ndarray, resp: np.ndarray, colours: np.ndarray, edges: np.ndarray) -> float:
    """The histogram of `x` with area one, each bar divided by membership `resp` (n, K); its height."""
    counts = np.stack([np.histogram(x, edges, weights=column)[0] for column in resp.T])
    floor = np.zeros(len(edges) - 1)
    for height, colour in zip(counts / (len(x) * np.diff(edges)), colours, strict=True):
        ax.bar(edges[:-1], height, np.diff(edges), floor, align="edge", color=colour, alpha=0.35, linewidth=0)
        floor += height
    return float(floor.max())


def plain_bin_edges(x: np.ndarray) -> np.ndarray:
    """NumPy's automatic bins, within what can be drawn."""
    n_bins = len(np.histogram_bin_edges(x, "auto")) - 1
    return np.histogram_bin_edges(x, bins=int(np.clip(n_bins, _FEWEST_BINS, _MOST_BINS)))


def bin_edges(x: np.ndarray, mixture: Marginal, counts: np.ndarray) -> np.ndarray:
    """Scott's (1979) bins for the component that asks for the finest, within what can be drawn.

    A rule for the whole column would take the distance between clusters for their width.
    """
    deviations = np.sqrt(mixture.covariances[:, 0, 0])
    width = float(np.min(3.49 * deviations / np.cbrt(np.maximum(counts, 1.0))))
    n_bins = np.ceil(np.ptp(x) / width) if width > 0 else _MOST_BINS
    return np.histogram_bin_edges(x, bins=int(np.clip(n_bins, _FEWEST_BINS, _MOST_BINS)))


def wide_grid(low: float, high: float, mixture: Marginal) -> np.ndarray:
    """Where to evaluate densities between `low` and `high` and a little beyond; finely at thin peaks."""
    margin = _MARGIN * ((high - low) or 1.0)
    even = np.linspace(low - margin, high + margin, _GRID)
    deviations = np.sqrt(mixture.covariances[:, 0, 0])
    thin = deviations < _THIN_STEPS * (even[1] - even[0])
    finer = mixture.means[thin] + deviations[thin, None] * np.linspace(-4.0, 4.0, _PEAK)
    return np.unique(np.concatenate([even, finer.ravel()]))


def draw_densities(
    ax: Any, mixture: Marginal, colours: np.ndarray, grid: np.ndarray
) -> tuple[list[Any], float]:
    """Each component's density, weighted, then the mixture's, over `grid`; and how high the axes go.

    A component without spread has a peak that would leave nothing else to see: it does not count.
    """
    densities = np.exp(mixture.log_joint(grid[:, None])).T
    whole = ax.plot(grid, densities.sum(axis=0), color=INK, linewidth=4, alpha=0.2, label="mixture")
    own = [
        ax.plot(grid, density, color=colour, linewidth=1.6)[0]
        for density, colour in zip(densities, colours, strict=True)
    ]
    seen = np.sqrt(mixture.covariances[:, 0, 0]) > _SPIKE * (grid[-1] - grid[0])
    counted = densities[seen] if seen.any() else densities
    return own + whole, float(counted.sum(axis=0).max())


def draw_rug(ax: Any, x: np.ndarray, colours: Any, height: float) -> Any:
    """A tick for each row, below the axis; `height` is that of the densities above it."""
    return ax.vlines(
        x, -_RUG * height, -0.25 * _RUG * height, colors=colours, linewidth=0.8,
        alpha=min(0.7, point_style(len(x))["alpha"]), rasterized=point_style(len(x))["rasterized"],
    )  # fmt: skip


def finish(ax: Any, name: str, height: float, *, rug: bool = False) -> None:
    """Name the axes and fit them to what was drawn."""
    quiet_axes(ax)
    name_axes(ax, [name])
    ax.set_ylabel("density", color=INK)
    ax.set_ylim(-1.4 * _RUG * height if rug else 0, 1.08 * height)
