"""What a picture of a fitted mixture shows: its marginal, the rows, and what it says of them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from softmix.plots.canvas import require_matplotlib
from softmix.plots.columns import Columns, choose_columns, column_names
from softmix.plots.drawn_rows import DrawnRows, rows_to_draw
from softmix.plots.fitted_mixture import classified, mixture_of
from softmix.plots.marginals import Marginal


@dataclass(frozen=True, eq=False)
class Scene:
    """A fitted mixture in the columns drawn, and rows.

    Parameters
    ----------
    model : object
        The estimator.
    mixture : Marginal
    rows : DrawnRows
    """

    model: Any
    mixture: Marginal
    rows: DrawnRows

    @classmethod
    def of(
        cls, estimator: Any, X: Any, columns: Columns, max_points: int, display: str, most: int = 2
    ) -> "Scene":
        """The scene of `estimator` and `X`, for a `display` of at most so many columns.

        Raises
        ------
        ImportError
            Without matplotlib.
        NotFittedError, TypeError, ValueError
            If the estimator is no fitted mixture, or columns or rows cannot be drawn.
        """
        model, mixture, chosen = look_at(estimator, columns, display, most)
        return cls(model, mixture, rows_to_draw(X, chosen, max_points, model))

    @cached_property
    def resp(self) -> np.ndarray:
        """Memberships of the rows, of the noise last."""
        return np.asarray(self.model.predict_proba(self.rows.table))

    @property
    def labels(self) -> np.ndarray:
        """The labels of the rows."""
        return classified(self.resp, len(self.mixture))[0]

    @property
    def uncertainty(self) -> np.ndarray:
        """1 − the largest membership of each row."""
        return classified(self.resp, len(self.mixture))[1]


def look_at(estimator: Any, columns: Columns, display: str, most: int = 2) -> tuple[Any, Marginal, list[int]]:
    """The fitted mixture behind `estimator`, its marginal in `columns`, and their positions."""
    require_matplotlib()
    model = mixture_of(estimator)
    names = column_names(model)
    chosen = choose_columns(columns, names, display, most)
    return model, Marginal.of(model, chosen, names), chosen
