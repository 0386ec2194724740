"""MembershipDisplay: the rows of a table coloured by membership, and the components behind them."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from softmix.plots import one_column, two_columns
from softmix.plots.marginals import marginal_covariances

_MOST_POINTS = 20_000


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
        Memberships of the rows.
    weights : ndarray of shape (n_components,)
    means : ndarray of shape (n_components, m)
    covariances : ndarray of shape (n_components, m, m)
    names : sequence of str
        Of the columns drawn.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    scatter_ : matplotlib PathCollection or None
    ellipses_ : list of matplotlib Ellipse
        Component by component, one standard deviation before two.
    lines_ : list of matplotlib Line2D
        With one column: each component's density, then the mixture's.

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

    def __init__(
        self,
        *,
        points: np.ndarray,
        resp: np.ndarray,
        weights: np.ndarray,
        means: np.ndarray,
        covariances: np.ndarray,
        names: Sequence[str],
    ) -> None:
        self.points = points
        self.resp = resp
        self.weights = weights
        self.means = means
        self.covariances = covariances
        self.names = names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        columns: int | str | Sequence[int | str] = (0, 1),
        ax: Any = None,
        max_points: int = _MOST_POINTS,
    ) -> Self:
        """Draw the rows of X under a fitted mixture.

        Parameters
        ----------
        estimator : GaussianMixture
            Fitted; softmix's or scikit-learn's.
        X : array-like of shape (n_samples, n_features)
        columns : int, str, or one or two of them, default=(0, 1)
            The columns to draw, by position or by name. With more columns in the model, the
            memberships are those of the whole rows and the ellipses are the marginals'.
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.
        max_points : int, default=20000
            Of more rows, a random sample of this size is drawn.

        Returns
        -------
        display : MembershipDisplay
        """
        n_features = estimator.means_.shape[1]
        known = getattr(estimator, "feature_names_in_", None)
        names = [f"column {j}" for j in range(n_features)] if known is None else [str(n) for n in known]
        chosen = _positions((0,) if n_features == 1 and columns == (0, 1) else columns, names)
        points, resp = np.asarray(X, dtype=np.float64)[:, chosen], estimator.predict_proba(X)
        if len(points) > max_points:
            kept = np.random.default_rng(0).choice(len(points), max_points, replace=False)
            points, resp = points[kept], resp[kept]
        display = cls(
            points=points,
            resp=resp,
            weights=np.asarray(estimator.weights_, dtype=np.float64),
            means=np.asarray(estimator.means_, dtype=np.float64)[:, chosen],
            covariances=marginal_covariances(estimator, chosen),
            names=[names[j] for j in chosen],
        )
        return display.plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw on `ax`, or on a new figure.

        Returns
        -------
        self : MembershipDisplay
        """
        if ax is None:
            from matplotlib import pyplot as plt  # noqa: PLC0415

            _, ax = plt.subplots(layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        self.scatter_: Any = None
        self.ellipses_: list[Any] = []
        self.lines_: list[Any] = []
        if len(self.names) == 1:
            self.lines_ = one_column.draw(self, ax)
        else:
            self.scatter_, self.ellipses_ = two_columns.draw(self, ax)
        return self


def _positions(columns: int | str | Sequence[int | str], names: Sequence[str]) -> list[int]:
    listed = [columns] if isinstance(columns, (int, str, np.integer)) else list(columns)
    if not 1 <= len(listed) <= 2:
        raise ValueError(
            f"The 'columns' parameter of MembershipDisplay takes one or two columns. Got {columns!r}."
        )
    return [_position(column, names) for column in listed]


def _position(column: int | str, names: Sequence[str]) -> int:
    if isinstance(column, str) and column in names:
        return names.index(column)
    if not isinstance(column, str) and -len(names) <= column < len(names):
        return int(column) % len(names)
    raise ValueError(f"columns has {column!r}; the model's columns are {', '.join(map(repr, names[:20]))}.")
