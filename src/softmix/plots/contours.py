"""The regions of highest density that hold stated shares of a mixture (Hyndman 1996).

The region that holds the share m is where log p(x) ≥ c_m, and c_m is the (1 − m)-quantile of
log p(X) for X distributed as the mixture. It is found with points that stand for the mixture
(`Marginal.spread_evenly`), so that no grid must be fine enough for the thinnest component; the
share is then right to about 1e-3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from softmix.plots.marginals import Marginal

MASSES = (0.25, 0.5, 0.75, 0.9, 0.99)
_POINTS, _FEWEST_POINTS = 65_536, 64
_GRID = 160
# The thinnest components get so many steps of their own where they are narrower than so many of the
# grid's, as far as an axis may have more: so many at most, and fewer the more densities a point costs.
_FINER, _NARROW, _LONGEST, _DENSITIES = 33, 3.0, 500, 2e7
_BLOCK = 4096
# How much of their colour the regions have, so that rows are seen on them.
_PALE = 0.6


@dataclass(frozen=True, eq=False)
class HighestDensity:
    """Levels of the log-density, and the box that the widest region lies in.

    Parameters
    ----------
    masses : ndarray of shape (L,)
        Descending.
    levels : ndarray of shape (L,)
        Of the log-density, ascending: the region of the largest mass is the lowest.
    low, high : ndarray of shape (m,)
        The box.
    """

    masses: np.ndarray
    levels: np.ndarray
    low: np.ndarray
    high: np.ndarray


def check_masses(masses: Sequence[float]) -> np.ndarray:
    """The shares, descending.

    Raises
    ------
    ValueError
        If there are none, or one is not between 0 and 1.
    """
    given = np.atleast_1d(np.asarray(masses, dtype=np.float64))
    if given.ndim != 1 or not len(given) or not ((given > 0) & (given < 1)).all():
        raise ValueError(f"masses must be one or several shares between 0 and 1. Got {masses!r}.")
    return np.unique(given)[::-1]


def highest_density(mixture: Marginal, masses: np.ndarray) -> HighestDensity:
    """The levels of the log-density whose regions hold `masses`."""
    n = max(_POINTS // len(mixture), _FEWEST_POINTS)
    points, weights = mixture.spread_evenly(n)
    points, weights = points.reshape(-1, points.shape[-1]), weights.ravel() / weights.sum()
    log_density = evaluate(mixture, points)
    order = np.argsort(-log_density, kind="stable")
    inside = np.searchsorted(np.cumsum(weights[order]), masses)
    levels = log_density[order][np.minimum(inside, len(order) - 1)]
    within = points[log_density >= levels[0]]
    return HighestDensity(masses, levels, within.min(axis=0), within.max(axis=0))


def grid_along(low: float, high: float, means: np.ndarray, deviations: np.ndarray) -> np.ndarray:
    """Where to evaluate between `low` and `high`: evenly, and more finely at thin components."""
    margin = 0.04 * (high - low) or 1.0
    even = np.linspace(low - margin, high + margin, _GRID)
    room = min(_LONGEST, int(np.sqrt(_DENSITIES / len(means)))) - _GRID
    thin = np.argsort(deviations)[: max(room // _FINER, 0)]
    thin = thin[deviations[thin] < _NARROW * (even[1] - even[0])]
    finer = means[thin, None] + deviations[thin, None] * np.linspace(-4.0, 4.0, _FINER)
    return np.unique(np.concatenate([even, finer.ravel()]))


def surface(mixture: Marginal, found: HighestDensity) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x (a,), y (b,) and the log-density (b, a) over the box of `found`, in two columns."""
    deviations = np.sqrt(np.diagonal(mixture.covariances, axis1=1, axis2=2))
    x, y = (grid_along(found.low[j], found.high[j], mixture.means[:, j], deviations[:, j]) for j in range(2))
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return x, y, evaluate(mixture, points).reshape(len(y), len(x))


def evaluate(mixture: Marginal, points: np.ndarray) -> np.ndarray:
    """The log-density of `points`, a block at a time so that little memory is taken."""
    parts = [mixture.log_density(points[i : i + _BLOCK]) for i in range(0, len(points), _BLOCK)]
    return np.concatenate(parts)


def band_colours(n: int) -> Any:
    """Colours of n nested regions, the outermost palest."""
    import matplotlib as mpl  # noqa: PLC0415

    return 1.0 - _PALE * (1.0 - mpl.colormaps["Blues"](np.linspace(0.15, 0.75, n))[:, :3])
