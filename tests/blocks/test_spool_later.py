"""A spool that comes by itself: in the second pass, where there is room, and never to anyone's harm."""

import gc
import os
import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from simulate import clusters
from simulate_stream import ChunkedArray

from softmix import GaussianMixture, scan
from softmix.blocks import spool_later, spool_place
from softmix.blocks.spool import SpoolFile
from softmix.blocks.spool_later import LaterSpooledBlocks

X, _ = clusters(n=40_000, d=3)
N = len(X)
IN_MEMORY = Path("/dev/shm")  # noqa: S108 (only the kind of its file system matters)
WEIGHTS = np.random.default_rng(0).integers(0, 3, N).astype(np.float64)


@pytest.fixture(autouse=True)
def patient(monkeypatch, tmp_path):
    """No spool is too slow, beside a source that costs nothing, and files are in a folder of the test's."""
    monkeypatch.setattr(spool_later, "_TOO_SLOW", np.inf)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(spool_place, "_is_in_memory", lambda _: False)


def rows_of(blocks):
    with blocks.blocks() as numbered:
        return np.concatenate([block.rows for _, block in numbered])


def check_passes(reader, expected):
    reader.counted = True
    later = LaterSpooledBlocks(reader)
    for _ in range(5):
        np.testing.assert_array_equal(rows_of(later), reader.rows)
    assert reader.passes == expected
    return later


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("lengths", [(1000,), (N,), (1, 0, 20_000)])
def test_the_source_is_read_twice_and_the_spool_from_then_on(dtype, lengths):
    later = check_passes(ChunkedArray(X.astype(dtype), WEIGHTS, lengths=lengths), [N, N])
    np.testing.assert_array_equal(later.row_weights(), WEIGHTS)
    np.testing.assert_array_equal(later.take(np.arange(0, N, 7))[0], X[::7].astype(dtype))


def test_one_pass_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(spool_later, "SpoolFile", None)
    gm = GaussianMixture(3, random_state=0).fit(X)
    for source in (_npz(tmp_path, X), lambda: iter([X])):
        np.testing.assert_array_equal(gm.predict(scan(source)), gm.predict(X))
        assert gm.score(scan(source)) == gm.score(X)


def test_a_source_that_does_not_know_its_length_is_counted_first():
    reader = ChunkedArray(X)
    later = LaterSpooledBlocks(reader)
    for _ in range(5):
        rows_of(later)
    assert reader.passes == [N] * 3


def test_a_pass_that_ends_early_leaves_the_spool_to_the_next():
    reader = ChunkedArray(X, counted=True)
    later = LaterSpooledBlocks(reader)
    rows_of(later)
    later.take(np.array([5, 6]))
    for _ in range(3):
        np.testing.assert_array_equal(rows_of(later), X)
    assert len(reader.passes) == 3
    assert reader.open == 0


@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_disk_that_is_full_does_no_harm(written, monkeypatch):
    add, left = SpoolFile.add, [written]

    def until_full(self, piece):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        add(self, piece)

    monkeypatch.setattr(SpoolFile, "add", until_full)
    check_passes(ChunkedArray(X), [N] * 5)
    assert left[0] == -1  # tried once and never again


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is full")
def test_a_device_that_is_full(monkeypatch):
    monkeypatch.setattr(SpoolFile, "_new", lambda *_: FileIO("/dev/full", "wb"))
    check_passes(ChunkedArray(X), [N] * 5)
    gc.collect()  # a warning that a file was left open would be an error


@pytest.mark.parametrize(("weights", "row_bytes"), [(None, 24), (WEIGHTS, 32)])
def test_it_takes_no_more_than_a_quarter_of_what_is_free(weights, row_bytes, monkeypatch):
    for free, passes in ((4 * N * row_bytes, 2), (4 * N * row_bytes - 1, 5)):
        usage = shutil.disk_usage("/")._replace(free=free)
        monkeypatch.setattr(shutil, "disk_usage", lambda _, usage=usage: usage)
        check_passes(ChunkedArray(X, weights), [N] * passes)


