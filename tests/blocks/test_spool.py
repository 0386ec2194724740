"""A spool: one pass of the source, any number of passes of the file, and nothing left behind."""

import gc
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from simulate import clusters
from simulate_stream import ChunkedArray

from softmix import GaussianMixture, scan
from softmix.blocks.spool import SpooledBlocks
from softmix.exceptions import TableError

X, _ = clusters(n=40_000, d=3)
WEIGHTS = np.random.default_rng(0).integers(0, 3, len(X)).astype(np.float64)


def _open_files(folder):
    """How many files in `folder`, nameless ones too, this process has open, where the system says it."""
    listed = Path("/proc/self/fd")
    if not listed.is_dir():
        return None
    targets = []
    for descriptor in listed.iterdir():
        with suppress(FileNotFoundError):  # the one that lists the others
            targets.append(str(descriptor.readlink()))
    return sum(target.startswith(str(folder)) for target in targets)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["", "weighted"])
@pytest.mark.parametrize("lengths", [(1000,), (40_000,), (1, 0, 20_000)])
def test_rows_are_read_once_and_come_back_to_the_bit(dtype, weights, lengths, tmp_path):
    rows = X.astype(dtype)
    reader = ChunkedArray(rows, weights, lengths=lengths)
    spooled = SpooledBlocks(reader, tmp_path)
    assert (spooled.n_rows, spooled.dtype) == (len(rows), dtype)
    for _ in range(2):
        with spooled.blocks() as numbered:
            blocks = [block for _, block in numbered]
        np.testing.assert_array_equal(np.concatenate([block.rows for block in blocks]), rows)
        if weights is not None:
            np.testing.assert_array_equal(np.concatenate([block.weights for block in blocks]), weights)
    assert reader.passes == [len(rows)]


def test_a_pass_that_ends_early_does_no_harm(tmp_path):
    spooled = SpooledBlocks(ChunkedArray(X), tmp_path)
    with spooled.blocks() as blocks:
        next(blocks)
    np.testing.assert_array_equal(spooled.take(np.arange(len(X)))[0], X)


def test_a_source_that_never_gives_the_same_rows_twice_can_be_fitted():
    rng = np.random.default_rng(0)
    rows = scan(lambda: iter([rng.permutation(X)[: rng.integers(20_000, 40_000)]]), spool=True)
    bounds = GaussianMixture(3, random_state=0, tol=1e-6).fit(rows).lower_bounds_
    assert (np.diff(bounds) > -1e-12).all()


def test_the_file_has_no_name_and_goes_with_the_scan(tmp_path):
    rows = scan(X, spool=tmp_path)
    GaussianMixture(2, random_state=0).fit(rows)
    assert not list(tmp_path.iterdir())
    assert _open_files(tmp_path) in (1, None)
    del rows
    gc.collect()
    assert _open_files(tmp_path) in (0, None)


def test_what_is_wrong_with_the_rows_is_said(tmp_path):
    with pytest.raises(TableError, match="column 1 has 1 missing value"):
        GaussianMixture(2).fit(scan(np.where(np.arange(12).reshape(4, 3) == 7, np.nan, 1.0), spool=tmp_path))


@pytest.mark.parametrize("folder", ["no_such_folder", 3, None])
def test_a_folder_that_is_none_is_refused_before_anything_is_read(folder):
    with pytest.raises(TableError, match=f"spool= must be .* Got {folder!r}"):
        scan(X, spool=folder)


def test_passes_that_cross_do_not_meet(tmp_path, monkeypatch):
    check_crossing_passes(tmp_path)
    monkeypatch.delattr("os.preadv")  # as on Windows
    check_crossing_passes(tmp_path)


def check_crossing_passes(folder):
    spooled = SpooledBlocks(ChunkedArray(X, WEIGHTS), folder)
    with spooled.blocks() as blocks:
        first = [next(blocks)[1]]
        np.testing.assert_array_equal(spooled.row_weights(), WEIGHTS)
        rows = [block.rows for block in (*first, *(block for _, block in blocks))]
    np.testing.assert_array_equal(np.concatenate(rows), X)
