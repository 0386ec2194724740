"""Blocks of a stream, read by one thread a few blocks ahead of those who work on them.

Reading and decoding overlap the sweep, and at most `depth` blocks wait at any time.
"""

from collections import deque
from threading import Condition, Thread
from types import TracebackType
from typing import Self

from softmix.blocks import Block, Source


class ReadAhead:
    """One pass over `source`: any thread takes the next (number, block). Use as a context manager.

    What goes wrong in the reader is raised to one taker; leaving the context ends the reader.
    """

    def __init__(self, source: Source, depth: int) -> None:
        self._source, self._depth = source, depth
        self._ready: deque[tuple[int, Block]] = deque()
        self._changed = Condition()
        self._ended = self._closed = False
        self._error: BaseException | None = None
        self._reader = Thread(target=self._read, name="softmix-reader", daemon=True)

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self._reader.join()

    def take(self) -> tuple[int, Block] | None:
        """The next block, waiting for it; None after the last and after `close`."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._ended or self._closed)
            if self._ready and not self._closed:
                self._changed.notify_all()
                return self._ready.popleft()
            error, self._error = self._error, None
        if error is not None:
            raise error
        return None

    def close(self) -> None:
        """No further block is given or read."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _read(self) -> None:
        try:
            with self._source.blocks() as blocks:
                for item in blocks:
                    if not self._offer(item):
                        break
        except BaseException as error:  # noqa: BLE001 (it is raised again where the blocks are taken)
            self._error = error
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _offer(self, item: tuple[int, Block]) -> bool:
        """Wait until there is room for `item`; False once nobody wants it."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._ready) < self._depth or self._closed)
            self._ready.append(item)
            self._changed.notify_all()
            return not self._closed
