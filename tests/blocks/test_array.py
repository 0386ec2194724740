"""Blocks of an array: views where they can be, all rows once, sizes that no worker changes."""

from itertools import pairwise
from math import fsum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmix.blocks import ArrayBlocks, Block, block_rows


def every(source):
    with source.blocks() as blocks:
        numbers, found = zip(*blocks, strict=True)
    assert numbers == tuple(range(len(source)))
    return found


@given(n=st.integers(1, 40_000), d=st.integers(1, 300))
def test_every_row_once_and_in_order(n, d):
    source = ArrayBlocks(np.broadcast_to(np.arange(n, dtype=float)[:, None], (n, d)))
    spans = [source.span(number) for number in range(len(source))]
    assert spans[0].start == 0
    assert spans[-1].stop == n
    assert all(a.stop == b.start for a, b in pairwise(spans))
    assert {span.stop - span.start for span in spans[:-1]} <= {block_rows(d)}


@given(st.integers(1, 10**6))
def test_sizes_are_bounded(d):
    assert 1024 <= block_rows(d) <= 16384


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_c_contiguous_rows_are_viewed(dtype):
    rows = np.zeros((20_000, 4), dtype)
    source = ArrayBlocks(rows, np.ones(20_000))
    for block in every(source):
        assert np.shares_memory(block.rows, rows)
        assert np.shares_memory(block.weights, source.weights)
        assert block.rows.dtype == dtype


@pytest.mark.parametrize("layout", ["Fortran", "strided", "reversed"])
def test_other_layouts_are_copied_a_block_at_a_time(layout):
    base = np.random.default_rng(0).standard_normal((40_000, 6))
    rows = {"Fortran": np.asfortranarray(base), "strided": base[::2, ::2], "reversed": base[::-1]}[layout]
    source = ArrayBlocks(rows)
    assert source.rows is rows
    for number, block in enumerate(every(source)):
        assert block.rows.flags.c_contiguous
        assert len(block.rows) <= block_rows(rows.shape[1]) < len(rows)
        np.testing.assert_array_equal(block.rows, rows[source.span(number)])


@pytest.mark.parametrize("number", [-1, 3])
def test_no_block_beyond_the_last(number):
    with pytest.raises(IndexError):
        ArrayBlocks(np.zeros((40_000, 4)))[number]


def test_total_weight():
    rows = np.zeros((5, 2))
    assert ArrayBlocks(rows).total_weight == 5.0
    assert ArrayBlocks(rows, np.array([0.0, 1.0, 2.0, 0.5, 0.0])).total_weight == 3.5


def test_counted_rows():
    rows, weights = np.arange(8.0).reshape(4, 2), np.array([0.0, 2.0, 0.0, 1.0])
    kept, their_weights = Block(rows, weights).counted()
    np.testing.assert_array_equal(kept, rows[[1, 3]])
    np.testing.assert_array_equal(their_weights, [2.0, 1.0])
    positive = Block(rows, np.ones(4))
    assert positive.counted() == (positive.rows, positive.weights)
    assert Block(rows, None).counted() == (rows, None)


def test_rows_by_number():
    rows, weights = np.arange(8.0).reshape(4, 2), np.array([0.0, 2.0, 0.0, 1.0])
    for source in (ArrayBlocks(rows), ArrayBlocks(rows, weights)):
        taken, theirs = source.take(np.array([1, 3]))
        np.testing.assert_array_equal(taken, rows[[1, 3]])
        if source.row_weights() is None:
            assert theirs is None
        else:
            np.testing.assert_array_equal(theirs, [2.0, 1.0])


def test_the_total_weight_is_that_of_the_blocks():
    weights = np.random.default_rng(0).uniform(0, 1, 40_000)
    source = ArrayBlocks(np.zeros((40_000, 4)), weights)
    assert source.total_weight == fsum(block.total_weight for block in every(source))
    assert source.total_weight == pytest.approx(fsum(weights), rel=1e-15)
