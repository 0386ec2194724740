"""ClassificationDisplay: the rows by label, and the components as ellipses of a stated probability."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from softmix.plots import one_column
from softmix.plots.canvas import open_axes, require_matplotlib
from softmix.plots.columns import Columns, choose_columns, table_names
from softmix.plots.drawn_rows import MOST_POINTS, rows_to_draw
from softmix.plots.ellipses import draw_ellipses, ellipse_mark, number_means, radius_holding
from softmix.plots.marginals import Marginal
from softmix.plots.points import is_noise, label_marks, label_shares, label_styles, scatter_by_label
from softmix.plots.scene import Scene
from softmix.plots.style import INK, legend, mark, name_axes, quiet_axes, tell

_PROBABILITY = 0.9


class ClassificationDisplay:
    """Picture of a clustering in one or two columns: a colour and a marker for each label.

    Make it with :meth:`from_estimator` or :meth:`from_predictions`. Two columns: the rows as
    points, and each component as the ellipse that holds a stated share of it. One column: the
    densities, and the rows as ticks below them. Rows labelled −1 are noise, in grey.

    Parameters
    ----------
    points : ndarray of shape (n_samples, m)
        The rows, in the m = 1 or 2 columns drawn.
    labels : ndarray of shape (n_samples,)
    names : sequence of str
        Of the columns drawn.
    mixture : Marginal, default=None
        The mixture in the columns drawn; None draws the rows alone.
    uncertainty : ndarray of shape (n_samples,), default=None
        1 − the largest membership of each row.
    note : str, default=""
        Written above the picture: which rows are drawn.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    scatters_ : dict
        With two columns: of each label the PathCollections of its rows, the sure ones first.
    ellipses_ : list of matplotlib Ellipse
        One a component.
    lines_ : list of matplotlib Line2D
        With one column: each component's density, then the mixture's.
    legend_ : matplotlib Legend or None

    Examples
    --------
    >>> import numpy as np
    >>> from softmix import GaussianMixture
    >>> from softmix.data import faithful_path
    >>> from softmix.plots import ClassificationDisplay
    >>> X = np.loadtxt(faithful_path(), delimiter=",", skiprows=1)
    >>> gm = GaussianMixture(2, random_state=0).fit(X)
    >>> display = ClassificationDisplay.from_estimator(gm, X, probability=0.95)
    >>> [text.get_text() for text in display.legend_.get_texts()][-1]
    '95 % of a component'
    """

    def __init__(
        self,
        *,
        points: np.ndarray,
        labels: np.ndarray,
        names: Sequence[str],
        mixture: Marginal | None = None,
        uncertainty: np.ndarray | None = None,
        note: str = "",
    ) -> None:
        self.points = points
        self.labels = labels
        self.names = names
        self.mixture = mixture
        self.uncertainty = uncertainty
        self.note = note

    @classmethod
    def from_estimator(  # noqa: PLR0913 (what to draw, and how)
        cls,
        estimator: Any,
        X: Any,
        *,
        columns: Columns = None,
        probability: float = _PROBABILITY,
        uncertain_above: float | None = None,
        ax: Any = None,
        max_points: int = MOST_POINTS,
    ) -> Self:
        """Draw the rows of X with the labels that a fitted mixture gives them.

        Parameters
        ----------
        estimator : GaussianMixture or MixtureSearch
            Fitted; softmix's or scikit-learn's. Of a search, the best model is drawn.
        X : array-like of shape (n_samples, n_features), or Scan
        columns : int, str, or one or two of them, default=None
            The columns to draw, by position or by name; None is the first two. Labels are those of
            the whole rows, ellipses those of the marginals.
        probability : float, default=0.9
            The share of its component that an ellipse holds.
        uncertain_above : float, default=None
            Rows whose uncertainty, 1 − the largest membership, is larger are drawn hollow.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.
        max_points : int, default=20000
            Of more rows, a sample of this size is drawn, always the same, and the title says so.

        Returns
        -------
        display : ClassificationDisplay
        """
        scene = Scene.of(estimator, X, columns, max_points, cls.__name__)
        display = cls(
            points=scene.rows.points,
            labels=scene.labels,
            names=scene.mixture.names,
            mixture=scene.mixture,
            uncertainty=scene.uncertainty,
            note=scene.rows.note,
        )
        return display.plot(ax, probability=probability, uncertain_above=uncertain_above)

    @classmethod
    def from_predictions(
        cls, X: Any, labels: Any, *, columns: Columns = None, ax: Any = None, max_points: int = MOST_POINTS
    ) -> Self:
        """Draw the rows of X with labels that are given: any clustering's, or true classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        labels : array-like of shape (n_samples,)
            Numbers or words; −1 is noise.
        columns : int, str, or one or two of them, default=None
        ax : matplotlib Axes, default=None
        max_points : int, default=20000

        Returns
        -------
        display : ClassificationDisplay
        """
        require_matplotlib()
        names = table_names(X)
        chosen = choose_columns(columns, names, cls.__name__)
        rows, labels = rows_to_draw(X, chosen, max_points), np.asarray(labels)
        if labels.shape != (rows.n_rows,):
            raise ValueError(
                f"labels must have one entry a row of X, shape ({rows.n_rows},). Got {labels.shape}."
            )
        display = cls(
            points=rows.points,
            labels=labels[rows.numbers],
            names=[names[j] for j in chosen],
            note=rows.note,
        )
        return display.plot(ax)

    def plot(
        self, ax: Any = None, *, probability: float = _PROBABILITY, uncertain_above: float | None = None
    ) -> Self:
        """Draw on `ax`, or on a new figure.

        Returns
        -------
        self : ClassificationDisplay
        """
        radius = radius_holding(probability)
        hollow = self._hollow(uncertain_above)
        ax = open_axes(ax)
        self.ax_, self.figure_ = ax, ax.figure
        self.scatters_: dict[Any, list[Any]] = {}
        self.ellipses_: list[Any] = []
        self.lines_: list[Any] = []
        styles = label_styles(self._classes())
        tell(ax, self.note)
        if len(self.names) == 1:
            self._draw_one_column(styles)
        else:
            self._draw_two_columns(styles, hollow, radius)
        title = "label" if self.mixture is None else "component"
        self.legend_ = legend(ax, self._marks(styles, probability, uncertain_above), title)
        return self

    def _hollow(self, uncertain_above: float | None) -> np.ndarray | None:
        if uncertain_above is None:
            return None
        if self.uncertainty is None:
            raise ValueError("uncertain_above needs uncertainties, and labels that are given have none.")
        return self.uncertainty > uncertain_above

    def _classes(self) -> list[Any]:
        """All labels that there can be, the noise last."""
        found = list(np.unique(self.labels))
        own = (
            [label for label in found if not is_noise(label)]
            if self.mixture is None
            else range(len(self.mixture))
        )
        return [*own, *(label for label in found if is_noise(label))]

    def _draw_one_column(self, styles: dict[Any, Any]) -> None:
        x, ax = self.points[:, 0], self.ax_
        if self.mixture is None:
            memberships = np.stack([self.labels == label for label in styles], axis=1).astype(float)
            colours = np.array([colour for colour, _ in styles.values()])
            edges = one_column.plain_bin_edges(x)
            height = one_column.draw_histogram(ax, x, memberships, colours, edges)
        else:
            grid = one_column.wide_grid(float(x.min()), float(x.max()), self.mixture)
            colours = np.array([colour for label, (colour, _) in styles.items() if not is_noise(label)])
            self.lines_, height = one_column.draw_densities(ax, self.mixture, colours, grid)
        one_column.draw_rug(ax, x, [styles[label][0] for label in self.labels], height)
        one_column.finish(ax, self.names[0], height, rug=True)

    def _draw_two_columns(self, styles: dict[Any, Any], hollow: np.ndarray | None, radius: float) -> None:
        ax = self.ax_
        quiet_axes(ax)
        self.scatters_ = scatter_by_label(ax, self.points, self.labels, styles, hollow)
        name_axes(ax, self.names)
        if self.mixture is not None:
            colours = np.array([styles[k][0] for k in range(len(self.mixture))])
            self.ellipses_ = draw_ellipses(ax, self.mixture, colours, (radius,))
            number_means(ax, self.mixture, colours)

    def _marks(self, styles: dict[Any, Any], probability: float, uncertain_above: float | None) -> list[Any]:
        """The labels and their shares, and what else needs a word."""
        shapes = len(self.names) == 2
        marks = label_marks(styles, label_shares(self.labels, self.mixture), shapes=shapes)
        if uncertain_above is not None and shapes:
            text = f"uncertainty over {uncertain_above:g}"
            marks.append(mark(text, markerfacecolor="none", markeredgecolor=INK))
        if self.mixture is not None and shapes:
            marks.append(ellipse_mark(probability))
        return marks
