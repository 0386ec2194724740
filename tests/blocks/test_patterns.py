"""Rows grouped by pattern are all rows, each once, with what is observed of it."""

from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulate_missing import with_holes

from softmix.blocks import ArrayBlocks, Incomplete, block_rows
from softmix.blocks.patterns import by_pattern
from softmix.blocks.stream import Chunk, StreamBlocks

SIZES = st.one_of(st.integers(1, 17), st.sampled_from([63, 64, 65, 130]))


@given(
    n=st.integers(1, 60),
    d=SIZES,
    rate=st.sampled_from([0.0, 0.1, 0.5, 0.95]),
    seed=st.integers(0, 99),
    weighted=st.booleans(),
)
def test_every_row_is_there_once(n, d, rate, seed, weighted):
    rng = np.random.default_rng(seed)
    rows = with_holes(rng.standard_normal((n, d)), rate, seed)
    weights = rng.uniform(1, 2, n) if weighted else None
    groups = by_pattern(rows, weights)
    again = np.full_like(rows, np.nan)
    seen = np.concatenate([group.places for group in groups])
    np.testing.assert_array_equal(np.sort(seen), np.arange(n))
    for group in groups:
        assert group.rows.flags.c_contiguous
        for p in range(group.n_patterns):
            one = group.subset(p, p + 1)
            again[np.ix_(one.places, one.columns[0])] = one.rows
            assert (np.diff(one.places) > 0).all()
            if weights is not None:
                np.testing.assert_array_equal(one.weights, weights[one.places])
    np.testing.assert_array_equal(again, rows)
    n_patterns = len(np.unique(np.isnan(rows), axis=0))
    assert sum(group.n_patterns for group in groups) == n_patterns
    counts = [group.columns.shape[1] for group in groups]
    assert counts == sorted(set(counts))


class Rows:
    """A reader of an array, in chunks of a length of their own."""

    feature_names, weighted = None, False

    def __init__(self, rows):
        self.rows, self.n_features, self.dtype = rows, rows.shape[1], rows.dtype

    def count(self):
        return len(self.rows)

    def chunks(self):
        starts = range(0, len(self.rows), 1000)
        return nullcontext(Chunk(self.rows[start : start + 1000], None) for start in starts)


@pytest.mark.parametrize("n", [1, 40_000, 9 * block_rows(8) + 5])
def test_a_stream_has_the_wide_blocks_of_the_array(n):
    rows = with_holes(np.random.default_rng(0).standard_normal((n, 8)), 0.2)
    array, stream = Incomplete.over(ArrayBlocks(rows)), Incomplete.over(StreamBlocks(Rows(rows)))
    with array.blocks() as one, stream.blocks() as other:
        for (number, block), (same, streamed) in zip(one, other, strict=True):
            assert number == same
            np.testing.assert_array_equal(block.rows, streamed.rows)
