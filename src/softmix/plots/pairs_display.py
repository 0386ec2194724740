"""PairsDisplay: a matrix of panels, every two columns with ellipses and each column's densities."""

from typing import Any, Self

import numpy as np

from softmix.plots import one_column
from softmix.plots.canvas import require_matplotlib
from softmix.plots.columns import Columns, column_names
from softmix.plots.ellipses import draw_ellipses, ellipse_mark, number_means, radius_holding
from softmix.plots.fitted_mixture import mixture_of
from softmix.plots.marginals import Marginal
from softmix.plots.points import label_marks, label_shares, label_styles, scatter_by_label
from softmix.plots.scene import Scene
from softmix.plots.style import INK, MOST_IN_LEGEND, plain, quiet_axes, tell

MOST_COLUMNS = 8
# Every row is drawn in each panel off the diagonal.
_MOST_POINTS = 5_000
_PROBABILITY = 0.9
# Areas of points, in panels that are so much smaller than a figure.
_SCALE = 0.5
# Inches: of a panel, of one alone, of all at most, and of the legend.
_PANEL, _ALONE, _LARGEST, _LEGEND = 2.1, 4.8, 14.0, 1.5


class PairsDisplay:
    """Picture of a clustering in several columns: a matrix of panels.

    Make it with :meth:`from_estimator`. Off the diagonal each two columns are drawn as
    :class:`ClassificationDisplay` draws them, and on it the marginal densities of each column. The
    panels of a column share its axis.

    Parameters
    ----------
    points : ndarray of shape (n_samples, m)
        The rows, in the columns drawn.
    labels : ndarray of shape (n_samples,)
        −1 is noise.
    mixture : Marginal
        The mixture in the columns drawn.
    note : str, default=""
        Written above the picture: which rows are drawn.

    Attributes
    ----------
    axes_ : ndarray of shape (m, m) of matplotlib Axes
        Panel (i, j) has column i upwards and column j to the right.
    figure_ : matplotlib Figure
    ellipses_ : dict
        Of each panel (i, j) off the diagonal the ellipses, one a component.
    lines_ : list
        Of each panel on the diagonal the lines: each component's density, then the mixture's.
    legend_ : matplotlib Legend

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from softmix import GaussianMixture
    >>> from softmix.plots import PairsDisplay
    >>> X = load_iris(as_frame=True).data
    >>> gm = GaussianMixture(3, random_state=0).fit(X)
    >>> display = PairsDisplay.from_estimator(gm, X, columns=["sepal length (cm)", 2, 3])
    >>> display.axes_.shape
    (3, 3)
    """

    def __init__(self, *, points: np.ndarray, labels: np.ndarray, mixture: Marginal, note: str = "") -> None:
        self.points = points
        self.labels = labels
        self.mixture = mixture
        self.note = note

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        columns: Columns = None,
        probability: float = _PROBABILITY,
        ax: Any = None,
        max_points: int = _MOST_POINTS,
    ) -> Self:
        """Draw the rows of X with the labels that a fitted mixture gives them.

        Parameters
        ----------
        estimator : GaussianMixture or MixtureSearch
            Fitted; softmix's or scikit-learn's. Of a search, the best model is drawn.
        X : array-like of shape (n_samples, n_features), or Scan
        columns : int, str, or up to 8 of them, default=None
            The columns to draw, by position or by name; None is all, where they are no more than 8.
        probability : float, default=0.9
            The share of its component that an ellipse holds.
        ax : matplotlib Axes or ndarray of them of shape (m, m), default=None
            Where to draw: panels, or axes whose place the panels take. A new figure if None.
        max_points : int, default=5000
            Of more rows, a sample of this size is drawn, always the same, and the title says so.

        Returns
        -------
        display : PairsDisplay

        Raises
        ------
        ValueError
            If `columns` is None and there are more than 8.
        """
        names = column_names(mixture_of(estimator))
        if columns is None and len(names) > MOST_COLUMNS:
            raise ValueError(
                f"The model has {len(names)} columns, and PairsDisplay draws at most {MOST_COLUMNS}. Choose "
                f"some with the 'columns' parameter, such as columns={names[:4]!r}."
            )
        scene = Scene.of(estimator, X, columns, max_points, cls.__name__, MOST_COLUMNS)
        display = cls(
            points=scene.rows.points, labels=scene.labels, mixture=scene.mixture, note=scene.rows.note
        )
        return display.plot(ax, probability=probability)

    def plot(self, ax: Any = None, *, probability: float = _PROBABILITY) -> Self:
        """Draw in `ax`, or on a new figure.

        Returns
        -------
        self : PairsDisplay
        """
        radius = radius_holding(probability)
        require_matplotlib()
        m = len(self.mixture.names)
        self.axes_, self._beside = _panels(ax, m)
        self.figure_ = self.axes_[0, 0].figure
        self.ellipses_: dict[tuple[int, int], list[Any]] = {}
        self.lines_: list[list[Any]] = []
        noise = [-1] if (self.labels == -1).any() else []
        self._styles = label_styles([*range(len(self.mixture)), *noise])
        self._colours = np.array([self._styles[k][0] for k in range(len(self.mixture))])
        for i in range(m):
            for j in range(m):
                if i != j:
                    self._draw_pair(i, j, radius)
        for j in range(m):
            self._draw_column(j)
        self._label_edges()
        self._finish(probability)
        return self

    def _draw_pair(self, i: int, j: int, radius: float) -> None:
        ax, pair = self.axes_[i, j], self.mixture.within([j, i])
        quiet_axes(ax)
        scatter_by_label(ax, self.points[:, [j, i]], self.labels, self._styles, scale=_SCALE)
        self.ellipses_[i, j] = draw_ellipses(ax, pair, self._colours, (radius,))

    def _draw_column(self, j: int) -> None:
        ax, one = self.axes_[j, j], self.mixture.within([j])
        x, m = self.points[:, j], len(self.axes_)
        # The panels of the column may share no axis, where they are the user's.
        seen = self.axes_[(j + 1) % m, j].get_xlim()
        low, high = seen if m > 1 else (float(x.min()), float(x.max()))
        grid = one_column.wide_grid(low, high, one)
        lines, height = one_column.draw_densities(ax, one, self._colours, grid)
        if m == 1:
            one_column.draw_rug(ax, x, [self._styles[label][0] for label in self.labels], height)
        one_column.finish(ax, one.names[0], height, rug=m == 1)
        ax.set_xlim(seen if m > 1 else (grid[0], grid[-1]))
        ax.set_yticks([])
        ax.set_ylabel("")
        ax.grid(visible=False, axis="y")
        self.lines_.append(lines)

    def _label_edges(self) -> None:
        """Names and ticks at the left and below; of the first row at the right, where its scale is."""
        names, m = [plain(name) for name in self.mixture.names], len(self.axes_)
        for i in range(m):
            for j in range(m):
                ax = self.axes_[i, j]
                ax.tick_params(labelbottom=i == m - 1, labelleft=j == 0 and i > 0, labelsize="small")
                ax.set_xlabel(names[j] if i == m - 1 else "", color=INK, fontsize="small")
                ax.set_ylabel(names[i] if j == 0 else "", color=INK, fontsize="small")
        if m > 1:
            self.axes_[0, -1].tick_params(labelright=True, right=True)

    def _finish(self, probability: float) -> None:
        few = len(self.mixture) <= MOST_IN_LEGEND
        pairs = len(self.axes_) > 1
        marks = label_marks(self._styles, label_shares(self.labels, self.mixture), shapes=pairs)
        if pairs:
            marks.append(ellipse_mark(probability))
            if not few:
                for i, j in self.ellipses_:
                    number_means(self.axes_[i, j], self.mixture.within([j, i]), self._colours, 7.0)
        self.legend_ = self._legend(marks)
        tell(self.axes_[0, 0], self.note)

    def _legend(self, marks: list[Any]) -> Any:
        """Beside all panels: of the figure where it is ours, else of axes."""
        style: dict[str, Any] = {
            "handles": marks, "title": "component", "frameon": False, "alignment": "left",
            "fontsize": "small", "title_fontsize": "small",
        }  # fmt: skip
        if self._beside is None:
            return self.figure_.legend(loc="outside right upper", **style)
        return self._beside.legend(loc="upper left", bbox_to_anchor=(0.0, 1.0), **style)


