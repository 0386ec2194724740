"""A source without some of its rows, as far as drawing a sample asks."""

import numpy as np

from softmix.blocks import Source


class Masked:
    """The rows of `source` that `mask` leaves: the others weigh nothing.

    Parameters
    ----------
    source : Source
    mask : ndarray of bool of shape (n,)
        The rows to leave out.
    """

    def __init__(self, source: Source, mask: np.ndarray) -> None:
        weights = source.row_weights()
        self._source, self.n_rows = source, source.n_rows
        self._weights = np.where(mask, 0.0, 1.0 if weights is None else weights)

    def take(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Rows (m, d) and their weights (m,) at ascending row numbers."""
        return self._source.take(indices)[0], self._weights[indices]

    def row_weights(self) -> np.ndarray:
        """The weights of all rows, (n,)."""
        return self._weights
