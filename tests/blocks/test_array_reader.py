"""Arrays, files of arrays, functions that give arrays: columns by number, and what is refused."""

import zipfile

import numpy as np
import pytest
from simulate_sources import carried_of, rows_of

from softmix import scan
from softmix.exceptions import TableError

X = np.arange(12.0).reshape(4, 3)


def test_columns_by_number():
    scanned = scan(X, columns=[2, 0], ids=[1])
    assert scanned.feature_names is None
    np.testing.assert_array_equal(rows_of(scanned), X[:, [2, 0]])
    assert carried_of(scanned) == {"x1": X[:, 1].tolist()}
    np.testing.assert_array_equal(rows_of(scan(X, ids=0, weights=1)), X[:, [2]])


@pytest.mark.parametrize("dtype", [np.int8, np.uint64, bool, np.float16])
def test_other_numbers_become_float64(dtype):
    rows = rows_of(scan(X.astype(dtype)))
    assert rows.dtype == np.float64
    np.testing.assert_array_equal(rows, X.astype(dtype))


@pytest.mark.parametrize(
    ("source", "options", "finding"),
    [
        (
            X,
            {"columns": [3]},
            "no column '3' .from columns=.. Its columns have no names, but numbers from 0 to 2",
        ),
        (X, {"weights": "w"}, "no column 'w' .from weights=."),
        (X, {"ids": [0, 1, 2]}, "no columns are left"),
        (X[0], {}, "has the shape .3,.. A table has two dimensions"),
        (X.astype(str), {}, "holds <U32, not numbers"),
        (X.astype(complex), {}, "holds complex128, not numbers"),
        ([1, 2], {}, "scan cannot read builtins.list"),
        (None, {}, "scan cannot read builtins.NoneType"),
        (lambda: 3, {}, "must give an iterable of arrays.* Got int"),
        (lambda: X, {}, "must give an iterable of arrays.* Got ndarray"),
        (list, {}, "gave no arrays"),
        (lambda: [X[0]], {}, r"gave an array of shape \(3,\)"),
        (lambda: [X, X[:, :2]], {}, r"shape \(4, 2\) comes at row 5; the first has 3 columns"),
        (lambda: [X.astype(np.float32), X], {}, "array of float64 comes at row 5; the first has float32"),
        (lambda: [X, X.astype(str)], {}, "array of <U32 comes at row 5"),
        (np.where(X == 7, np.nan, X), {}, r"column 1 has 1 missing value \(first in row 3\)"),
        (np.where(X == 7, np.inf, X), {}, r"column 1 has 1 infinite value \(first in row 3\)"),
        (X - 1, {"weights": 0}, r"column 0 \(from weights=\) is negative: row 1 has -1"),
    ],
)
def test_what_is_refused(source, options, finding):
    with pytest.raises(TableError, match=finding):
        rows_of(scan(source, **options))


def test_a_missing_value_in_a_column_that_is_not_used_does_no_harm():
    np.testing.assert_array_equal(rows_of(scan(np.where(X == 7, np.nan, X), columns=[0, 2])), X[:, [0, 2]])


def test_what_is_wrong_with_a_npy_file(tmp_path):
    np.save(tmp_path / "t.npy", X)
    content = (tmp_path / "t.npy").read_bytes()
    for kept in (0, 20, len(content) - 8):
        (tmp_path / "t.npy").write_bytes(content[:kept])
        with pytest.raises(TableError, match=r"t.npy: is damaged"):
            scan(tmp_path / "t.npy")
    np.save(tmp_path / "t.npy", np.array([[{}]]), allow_pickle=True)
    with pytest.raises(TableError, match=r"t.npy: is damaged or no .npy file"):
        scan(tmp_path / "t.npy")
    with pytest.raises(FileNotFoundError):
        scan(tmp_path / "none.npy")


def test_what_is_wrong_with_a_npz_file(tmp_path):
    path = tmp_path / "t.npz"
    np.savez(path, a=X, b=X, c=X[0], d=np.asfortranarray(X))
    for key, finding in (
        (None, "has 4 arrays; choose one with key=. It has 'a', 'b', 'c', 'd'"),
        ("e", "has no array 'e'"),
        ("c", "two dimensions"),
        ("d", "lies column by column"),
    ):
        with pytest.raises(TableError, match=finding):
            scan(path, key=key)
    with zipfile.ZipFile(path) as archive:
        begin = archive.getinfo("a.npy").header_offset
    content = bytearray(path.read_bytes())
    content[begin + 200] ^= 255
    path.write_bytes(content)
    with pytest.raises(TableError, match=r"t.npz: is damaged"):
        rows_of(scan(path, key="a"))
    path.write_bytes(content[:-10])
    with pytest.raises(TableError, match=r"t.npz: is damaged"):
        scan(path, key="a")


def test_several_files_of_arrays(tmp_path):
    for name in "ab":
        np.save(tmp_path / f"{name}.npy", X)
    with pytest.raises(TableError, match=r"b.npy: a scan takes one .npy"):
        scan(tmp_path)


def test_few_rows_are_kept_and_many_are_not():
    calls = []

    def make():
        calls.append(1)
        return iter([X])

    for keep_bytes, passes in ((X.nbytes, 1), (X.nbytes - 1, 3)):
        scanned = scan(make, keep_bytes=keep_bytes)
        calls.clear()
        for _ in range(2):
            np.testing.assert_array_equal(rows_of(scanned), X)
        assert len(calls) == passes
