"""UncertaintyDisplay: the rows that no component quite owns are drawn large and dark."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from softmix.plots.canvas import open_axes, require_matplotlib
from softmix.plots.colours import component_colours
from softmix.plots.columns import Columns, choose_columns, table_names
from softmix.plots.drawn_rows import MOST_POINTS, rows_to_draw
from softmix.plots.ellipses import draw_ellipses, number_means
from softmix.plots.marginals import Marginal
from softmix.plots.points import point_style
from softmix.plots.scene import Scene
from softmix.plots.style import INK, name_axes, quiet_axes, tell

# Areas, as multiples of a plain point's, of rows that are sure and of rows that could not be less so.
_SURE, _UNSURE = 0.4, 4.0
# Steadily darker, so that it is read without colour too.
_SHADES = ("#C3C7CC", "#E69F00", "#A63A00", "#3B0F00")


class UncertaintyDisplay:
    """Picture of how sure each label is: 1 − the largest membership of each row.

    Make it with :meth:`from_estimator` or :meth:`from_predictions`. The more uncertain a row, the
    larger and darker its point; the scale ends at 1 − 1/K, which is the most that there can be. Two
    columns: points, and the components at one standard deviation. One column: a stem a row, as
    high as it is uncertain.

    Parameters
    ----------
    points : ndarray of shape (n_samples, m)
        The rows, in the m = 1 or 2 columns drawn.
    uncertainty : ndarray of shape (n_samples,)
    largest : float
        Where the scale ends.
    names : sequence of str
        Of the columns drawn.
    mixture : Marginal, default=None
        The mixture in the columns drawn; None draws the rows alone.
    note : str, default=""
        Written above the picture: which rows are drawn.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    scatter_ : matplotlib PathCollection
        The rows, the least certain last and so on top.
    ellipses_ : list of matplotlib Ellipse
    colorbar_ : matplotlib Colorbar or None
        None with one component, of which every row is sure.

    Examples
    --------
    >>> import numpy as np
    >>> from softmix import GaussianMixture
    >>> from softmix.data import faithful_path
    >>> from softmix.plots import UncertaintyDisplay
    >>> X = np.loadtxt(faithful_path(), delimiter=",", skiprows=1)
    >>> gm = GaussianMixture(2, random_state=0).fit(X)
    >>> UncertaintyDisplay.from_estimator(gm, X).largest
    0.5
    """

    def __init__(
        self,
        *,
        points: np.ndarray,
        uncertainty: np.ndarray,
        largest: float,
        names: Sequence[str],
        mixture: Marginal | None = None,
        note: str = "",
    ) -> None:
        self.points = points
        self.uncertainty = uncertainty
        self.largest = largest
        self.names = names
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
        """Draw the rows of X by how sure a fitted mixture is of their labels.

        Parameters
        ----------
        estimator : GaussianMixture or MixtureSearch
            Fitted; softmix's or scikit-learn's. Of a search, the best model is drawn.
        X : array-like of shape (n_samples, n_features), or Scan
        columns : int, str, or one or two of them, default=None
            The columns to draw, by position or by name; None is the first two. Uncertainties are
            those of the whole rows.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.
        max_points : int, default=20000
            Of more rows, a sample of this size is drawn, always the same, and the title says so.

        Returns
        -------
        display : UncertaintyDisplay
        """
        scene = Scene.of(estimator, X, columns, max_points, cls.__name__)
        display = cls(
            points=scene.rows.points,
            uncertainty=scene.uncertainty,
            largest=1.0 - 1.0 / scene.resp.shape[1],
            names=scene.mixture.names,
            mixture=scene.mixture,
            note=scene.rows.note,
        )
        return display.plot(ax)

    @classmethod
    def from_predictions(
        cls, X: Any, resp: Any, *, columns: Columns = None, ax: Any = None, max_points: int = MOST_POINTS
    ) -> Self:
        """Draw the rows of X by memberships that are given: `predict_proba` of any classifier.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        resp : array-like of shape (n_samples, n_components)
        columns : int, str, or one or two of them, default=None
        ax : matplotlib Axes, default=None
        max_points : int, default=20000

        Returns
        -------
        display : UncertaintyDisplay
        """
        require_matplotlib()
        names = table_names(X)
        chosen = choose_columns(columns, names, cls.__name__)
        rows, resp = rows_to_draw(X, chosen, max_points), np.asarray(resp, dtype=np.float64)
        if resp.ndim != 2 or len(resp) != rows.n_rows:
            raise ValueError(
                f"resp must have a row of memberships for each row of X, shape ({rows.n_rows}, "
                f"n_components). Got {resp.shape}."
            )
        display = cls(
            points=rows.points,
            uncertainty=1.0 - resp[rows.numbers].max(axis=1),
            largest=1.0 - 1.0 / resp.shape[1],
            names=[names[j] for j in chosen],
            note=rows.note,
        )
        return display.plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw on `ax`, or on a new figure.

        Returns
        -------
        self : UncertaintyDisplay
        """
        ax = open_axes(ax)
        self.ax_, self.figure_ = ax, ax.figure
        self.ellipses_: list[Any] = []
        self.colorbar_: Any = None
        quiet_axes(ax)
        name_axes(ax, self.names)
        order = np.argsort(self.uncertainty, kind="stable")
        x, uncertainty = self.points[order], self.uncertainty[order]
        if len(self.names) == 1:
            self._draw_stems(x[:, 0], uncertainty)
            x = np.column_stack([x[:, 0], uncertainty])
        self.scatter_ = self._draw_points(x, uncertainty)
        if self.mixture is not None and len(self.names) == 2:
            colours = component_colours(len(self.mixture))
            self.ellipses_ = draw_ellipses(ax, self.mixture, colours, (1.0,))
            number_means(ax, self.mixture, colours)
        self._say()
        return self

    def _draw_stems(self, x: np.ndarray, uncertainty: np.ndarray) -> None:
        style = point_style(len(x))
        self.ax_.vlines(x, 0.0, uncertainty, colors="#BBBBBB", linewidth=0.7, rasterized=style["rasterized"])
        self.ax_.set_ylabel("uncertainty", color=INK)
        self.ax_.set_ylim(-0.03 * (self.largest or 1.0), 1.05 * (self.largest or 1.0))

    def _draw_points(self, points: np.ndarray, uncertainty: np.ndarray) -> Any:
        from matplotlib.colors import LinearSegmentedColormap  # noqa: PLC0415

        scale = self.largest or 1.0
        style = point_style(len(points))
        sizes = style.pop("s") * (_SURE + (_UNSURE - _SURE) * np.clip(uncertainty / scale, 0.0, 1.0))
        shades = LinearSegmentedColormap.from_list("uncertainty", _SHADES)
        return self.ax_.scatter(
            *points.T, c=uncertainty, s=sizes, cmap=shades, vmin=0.0, vmax=scale, linewidths=0,
            **(style | {"alpha": 0.9}),
        )  # fmt: skip

    def _say(self) -> None:
        if self.largest > 0:
            bar = self.figure_.colorbar(
                self.scatter_, ax=self.ax_, label="uncertainty: 1 − largest membership"
            )
            bar.outline.set_visible(False)
            self.colorbar_ = bar
            tell(self.ax_, self.note)
        else:
            tell(self.ax_, "; ".join(filter(None, [self.note, "one component: no row is uncertain"])))
