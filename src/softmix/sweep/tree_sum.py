"""Addition in a fixed order, whoever adds and whenever.

Item i joins item i ^ 1, their sum joins its neighbour, and so on: a binary tree over block
numbers. The bits of the total depend on the items and their numbers alone, and pairwise
summation keeps rounding at O(log n). Higham (1993).
"""

from threading import Lock
from typing import Generic, Protocol, Self, TypeVar


class _Addable(Protocol):
    def __add__(self, other: Self, /) -> Self: ...


T = TypeVar("T", bound=_Addable)


class TreeSum(Generic[T]):
    """Adds `n_items` numbered items, given in any order, from any thread."""

    def __init__(self, n_items: int) -> None:
        self._n_items = n_items
        self._waiting: dict[tuple[int, int], T] = {}
        self._lock = Lock()
        self._total: T | None = None

    def add(self, number: int, item: T) -> None:
        """Give item `number`; it is added to its neighbour as soon as that is there."""
        level, width = 0, self._n_items
        while width > 1:
            sibling = number ^ 1
            if sibling < width:
                with self._lock:
                    other = self._waiting.pop((level, sibling), None)
                    if other is None:
                        self._waiting[level, number] = item
                        return
                item = other + item if number & 1 else item + other
            level, number, width = level + 1, number >> 1, (width + 1) >> 1
        self._total = item

    def total(self) -> T:
        """The sum of all items."""
        if self._total is None:
            raise RuntimeError(f"Not all of the {self._n_items} items were added.")
        return self._total
