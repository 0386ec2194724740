"""Folders of parts: what is wrong with one is said before the first sweep ends, and names it."""

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import feather, parquet
from simulate_sources import carried_of, rows_of

from softmix import GaussianMixture, scan
from softmix.exceptions import TableError


@pytest.fixture
def folder(tmp_path):
    """Three sound parts."""
    for number in range(3):
        values = np.random.default_rng(number).normal(size=(100, 2))
        parquet.write_table(
            pa.table({"x": values[:, 0], "y": values[:, 1]}), tmp_path / f"part-{number}.parquet"
        )
    return tmp_path


def put(folder, table, name="part-1.parquet", **options):
    parquet.write_table(pa.table(table), folder / name, **options)


def refused(folder, finding, name="part-1.parquet", **options):
    with pytest.raises(TableError, match=finding) as caught:
        GaussianMixture(2).fit(scan(folder, **options))
    assert str(folder / name) in str(caught.value)


def test_sound_parts_are_read_in_the_order_of_their_names(folder):
    whole = np.concatenate([np.random.default_rng(number).normal(size=(100, 2)) for number in range(3)])
    np.testing.assert_array_equal(rows_of(scan(folder)), whole)


def test_a_truncated_part(folder):
    path = folder / "part-1.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    refused(folder, "is damaged or not what its name says")


def test_a_part_of_no_bytes(folder):
    (folder / "part-1.parquet").write_bytes(b"")
    refused(folder, "is damaged or not what its name says")


def test_a_part_that_is_damaged_within(folder):
    rows = np.random.default_rng(0).normal(size=(3000, 2))
    put(
        folder,
        {"x": rows[:, 0], "y": rows[:, 1]},
        row_group_size=1000,
        compression="snappy",
        use_dictionary=False,
    )
    path = folder / "part-1.parquet"
    with parquet.ParquetFile(path) as file:
        begin = file.metadata.row_group(1).column(0).data_page_offset
    content = bytearray(path.read_bytes())
    content[begin : begin + 200] = bytes(200)
    path.write_bytes(content)
    refused(folder, "row group 1 is damaged")


def test_a_part_with_a_column_of_another_type(folder):
    put(folder, {"x": ["a", "b"], "y": [1.0, 2.0]})
    refused(folder, f"column 'x' holds string, not numbers; in {folder}/part-0.parquet it holds double")


def test_a_part_without_a_column(folder):
    put(folder, {"x": [1.0]})
    refused(folder, "no column 'y', which .*part-0.parquet has")
    refused(folder, "no column 'y' .from columns=.", columns=["y"])


def test_parts_may_have_their_columns_in_another_order_and_more_of_them(folder):
    put(folder, {"y": [2.0], "more": ["text"], "x": [1.0]})
    np.testing.assert_array_equal(rows_of(scan(folder))[100], [1, 2])


def test_numbers_of_several_types_are_numbers(folder):
    put(folder, {"x": [1], "y": np.float32([0.5])})
    scanned = scan(folder)
    assert scanned.dtype == np.float64
    np.testing.assert_array_equal(rows_of(scanned)[100], [1, 0.5])


def test_a_part_without_rows_is_refused_unless_it_is_allowed(folder):
    put(folder, {"x": pa.array([], pa.float64()), "y": pa.array([], pa.float64())})
    refused(folder, "has a header but no rows. Remove it, or pass allow_empty=True")
    assert len(rows_of(scan(folder, allow_empty=True))) == 200


def test_a_missing_value_names_file_row_group_and_column(folder):
    x = np.arange(300.0)
    x[[250, 260]] = np.nan
    put(folder, {"x": x, "y": x * 0}, row_group_size=100)
    refused(folder, r"column 'x' has 2 missing values \(first in row 251, in row group 2\)")


def test_a_part_that_changes_between_two_passes(folder):
    scanned = scan(folder)
    rows_of(scanned)
    put(folder, {"x": [1.0, 2.0], "y": [1.0, 2.0]})
    with pytest.raises(ValueError, match="The rows changed between two passes"):
        rows_of(scanned)
    put(folder, {"z": [1.0, 2.0]})
    with pytest.raises(TableError, match=r"part-1.parquet: its columns changed"):
        rows_of(scanned)


def test_hidden_and_unknown_files_are_passed_over(folder):
    (folder / "_temporary").mkdir()
    (folder / "_temporary" / "part.parquet").write_bytes(b"")
    (folder / ".part-1.parquet.crc").write_bytes(b"")
    (folder / "README.txt").write_text("")
    assert len(scan(folder).files) == 3


def test_hive_partitions_give_columns(tmp_path):
    for year, month in ((2020, "a b"), (2021, "c")):
        (tmp_path / f"year={year}" / f"month={month.replace(' ', '%20')}").mkdir(parents=True)
        put(tmp_path / f"year={year}" / f"month={month.replace(' ', '%20')}", {"x": [1.0, 2.0]}, "p.parquet")
    scanned = scan(tmp_path, columns=["year", "x"], ids=["month", "year"])
    np.testing.assert_array_equal(rows_of(scanned), [[2020, 1], [2020, 2], [2021, 1], [2021, 2]])
    assert carried_of(scanned) == {"month": ["a b", "a b", "c", "c"], "year": [2020, 2020, 2021, 2021]}
    assert rows_of(scan(tmp_path, columns=["year"])).tolist() == [[2020], [2020], [2021], [2021]]
    with pytest.raises(TableError, match="column 'month' holds string"):
        scan(tmp_path)


def test_a_missing_partition_is_a_missing_value(tmp_path):
    for value in ("1", "__HIVE_DEFAULT_PARTITION__"):
        (tmp_path / f"p={value}").mkdir()
        put(tmp_path / f"p={value}", {"x": [1.0, 2.0]}, "t.parquet")
    with pytest.raises(TableError, match="column 'p' has 2 missing values"):
        rows_of(scan(tmp_path))


@pytest.mark.parametrize(
    ("source", "finding"),
    [
        ("none-*.parquet", "no file matches"),
        ("", "no file in this folder is of a kind that can be read. Use one of .parquet"),
        ("t.xlsx", "cannot read this kind of file. Use one of .parquet"),
    ],
)
def test_paths_that_lead_nowhere(source, finding, tmp_path):
    with pytest.raises(TableError, match=finding):
        scan(tmp_path / source)


def test_files_of_several_kinds(folder):
    (folder / "t.csv").write_text("x,y\n1,2\n")
    with pytest.raises(TableError, match=r"files of several kinds \(.*part.*, .*t.csv\)"):
        scan(folder)


def test_a_damaged_arrow_file(tmp_path):
    feather.write_feather(pa.table({"x": np.arange(9.0)}), tmp_path / "t.arrow")
    content = (tmp_path / "t.arrow").read_bytes()
    for kept in (0, 20, len(content) // 2, len(content) - 4):
        (tmp_path / "t.arrow").write_bytes(content[:kept])
        with pytest.raises(TableError, match=r"t.arrow: is damaged"):
            rows_of(scan(tmp_path / "t.arrow"))


def test_a_function_may_stop_before_the_end(folder):
    scanned = scan(folder)
    with scanned.source.blocks() as blocks:
        next(blocks)
    assert len(rows_of(scanned)) == 300