def test_a_folder_that_cannot_be_written_to(monkeypatch):
    monkeypatch.setenv("TMPDIR", "/no/such/folder")
    check_passes(ChunkedArray(X), [N] * 5)


def test_no_spool_is_made_in_memory(tmp_path, monkeypatch):
    monkeypatch.undo()
    device = tmp_path.stat().st_dev
    mounts = tmp_path / "mountinfo"
    line = f"36 35 {os.major(device)}:{os.minor(device)} / /tmp rw,noatime shared:1 - %s none rw\n"
    monkeypatch.setattr(spool_place, "_MOUNTS", mounts)
    assert spool_place.has_room(tmp_path, 10)  # a system that does not say
    for kind, expected in (("ext4", True), ("tmpfs", False)):
        mounts.write_text("22 35 0:999 / /x rw - tmpfs none rw\n" + line % kind)
        assert spool_place.has_room(tmp_path, 10) == expected


@pytest.mark.skipif(not IN_MEMORY.is_dir(), reason="the system has no such folder")
def test_a_real_folder_in_memory(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("TMPDIR", str(IN_MEMORY))
    check_passes(ChunkedArray(X), [N] * 5)


def test_a_spool_that_is_slower_than_its_source_is_left(monkeypatch):
    monkeypatch.setattr(spool_later, "_TOO_SLOW", 0.0)
    check_passes(ChunkedArray(X), [N, N, N])  # between them two passes of the spool


def test_rows_that_changed_are_not_kept():
    reader = ChunkedArray(X)
    later = LaterSpooledBlocks(reader)
    rows_of(later)
    for _ in range(2):
        reader.rows = X[:-1]
        with pytest.raises(ValueError, match="The rows changed between two passes"):
            rows_of(later)
    reader.rows = X
    np.testing.assert_array_equal(rows_of(later), X)


def test_passes_of_several_threads():
    later = LaterSpooledBlocks(ChunkedArray(X))
    with ThreadPoolExecutor(8) as pool:
        for rows in pool.map(lambda _: rows_of(later), range(32)):
            np.testing.assert_array_equal(rows, X)


def test_a_scan_that_has_a_spool_can_be_pickled(tmp_path):
    pd.DataFrame(X, columns=list("abc")).to_parquet(tmp_path / "t.parquet")
    scanned = scan(tmp_path / "t.parquet")
    for _ in range(3):
        rows_of(scanned.source)
    np.testing.assert_array_equal(rows_of(pickle.loads(pickle.dumps(scanned)).source), X)  # noqa: S301 (our own)


def _parquet(folder):
    pd.DataFrame(X[:9], columns=list("abc")).to_parquet(folder / "t.parquet")
    return folder / "t.parquet"


def _text(folder):
    pd.DataFrame(X[:9], columns=list("abc")).to_csv(folder / "t.csv", index=False)
    return folder / "t.csv"


def _npy(folder):
    np.save(folder / "t.npy", X[:9])
    return folder / "t.npy"


def _npz(folder, rows=X[:9]):
    np.savez_compressed(folder / "t.npz", rows)
    return folder / "t.npz"


def _relation(_):
    duckdb = pytest.importorskip("duckdb")
    return duckdb.sql("SELECT range::DOUBLE AS a, 1.0::DOUBLE AS b FROM range(9)")


@pytest.mark.parametrize(
    ("make", "decodes"),
    [
        (_parquet, True),
        (_text, True),
        (_npz, True),
        (_relation, True),
        (lambda _: lambda: iter([X[:9]]), True),
        (_npy, False),
        (lambda _: X[:9], False),
        (lambda _: pa.table({"a": X[:9, 0]}), False),
        (lambda _: pd.DataFrame(X[:9], columns=list("abc")), False),
    ],
)
def test_only_what_costs_more_than_a_copy_is_spooled(make, decodes, tmp_path):
    source = make(tmp_path)
    assert isinstance(scan(source).source, LaterSpooledBlocks) == decodes
    assert not isinstance(scan(source, spool=False).source, LaterSpooledBlocks)
