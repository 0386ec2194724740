"""A stream that moves to a spool by itself, where that has room and is quicker.

The first complete pass reads the source and says how much there is; the second also writes its blocks
into a temporary file; those to come read that. Where a source cannot say how many rows it has, one
more comes before, since whoever needs their number makes a pass for it. So what passes once over the
rows, as `predict` does, writes nothing, and a fit decodes them two or three times, not once a sweep.
"""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from time import perf_counter
from typing import Any

from softmix.blocks.block import Block
from softmix.blocks.source import NumberedBlocks
from softmix.blocks.spool import SpoolFile
from softmix.blocks.spool_place import has_room, spool_folder
from softmix.blocks.stream import Reader, StreamBlocks

# A spool that keeps the sweeps waiting this many times as long as its source did, in two passes that
# follow each other, is on a disk that is too slow for it.
_TOO_SLOW = 1.5
_SLOW_PASSES = 2


class LaterSpooledBlocks(StreamBlocks):
    """The rows of `reader` as a `Source`, from `reader` or from what was spooled of it.

    What goes wrong with the spool is nobody's concern who did not ask for one: the source is read on.
    """

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader)
        self._passes_before = 2 if self._n_rows is None else 1
        self._waited = 0.0  # seconds, for the last complete pass over the source
        self._file: SpoolFile | None = None
        self._n_slow = 0
        self._may_spool = True

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_file": None}

    @contextmanager
    def blocks(self) -> Iterator[NumberedBlocks]:
        """A pass over all (number, block), in order."""
        if self._file is not None:
            yield self._from_file(self._file)
            return
        with super().blocks() as read, closing(self._from_source(read)) as blocks:
            yield blocks

    def _from_source(self, read: NumberedBlocks) -> Generator[tuple[int, Block], None, None]:
        file, timed = self._new_file(), _Timed(read)
        for number, block in timed:
            if file is not None and not self._wrote(file, block):
                file = None
            yield number, block
        if file is not None:
            self._file = file
        self._waited = timed.seconds
        self._passes_before -= 1

    def _from_file(self, file: SpoolFile) -> NumberedBlocks:
        timed = _Timed(file.blocks())
        yield from timed
        self._n_slow = self._n_slow + 1 if timed.seconds > _TOO_SLOW * self._waited else 0
        if self._n_slow == _SLOW_PASSES:
            self._do_without()

    def _new_file(self) -> SpoolFile | None:
        """What this pass writes to, if it writes."""
        if self._passes_before > 0 or not self._may_spool:
            return None
        n_bytes = self.n_rows * (self.n_features * self.dtype.itemsize + 8 * self.reader.weighted)
        folder = spool_folder()
        try:
            return SpoolFile(self.reader, folder) if has_room(folder, n_bytes) else None
        except OSError:
            return None

    def _wrote(self, file: SpoolFile, block: Block) -> bool:
        try:
            file.add(block)
        except OSError:
            self._do_without()
        return self._may_spool

    def _do_without(self) -> None:
        self._file, self._may_spool = None, False


class _Timed(Iterator[tuple[int, Block]]):
    """`blocks`, and the seconds that were spent waiting for them."""

    def __init__(self, blocks: NumberedBlocks) -> None:
        self._blocks, self.seconds = blocks, 0.0

    def __next__(self) -> tuple[int, Block]:
        begin = perf_counter()
        try:
            return next(self._blocks)
        finally:
            self.seconds += perf_counter() - begin
