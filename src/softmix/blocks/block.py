"""A block: the rows that the kernel takes at once, and how many they are.

The number of rows of a block depends on the number of columns alone, never on the source or on
the number of workers: that is what makes a fit's bits independent of who reads and who works.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_BLOCK_ELEMENTS = 1 << 16
_MIN_ROWS, _MAX_ROWS = 1024, 16384


@dataclass(frozen=True, eq=False)
class Block:
    """Consecutive rows, C-contiguous, in float64 or float32, and their weights if any.

    `carried` has columns that no computation looks at, as Arrow record batches, where a pass asks
    for them.
    """

    rows: np.ndarray
    weights: np.ndarray | None
    carried: Sequence[Any] = ()

    def counted(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Rows and weights without the rows of weight 0, which may be anything, even huge."""
        if self.weights is None or self.weights.all():
            return self.rows, self.weights
        kept = np.flatnonzero(self.weights)
        return self.rows[kept], self.weights[kept]

    @property
    def total_weight(self) -> float:
        """Σ w, the number of rows where they have no weights."""
        return float(len(self.rows) if self.weights is None else self.weights.sum())


def block_rows(n_features: int) -> int:
    """Rows in a block: about half a megabyte of float64, within 1,024 and 16,384 rows."""
    return min(max(_BLOCK_ELEMENTS // n_features, _MIN_ROWS), _MAX_ROWS)
