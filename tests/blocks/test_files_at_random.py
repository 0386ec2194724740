"""Files cut and damaged at random: the same rows however they are laid out, and no strange errors."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pyarrow import csv, feather, parquet
from simulate_sources import rows_of, table_of

from softmix import scan
from softmix.exceptions import TableError

ROWS = np.random.default_rng(0).normal(size=(200, 3))
WRITE = {
    "parquet": lambda table, path: parquet.write_table(table, path, row_group_size=50),
    "csv": csv.write_csv,
    "feather": feather.write_feather,
}


@given(
    rows=st.sampled_from([np.float64, np.float32]).flatmap(
        lambda dtype: arrays(
            dtype,
            st.tuples(st.integers(1, 40), st.integers(1, 4)),
            elements={"allow_nan": False, "allow_infinity": False},
        )
    ),
    lengths=st.lists(st.integers(1, 15), max_size=4),
    group=st.integers(1, 20),
    compression=st.sampled_from(["none", "snappy", "zstd"]),
    dictionary=st.booleans(),
)
def test_parquet_however_it_is_laid_out(rows, lengths, group, compression, dictionary, tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    ends = [0, *(end for end in np.cumsum(lengths).tolist() if end < len(rows)), len(rows)]
    for number, (start, stop) in enumerate(pairwise(ends)):
        parquet.write_table(
            table_of(rows[start:stop]), folder / f"{number}.parquet",
            row_group_size=group, compression=compression, use_dictionary=dictionary,
        )  # fmt: skip
    scanned = scan(folder)
    assert scanned.dtype == rows.dtype
    np.testing.assert_array_equal(rows_of(scanned), rows)


@pytest.mark.parametrize("ending", WRITE)
@given(data=st.data())
@settings(max_examples=100)
def test_a_damaged_file_is_refused_or_read_and_nothing_else(ending, data, tmp_path_factory):
    path = tmp_path_factory.mktemp("damaged") / f"t.{ending}"
    WRITE[ending](table_of(ROWS), path)
    content = bytearray(path.read_bytes())
    kept = data.draw(st.integers(0, len(content)))
    for _ in range(data.draw(st.integers(0, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[:kept] if data.draw(st.booleans()) else content)
    try:
        rows_of(scan(path))
    except TableError as error:
        assert str(path) in str(error)  # noqa: PT017 (either is fine)
