"""The same rows in every kind of source that `scan` reads.

Each function takes a folder and the rows, and gives what `scan` is called with: positional source
and keyword parameters. Columns are named x0, x1, … where the kind has names.
"""

import gzip

import duckdb
import h5py
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import zarr
from adbc_driver_sqlite import dbapi as sqlite
from pyarrow import csv as arrow_csv
from pyarrow import feather, parquet


def table_of(rows):
    return pa.table({f"x{j}": column for j, column in enumerate(rows.T)})


def parts_of(rows, n_parts=3):
    return [table_of(part) for part in np.array_split(rows, n_parts)]


def parquet_file(folder, rows):
    parquet.write_table(table_of(rows), folder / "t.parquet", row_group_size=1000)
    return folder / "t.parquet", {}


def parquet_folder(folder, rows):
    for number, part in enumerate(parts_of(rows)):
        parquet.write_table(part, folder / f"part-{number}.parquet")
    (folder / "_SUCCESS").touch()
    return str(folder), {}


def parquet_glob(folder, rows):
    parquet_folder(folder, rows)
    return str(folder / "part-*.parquet"), {}


def parquet_list(folder, rows):
    parquet_folder(folder, rows)
    return [folder / f"part-{number}.parquet" for number in range(3)], {}


def hive(folder, rows):
    for number, part in enumerate(parts_of(rows)):
        (folder / f"year={2020 + number}").mkdir()
        parquet.write_table(part, folder / f"year={2020 + number}" / "t.parquet")
    return folder, {"ids": "year"}


def text(folder, rows, name, *, separator=",", decimal=".", begin="", pack=lambda content: content):
    values = [separator.join(repr(float(x)).replace(".", decimal) for x in row) for row in rows]
    header = separator.join(f"x{j}" for j in range(rows.shape[1]))
    (folder / name).write_bytes(pack((begin + "\n".join([header, *values]) + "\n").encode()))
    return folder / name, {}


def csv(folder, rows):
    return text(folder, rows, "t.csv")


def tsv_gz(folder, rows):
    return text(folder, rows, "t.tsv.gz", separator="\t", pack=lambda c: gzip.compress(c, mtime=0))


def csv_zst(folder, rows):
    return text(folder, rows, "t.csv.zst", pack=lambda c: pa.compress(c, "zstd", asbytes=True))


def csv_of_a_spreadsheet(folder, rows):
    return text(folder, rows, "t.csv", separator=";", decimal=",", begin="\ufeff")


def csv_folder(folder, rows):
    for number, part in enumerate(parts_of(rows.astype(np.float64))):
        arrow_csv.write_csv(part, folder / f"part-{number}.csv")
    return folder, {}


def ipc(folder, rows):
    feather.write_feather(table_of(rows), folder / "t.feather", chunksize=700)
    return folder / "t.feather", {}


def ipc_uncompressed(folder, rows):
    feather.write_feather(table_of(rows), folder / "t.arrow", compression="uncompressed")
    return folder / "t.arrow", {}


def ipc_stream(folder, rows):
    table = table_of(rows)
    with pa.ipc.new_stream(folder / "t.arrows", table.schema) as writer:
        writer.write_table(table, 500)
    return folder / "t.arrows", {}


def npy(folder, rows):
    np.save(folder / "t.npy", rows)
    return folder / "t.npy", {}


def npy_by_columns(folder, rows):
    np.save(folder / "t.npy", np.asfortranarray(rows))
    return folder / "t.npy", {}


def npz(folder, rows):
    np.savez(folder / "t.npz", rows)
    return folder / "t.npz", {}


def npz_compressed(folder, rows):
    np.savez_compressed(folder / "t.npz", rows=rows, other=rows[:3])
    return folder / "t.npz", {"key": "rows"}


def numpy_array(folder, rows):
    return rows, {}


def zarr_array(folder, rows):
    stored = zarr.create_array(
        store=str(folder / "t.zarr"), shape=rows.shape, dtype=rows.dtype, chunks=(300, 2)
    )
    stored[:] = rows
    return stored, {}


def h5py_dataset(folder, rows):
    # The data set keeps its file open for as long as it lives.
    stored = h5py.File(folder / "t.h5", "w").create_dataset("x", data=rows, chunks=(300, rows.shape[1]))
    return stored, {}


def arrow_table(folder, rows):
    return table_of(rows), {}


def pandas_frame(folder, rows):
    return pd.DataFrame(rows, columns=[f"x{j}" for j in range(rows.shape[1])]), {}


def polars_frame(folder, rows):
    return pl.DataFrame(rows, schema=[f"x{j}" for j in range(rows.shape[1])]), {}


def function_of_arrays(folder, rows):
    return lambda: (rows[start : start + 777] for start in range(0, len(rows), 777)), {}


def function_of_readers(folder, rows):
    table = table_of(rows)
    return lambda: table.to_reader(max_chunksize=600), {}


def duckdb_relation(folder, rows):
    connection = duckdb.connect()
    connection.register("t", table_of(rows))
    return connection.sql("SELECT * FROM t"), {}


def duckdb_query(folder, rows):
    parquet_file(folder, rows)
    connection = duckdb.connect()
    connection.execute(f"CREATE VIEW t AS FROM '{folder / 't.parquet'}'")
    return "SELECT * FROM t", {"connection": connection}


def sqlite_address(folder, rows):
    with sqlite.connect(str(folder / "t.db")) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("t", table_of(rows.astype(np.float64)))
        connection.commit()
    return "SELECT * FROM t ORDER BY rowid", {"connection": f"sqlite:///{folder / 't.db'}"}


def sqlite_connection(folder, rows):
    query, _ = sqlite_address(folder, rows)
    return query, {"connection": sqlite.connect(str(folder / "t.db"))}


KINDS = (
    parquet_file, parquet_folder, parquet_glob, parquet_list, hive,
    csv, tsv_gz, csv_zst, csv_of_a_spreadsheet, csv_folder,
    ipc, ipc_uncompressed, ipc_stream,
    npy, npy_by_columns, npz, npz_compressed, numpy_array, zarr_array, h5py_dataset,
    arrow_table, pandas_frame, polars_frame, function_of_arrays, function_of_readers,
    duckdb_relation, duckdb_query, sqlite_address, sqlite_connection,
)  # fmt: skip
# What holds numbers in float64 alone.
IN_DOUBLE = {csv, tsv_gz, csv_zst, csv_of_a_spreadsheet, csv_folder, sqlite_address, sqlite_connection}


def rows_of(scanned):
    """All rows of a scan."""
    with scanned.source.blocks() as blocks:
        return np.concatenate([block.rows for _, block in blocks])


def carried_of(scanned):
    """All columns that a scan carries, as a dictionary."""
    stream, reader = scanned.carrying()
    with stream.blocks() as blocks:
        batches = [batch for _, block in blocks for batch in block.carried]
    schema = reader.carried_schema()
    return pa.concat_tables([pa.Table.from_batches([b]).cast(schema) for b in batches]).to_pydict()
