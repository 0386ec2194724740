"""An array that is read as a stream: chunk by chunk, anew at each pass."""

from contextlib import contextmanager

import numpy as np

from softmix.blocks.stream import Chunk, StreamBlocks


class ChunkedArray:
    """A reader that gives the rows of an array in chunks of the `lengths` given, over and over."""

    feature_names = None

    def __init__(self, rows, weights=None, *, lengths=(1000,), counted=False):
        self.rows, self.weights, self.lengths, self.counted = rows, weights, lengths, counted
        self.n_features, self.dtype, self.weighted = rows.shape[1], rows.dtype, weights is not None
        self.passes, self.open = [], 0

    def count(self):
        return len(self.rows) if self.counted else None

    @contextmanager
    def chunks(self):
        self.open += 1
        self.passes.append(0)
        try:
            yield self._chunks()
        finally:
            self.open -= 1

    def _chunks(self):
        start, number = 0, 0
        while start < len(self.rows):
            part = slice(start, start + self.lengths[number % len(self.lengths)])
            values = self.rows[part] if number % 2 else list(self.rows[part].T)
            self.passes[-1] += len(self.rows[part])
            yield Chunk(values, None if self.weights is None else self.weights[part])
            start, number = part.stop, number + 1


def as_stream(rows, weights=None, **options):
    """`rows` as a stream."""
    return StreamBlocks(ChunkedArray(np.asarray(rows), weights, **options))
