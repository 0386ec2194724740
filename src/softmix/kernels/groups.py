"""Rows in groups, each with the components that matter to it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class RowGroups:
    """Group g holds rows row_starts[g] … row_starts[g+1] and sees its own components alone.

    Its components are components[component_starts[g] : component_starts[g+1]], ascending and at
    least one. All arrays are int64.
    """

    row_starts: np.ndarray
    component_starts: np.ndarray
    components: np.ndarray

    @property
    def most_components(self) -> int:
        return int(np.diff(self.component_starts).max(initial=1))

    def __iter__(self) -> Iterator[tuple[slice, np.ndarray]]:
        """The rows and the components of each group."""
        rows, components = self.row_starts.tolist(), self.component_starts.tolist()
        for g in range(len(rows) - 1):
            yield slice(rows[g], rows[g + 1]), self.components[components[g] : components[g + 1]]

    @classmethod
    def of(cls, groups: list[tuple[int, np.ndarray]]) -> "RowGroups":
        """Groups given as (number of rows, components), one after the other."""
        sizes, lists = [size for size, _ in groups], [components for _, components in groups]
        return cls(
            np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            np.concatenate([[0], np.cumsum([len(some) for some in lists])]).astype(np.int64),
            np.concatenate(lists).astype(np.int64),
        )
