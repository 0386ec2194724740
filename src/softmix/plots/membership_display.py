"""MembershipDisplay: the rows of a table coloured by membership, and the components behind them."""

from typing import Any, Self

import numpy as np

from softmix.plots import one_column
from softmix.plots.canvas import open_axes
from softmix.plots.colours import blend, component_colours, noise_colour
from softmix.plots.columns import Columns
from softmix.plots.drawn_rows import MOST_POINTS
from softmix.plots.ellipses import draw_ellipses, number_means
from softmix.plots.marginals import Marginal
from softmix.plots.points import point_style
from softmix.plots.scene import Scene
from softmix.plots.style import component_marks, legend, mark, name_axes, quiet_axes, tell


class MembershipDisplay:
    """Picture of a fitted mixture in one or two columns.

    Make it with :meth:`from_estimator`. Two columns: the rows in their components' colours,
    blended by membership, so that a row between two clusters lies between their colours; each
    component as ellipses at one and two standard deviations. One column: the histogram of the
    rows, divided by membership, and the densities.

    Parameters
    ----------
    points : ndarray of shape (n_samples, m)
        The rows, in the m = 1 or 2 columns drawn.
    resp : ndarray of shape (n_samples, n_components)
        Memberships of the rows; a further column is that of the noise.
    mixture : Marginal
        The mixture in the columns drawn.
    note : str, default=""
        Written above the picture: which rows are drawn.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    scatter_ : matplotlib PathCollection or None
    ellipses_ : list of matplotlib Ellipse
        Component by component, one standard deviation before two.
    lines_ : list of matplotlib Line2D
        With one column: each component's density, then the mixture's.
    legend_ : matplotlib Legend or None

    Examples
    --------
    >>> import numpy as np
    >>> from softmix import GaussianMixture
    >>> from softmix.data import faithful_path
    >>> from softmix.plots import MembershipDisplay
    >>> X = np.loadtxt(faithful_path(), delimiter=",", skiprows=1)
    >>> gm = GaussianMixture(2, random_state=0).fit(X)
    >>> display = MembershipDisplay.from_estimator(gm, X)
    >>> len(display.ellipses_)
    4
    """

    def __init__(self, *, points: np.ndarray, resp: np.ndarray, mixture: Marginal, note: str = "") -> None:
        self.points = points
        self.resp = resp
        self.mixture = mixture
        self.note = note

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        columns: Columns = None,
        ax: Any = None,
        max_points: int = MOST_POINTS,
    ) -> Self:
        """Draw the rows of X under a fitted mixture.

        Parameters
        ----------
        estimator : GaussianMixture or MixtureSearch
            Fitted; softmix's or scikit-learn's. Of a search, the best model is drawn.
        X : array-like of shape (n_samples, n_features), or Scan
        columns : int, str, or one or two of them, default=None
            The columns to draw, by position or by name; None is the first two. With more columns
            in the model, the memberships are those of the whole rows and the ellipses are the
            marginals'.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.
        max_points : int, default=20000
            Of more rows, a sample of this size is drawn, always the same, and the title says so.

        Returns
        -------
        display : MembershipDisplay
        """
        scene = Scene.of(estimator, X, columns, max_points, cls.__name__)
        display = cls(points=scene.rows.points, resp=scene.resp, mixture=scene.mixture, note=scene.rows.note)
        return display.plot(ax=ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw on `ax`, or on a new figure.

        Returns
        -------
        self : MembershipDisplay
        """
        ax = open_axes(ax)
        self.ax_, self.figure_ = ax, ax.figure
        self.scatter_: Any = None
        self.ellipses_: list[Any] = []
        self.lines_: list[Any] = []
        colours = component_colours(len(self.mixture))
        shades = np.vstack([colours, noise_colour()])[: self.resp.shape[1]]
        tell(ax, self.note)
        if len(self.mixture.names) == 1:
            self._draw_one_column(colours, shades)
        else:
            self._draw_two_columns(colours, shades)
        self.legend_ = legend(ax, self._marks(colours), "component")
        return self

    def _draw_one_column(self, colours: np.ndarray, shades: np.ndarray) -> None:
        x, ax = self.points[:, 0], self.ax_
        edges = one_column.bin_edges(x, self.mixture, self.resp.sum(axis=0)[: len(self.mixture)])
        bars = one_column.draw_histogram(ax, x, self.resp, shades, edges)
        grid = one_column.wide_grid(edges[0], edges[-1], self.mixture)
        self.lines_, height = one_column.draw_densities(ax, self.mixture, colours, grid)
        one_column.finish(ax, self.mixture.names[0], max(bars, height))

    def _draw_two_columns(self, colours: np.ndarray, shades: np.ndarray) -> None:
        ax = self.ax_
        quiet_axes(ax)
        painted = blend(self.resp, shades)
        self.scatter_ = ax.scatter(*self.points.T, c=painted, linewidths=0, **point_style(len(painted)))
        self.ellipses_ = draw_ellipses(ax, self.mixture, colours, (1.0, 2.0))
        name_axes(ax, self.mixture.names)
        number_means(ax, self.mixture, colours)

    def _marks(self, colours: np.ndarray) -> list[Any]:
        noise = (
            []
            if self.mixture.noise is None
            else [mark(f"noise  ({self.mixture.noise:.0%})", color=noise_colour())]
        )
        return component_marks(self.mixture.weights, colours) + noise