def figure_size(m: int) -> tuple[float, float]:
    """Inches, width and height, of a figure of m columns."""
    side = min(_PANEL * m, _LARGEST) if m > 1 else _ALONE
    return side + _LEGEND, side


def _panels(ax: Any, m: int) -> tuple[np.ndarray, Any]:
    """m × m axes, and those beside them that the legend goes into; None where the figure takes it."""
    from matplotlib.axes import Axes  # noqa: PLC0415

    if ax is None:
        from matplotlib import pyplot as plt  # noqa: PLC0415

        figure = plt.figure(figsize=figure_size(m), layout="constrained")
        return _sharing(figure, figure.add_gridspec(m, m), m), None
    if not isinstance(ax, Axes):
        panels = np.asarray(ax, dtype=object).reshape(-1)
        if len(panels) != m * m:
            raise ValueError(
                f"ax must be one axes, or {m} × {m} of them, a panel for each two columns. Got {len(panels)}."
            )
        return panels.reshape(m, m), panels[m - 1]
    place = ax.get_subplotspec()
    if place is None:
        raise ValueError("ax has no place in a grid that panels could take: make it with plt.subplots().")
    ax.set_axis_off()
    grid = place.subgridspec(m, m + 1, width_ratios=[*[1.0] * m, _LEGEND / _PANEL])
    beside = ax.figure.add_subplot(grid[:, m])
    beside.set_axis_off()
    return _sharing(ax.figure, grid, m), beside


def _sharing(figure: Any, grid: Any, m: int) -> np.ndarray:
    """Panels of a column with one scale, and, but for the densities, those of a row."""
    axes = np.empty((m, m), dtype=object)
    for i in range(m):
        for j in range(m):
            row = None if i == j else next((axes[i, k] for k in range(j) if k != i), None)
            axes[i, j] = figure.add_subplot(grid[i, j], sharex=axes[0, j] if i else None, sharey=row)
    return axes
