"""Sweeps over streams: the array's bits, bounded reading ahead, and nothing left behind."""

import signal
import threading
import time

import numpy as np
import pytest
from simulate import parameters
from simulate_stream import ChunkedArray, as_stream

from softmix.blocks import ArrayBlocks
from softmix.blocks.stream import Chunk, StreamBlocks
from softmix.parameters import FactorShape
from softmix.sweep import ThreadSweep
from softmix.sweep.read_ahead import ReadAhead

ROWS = np.random.default_rng(0).standard_normal((150_000, 2))
WEIGHTS = np.random.default_rng(1).uniform(0, 2, len(ROWS))


def assert_nothing_left_behind(source):
    assert source.reader.open == 0
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("softmix")]


@pytest.mark.parametrize("shape", list(FactorShape))
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["", "weighted"])
@pytest.mark.parametrize("n_jobs", [1, 3])
def test_the_bits_of_the_array(shape, weights, n_jobs):
    model, stream = parameters(shape), as_stream(ROWS, weights, lengths=(7001, 20_000))
    labels = [np.empty(len(ROWS), np.int64) for _ in range(2)]
    with ThreadSweep(ArrayBlocks(ROWS, weights)) as sweep:
        expected = sweep(model), sweep.log_likelihood(model, labels=labels[0])
        classified = sweep.classification_log_likelihood(model)
    with ThreadSweep(stream, n_jobs) as sweep:
        found = sweep(model), sweep.log_likelihood(model, labels=labels[1])
        assert sweep.classification_log_likelihood(model) == classified
    np.testing.assert_array_equal(found[0].values, expected[0].values)
    assert found[1] == expected[1]
    np.testing.assert_array_equal(*labels)
    assert_nothing_left_behind(stream)


class Torn(ChunkedArray):
    """A reader that fails on the way."""

    def _chunks(self):
        yield Chunk(self.rows[:40_000], None)
        raise OSError("torn page")


@pytest.mark.parametrize("n_jobs", [1, 2, 4])
def test_errors_of_the_reader_come_out(n_jobs):
    source = StreamBlocks(Torn(ROWS))
    with pytest.raises(OSError, match="torn page"), ThreadSweep(source, n_jobs) as sweep:
        sweep(parameters(FactorShape.FULL))
    assert_nothing_left_behind(source)


def test_no_more_than_its_depth_is_read_ahead():
    source = as_stream(ROWS, lengths=(16384,))
    with ReadAhead(source, depth=2) as blocks:
        number, _ = blocks.take()
        deadline = time.monotonic() + 0.2
        while time.monotonic() < deadline:
            assert source.reader.passes[0] <= 4 * 16384  # one taken, two ready, one that waits for room
            time.sleep(0.01)
    assert number == 0
    assert_nothing_left_behind(source)


def test_an_error_in_the_sweep_ends_the_reader():
    source = as_stream(ROWS, lengths=(8192,))
    with pytest.raises(TypeError, match="nonsense"), ThreadSweep(source, 2) as sweep:
        sweep.evaluate(parameters(FactorShape.FULL), nonsense=np.empty(len(ROWS)))
    assert source.reader.passes[0] < len(ROWS)
    assert_nothing_left_behind(source)


class Endless(ChunkedArray):
    """A reader that never ends and, once under way, is interrupted as by Ctrl-C."""

    def _chunks(self):
        for number in range(10**9):
            if number == 20:
                signal.raise_signal(signal.SIGINT)
            yield Chunk(self.rows[:16384], None)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_interrupt_ends_the_sweep_and_its_threads(n_jobs):
    source = StreamBlocks(Endless(ROWS))
    with pytest.raises(KeyboardInterrupt), ThreadSweep(source, n_jobs) as sweep:
        sweep(parameters(FactorShape.FULL))
    assert_nothing_left_behind(source)
