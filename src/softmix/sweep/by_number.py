"""Numbered items, handed out one by one to whoever takes the next."""

from collections.abc import Callable
from threading import Lock
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Numbered(Protocol[T_co]):
    """Items that can be had by number."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int, /) -> T_co: ...


class ForEach(Protocol):
    """Visits all (number, item), in any order and from any thread."""

    def __call__(self, items: Numbered[T], visit: Callable[[int, T], None], /) -> None: ...


class Pass(Protocol[T_co]):
    """One pass over items, each given to one taker."""

    def take(self) -> tuple[int, T_co] | None:
        """The next (number, item); None after the last and after `close`."""

    def close(self) -> None:
        """No further item is given."""


class ByNumber(Generic[T]):
    """A pass over items that can be had by number. Use as a context manager."""

    def __init__(self, items: Numbered[T]) -> None:
        self._items, self._lock = items, Lock()
        self._next, self._stop = 0, len(items)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def take(self) -> tuple[int, T] | None:
        """The next (number, item); None after the last and after `close`."""
        with self._lock:
            if self._next >= self._stop:
                return None
            self._next += 1
            number = self._next - 1
        return number, self._items[number]

    def close(self) -> None:
        """No further item is given."""
        with self._lock:
            self._stop = 0
