"""DensityDisplay: the density of a mixture, as regions that hold stated shares of it."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from softmix.plots import one_column
from softmix.plots.canvas import open_axes
from softmix.plots.colours import component_colours
from softmix.plots.columns import Columns
from softmix.plots.contours import (
    MASSES,
    HighestDensity,
    band_colours,
    check_masses,
    evaluate,
    highest_density,
    surface,
)
from softmix.plots.drawn_rows import MOST_POINTS, rows_to_draw
from softmix.plots.marginals import Marginal
from softmix.plots.points import point_style
from softmix.plots.scene import look_at
from softmix.plots.style import INK, component_marks, legend, mark, name_axes, quiet_axes, tell


class DensityDisplay:
    """Picture of a mixture's density in one or two columns.

    Make it with :meth:`from_estimator`. Two columns: contours of the log-density, each around the
    region of highest density that holds a stated share of the mixture. One column: the densities
    of the components and of the mixture, with those regions shaded. Of a model with more columns
    it is the exact marginal, not a slice.

    Parameters
    ----------
    mixture : Marginal
        The mixture in the m = 1 or 2 columns drawn.
    points : ndarray of shape (n_samples, m), default=None
        Rows to draw with it.
    note : str, default=""
        Written above the picture: which rows are drawn.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    masses_ : ndarray
        The shares, descending.
    levels_ : ndarray
        The log-densities at the edges of their regions, ascending.
    contours_ : matplotlib QuadContourSet or None
        With two columns: the lines, at `levels_`.
    lines_ : list of matplotlib Line2D
        With one column: each component's density, then the mixture's.
    scatter_ : matplotlib artist or None
        The rows.
    legend_ : matplotlib Legend

    References
    ----------
    Hyndman (1996), "Computing and graphing highest density regions".

    Examples
    --------
    >>> import numpy as np
    >>> from softmix import GaussianMixture
    >>> from softmix.data import faithful_path
    >>> from softmix.plots import DensityDisplay
    >>> X = np.loadtxt(faithful_path(), delimiter=",", skiprows=1)
    >>> gm = GaussianMixture(2, random_state=0).fit(X)
    >>> display = DensityDisplay.from_estimator(gm, X, masses=[0.5, 0.95])
    >>> [text.get_text() for text in display.legend_.get_texts()]
    ['50 %', '95 %']
    """

    def __init__(self, *, mixture: Marginal, points: np.ndarray | None = None, note: str = "") -> None:
        self.mixture = mixture
        self.points = points
        self.note = note

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any = None,
        *,
        columns: Columns = None,
        masses: Sequence[float] = MASSES,
        ax: Any = None,
        max_points: int = MOST_POINTS,
    ) -> Self:
        """Draw the density of a fitted mixture.

        Parameters
        ----------
        estimator : GaussianMixture or MixtureSearch
            Fitted; softmix's or scikit-learn's. Of a search, the best model is drawn. A noise
            component has no part in the density that is drawn, and the title says so.
        X : array-like of shape (n_samples, n_features), or Scan, default=None
            Rows to draw with it.
        columns : int, str, or one or two of them, default=None
            The columns to draw, by position or by name; None is the first two.
        masses : sequence of float, default=(0.25, 0.5, 0.75, 0.9, 0.99)
            The shares of the mixture that the regions hold.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.
        max_points : int, default=20000
            Of more rows, a sample of this size is drawn, always the same, and the title says so.

        Returns
        -------
        display : DensityDisplay
        """
        model, mixture, chosen = look_at(estimator, columns, cls.__name__)
        rows = None if X is None else rows_to_draw(X, chosen, max_points, model)
        said = [] if rows is None else [rows.note]
        said += [] if mixture.noise is None else ["without the noise component"]
        display = cls(
            mixture=mixture,
            points=None if rows is None else rows.points,
            note="; ".join(filter(None, said)),
        )
        return display.plot(ax, masses=masses)

    def plot(self, ax: Any = None, *, masses: Sequence[float] = MASSES) -> Self:
        """Draw on `ax`, or on a new figure.

        Returns
        -------
        self : DensityDisplay
        """
        shares = check_masses(masses)
        ax = open_axes(ax)
        self.ax_, self.figure_ = ax, ax.figure
        self.contours_: Any = None
        self.lines_: list[Any] = []
        self.scatter_: Any = None
        found = highest_density(self.mixture, shares)
        self.masses_, self.levels_ = found.masses, found.levels
        bands = band_colours(len(shares))
        tell(ax, self.note)
        if len(self.mixture.names) == 1:
            marks = self._draw_curve(found, bands)
        else:
            marks = self._draw_contours(found, bands)
        self.legend_ = legend(ax, [*self._mass_marks(bands), *marks], "share of the mixture")
        return self

    def _draw_contours(self, found: HighestDensity, bands: Any) -> list[Any]:
        ax, (x, y, log_density) = self.ax_, surface(self.mixture, found)
        quiet_axes(ax)
        top = max(float(log_density.max()), float(found.levels[-1])) + 1.0
        ax.contourf(x, y, log_density, [*found.levels, top], colors=bands, zorder=1)
        self.contours_ = ax.contour(
            x, y, log_density, found.levels, colors=INK, linewidths=0.7, linestyles="solid", zorder=3
        )
        if self.points is not None:
            style = point_style(len(self.points))
            style |= {"s": 0.5 * style["s"], "alpha": 0.6 * style["alpha"]}
            self.scatter_ = ax.scatter(*self.points.T, color=INK, linewidths=0, **style)
        name_axes(ax, self.mixture.names)
        return []

    def _draw_curve(self, found: HighestDensity, bands: Any) -> list[Any]:
        ax, colours = self.ax_, component_colours(len(self.mixture))
        low, high = float(found.low[0]), float(found.high[0])
        if self.points is not None:
            low, high = min(low, float(self.points.min())), max(high, float(self.points.max()))
        grid = one_column.wide_grid(low, high, self.mixture)
        self.lines_, height = one_column.draw_densities(ax, self.mixture, colours, grid)
        log_density = evaluate(self.mixture, grid[:, None])
        for level, band in zip(found.levels, bands, strict=True):
            ax.fill_between(
                grid, 0.0, np.exp(log_density), log_density >= level, color=band, linewidth=0, zorder=1
            )
        if self.points is not None:
            self.scatter_ = one_column.draw_rug(ax, self.points[:, 0], INK, height)
        one_column.finish(ax, self.mixture.names[0], height, rug=self.points is not None)
        return component_marks(self.mixture.weights, colours) if len(self.mixture) > 1 else []

    def _mass_marks(self, bands: Any) -> list[Any]:
        pairs = list(zip(self.masses_, bands, strict=True))[::-1]
        return [
            mark(f"{100 * mass:g} %", marker="s", markersize=9, markerfacecolor=band, markeredgecolor=INK,
                 markeredgewidth=0.5)
            for mass, band in pairs
        ]  # fmt: skip
