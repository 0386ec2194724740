"""Blocks of a stream: the array's own blocks, however what is read comes in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulate_stream import as_stream

from softmix.blocks import ArrayBlocks


def assert_same_blocks(stream, array):
    with stream.blocks() as ours, array.blocks() as theirs:
        for (number, block), (expected_number, expected) in zip(ours, theirs, strict=True):
            assert number == expected_number
            assert block.rows.flags.c_contiguous
            assert block.rows.dtype == expected.rows.dtype
            np.testing.assert_array_equal(block.rows, expected.rows)
            np.testing.assert_array_equal(block.weights, expected.weights)


@given(
    n=st.integers(0, 5000),
    d=st.integers(1, 70),
    lengths=st.lists(st.integers(1, 3000), min_size=1, max_size=4),
    weighted=st.booleans(),
)
def test_blocks_are_those_of_the_array(n, d, lengths, weighted):
    rows = np.random.default_rng(0).standard_normal((n, d)).astype(np.float32 if n % 2 else np.float64)
    weights = np.arange(n) % 3.0 if weighted else None
    array, stream = ArrayBlocks(rows, weights), as_stream(rows, weights, lengths=lengths)
    for _ in range(2):
        assert_same_blocks(stream, array)
    assert (stream.n_features, stream.dtype, stream.n_rows) == (d, rows.dtype, n)
    assert stream.total_weight == array.total_weight


def test_a_complete_pass_counts_and_asking_before_makes_one():
    stream = as_stream(np.zeros((2500, 2)), np.full(2500, 0.5))
    assert (stream.n_rows, stream.total_weight) == (2500, 1250.0)
    assert stream.reader.passes == [2500]
    swept = as_stream(np.zeros((2500, 2)))
    with swept.blocks() as blocks:
        assert len(list(blocks)) == 1
    assert (swept.n_rows, swept.total_weight) == (2500, 2500.0)
    assert swept.reader.passes == [2500]
    counted = as_stream(np.zeros((2500, 2)), counted=True)
    assert counted.n_rows == 2500
    assert counted.reader.passes == []


@pytest.mark.parametrize("weighted", [False, True])
def test_rows_by_number_cost_one_pass_that_ends_with_the_last(weighted):
    rows = np.random.default_rng(0).standard_normal((100_000, 4))
    weights = np.arange(100_000) % 3.0 if weighted else None
    indices = np.array([0, 3, 16_383, 16_384, 40_000])
    stream = as_stream(rows, weights)
    taken, theirs = stream.take(indices)
    np.testing.assert_array_equal(taken, rows[indices])
    np.testing.assert_array_equal(theirs, None if weights is None else weights[indices])
    assert len(stream.reader.passes) == 1
    assert 40_000 < stream.reader.passes[0] < 60_000
    assert stream.reader.open == 0


def test_weights_of_all_rows():
    weights = np.arange(5000.0)
    np.testing.assert_array_equal(as_stream(np.zeros((5000, 2)), weights).row_weights(), weights)
    assert as_stream(np.zeros((5000, 2))).row_weights() is None


@pytest.mark.parametrize("now", [4000, 6000])
def test_rows_that_change_between_passes_are_refused(now):
    stream = as_stream(np.zeros((5000, 2)))
    assert stream.n_rows == 5000
    stream.reader.rows = np.zeros((now, 2))
    with pytest.raises(ValueError, match="The rows changed between two passes: there were 5,000"):
        stream.take(np.array([now - 1, now]))
