"""Addition in a fixed order, whoever adds and whenever.

Item i joins item i ^ 1, their sum joins its neighbour, and so on: a binary tree over block
numbers; what has no neighbour in the end goes up alone. The bits of the total depend on the
items and their numbers alone, and pairwise summation keeps rounding at O(log n). Higham (1993).
"""

from threading import Lock
from typing import Generic, Protocol, Self, TypeVar


class Addable(Protocol):
    """What has `+`."""

    def __add__(self, other: Self, /) -> Self: ...


T = TypeVar("T", bound=Addable)


class TreeSum(Generic[T]):
    """Adds items numbered 0 … n−1, given in any order, from any thread; n need not be known.

    Items are the sum's own once they are added: it may change them.
    """

    def __init__(self) -> None:
        self._n_items, self._n_added = 0, 0
        self._waiting: dict[tuple[int, int], T] = {}
        self._lock = Lock()

    def add(self, number: int, item: T) -> None:
        """Give item `number`; it is added to its neighbour as soon as that is there."""
        with self._lock:
            self._n_items = max(self._n_items, number + 1)
            self._n_added += 1
        level = 0
        while True:
            with self._lock:
                other = self._waiting.pop((level, number ^ 1), None)
                if other is None:
                    self._waiting[level, number] = item
                    return
            item = _joined(other, item) if number & 1 else _joined(item, other)
            level, number = level + 1, number >> 1

    def total(self) -> T:
        """The sum of all items, when all were given. Items that wait for a neighbour join here."""
        if not self._n_items or self._n_added < self._n_items:
            raise RuntimeError(f"Not all of the {self._n_items} items were added.")
        # Each waiting subtree is complete, and they are of different heights, the highest first.
        right, *others = (item for _, item in sorted(self._waiting.items(), key=lambda entry: entry[0][0]))
        for left in others:
            right = _joined(left, right)
        return right


def _joined(left: T, right: T) -> T:
    """left + right, in place where the items can: large ones would need fresh memory each time."""
    left += right
    return left
