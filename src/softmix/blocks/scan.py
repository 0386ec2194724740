"""`scan`: rows that are read a block at a time, from wherever they are, as often as a fit wants."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from softmix.blocks.array import ArrayBlocks
from softmix.blocks.openers import CarryingReader, Opened, Options, open_source
from softmix.blocks.selection import Selection, listed
from softmix.blocks.source import Source
from softmix.blocks.spool import SpooledBlocks
from softmix.blocks.spool_later import LaterSpooledBlocks
from softmix.blocks.spool_place import spool_folder
from softmix.blocks.stream import StreamBlocks
from softmix.exceptions import TableError

Column = str | int


def scan(  # noqa: PLR0913 (each kind of source has a thing or two to tell)
    source: Any,
    *,
    columns: Sequence[Column] | None = None,
    weights: Column | None = None,
    ids: Column | Sequence[Column] | None = None,
    connection: Any = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    na_values: str | Sequence[str] = (),
    key: str | None = None,
    allow_empty: bool = False,
    keep_bytes: int = 0,
    spool: bool | str | PathLike[str] = "auto",
) -> "Scan":
    """Rows that need not fit in memory: give the scan to `fit`, `predict` and the rest.

    A scan reads nothing but names and types until it is used, and then a block at a time, anew at
    each pass; reading goes on while the rows before are computed with. A fit of a scan has the bits
    of a fit of the same rows in an array.

    Parameters
    ----------
    source : object
        - A path, a list of paths, a glob (``"events/*.parquet"``) or a folder, searched in depth;
          folders named ``key=value`` give columns. Parquet (``.parquet``), text with a header line
          (``.csv``, ``.tsv``, also with ``.gz`` or ``.zst``), Arrow IPC or Feather (``.arrow``,
          ``.feather``), NumPy (``.npy``, which is memory-mapped, and ``.npz``).
        - A query in SQL, with `connection`.
        - A data frame, an Arrow table, a DuckDB relation, or whatever else exports an Arrow stream
          each time it is asked (``__arrow_c_stream__``).
        - A two-dimensional array that can be sliced: NumPy's, zarr's, h5py's.
        - A function without parameters that gives, anew at each call, an iterable of arrays of
          shape (rows, columns), or something that exports an Arrow stream.
    columns : sequence of str or int, default=None
        The columns to compute with, by name, or by number where columns have no names. None takes
        all that are neither `weights` nor `ids`; each of them must hold numbers.
    weights : str or int, default=None
        The column of row weights, none negative.
    ids : str, int or sequence of them, default=None
        Columns that pass through to what `write_predictions` writes.
    connection : object, default=None
        What runs the query: a DuckDB connection, an ADBC connection, or an address that begins
        with ``postgresql://`` or ``sqlite:///``.
    delimiter, decimal : str, default=None
        What separates the fields of text files, and their decimal mark. None finds out: the
        separator from the header; where it is not the comma, the decimal mark may be.
    na_values : str or sequence of str, default=()
        What spells a missing value in text files, beside the usual spellings (nothing, NA, NaN,
        NULL, ?, …).
    key : str, default=None
        Which array of a ``.npz`` file.
    allow_empty : bool, default=False
        Whether a part may have no rows; otherwise an error names it.
    keep_bytes : int, default=0
        Rows that take no more memory than this are kept after they were read once.
    spool : "auto", bool or path, default="auto"
        Whether rows move to a temporary file, to be read from there without decoding, parsing or
        asking again: 4 bytes a value of float32, else 8. The file has no name, lies in TMPDIR, else
        /var/tmp, and goes with the scan.

        - "auto": the second complete pass writes it, unless the source is memory-mapped or in memory,
          the file would take more than a quarter of the free space, or its folder is in memory. So a
          fit has it, and one `predict` has not. Where the disk turns out slower than the source, or
          full, the source is read on.
        - True: before anything else the source is read once, and never again. The rows are then the
          same at each pass whatever the source does.
        - A path: as True, in this folder.
        - False: the source is read at each pass.

    Returns
    -------
    Scan

    Raises
    ------
    TableError
        A ValueError that names the file and the column: if there is no such source, or no folder
        `spool`, a part is damaged, a column is missing or holds no numbers (text, dates,
        categories). Values that are missing or infinite raise it in the first pass, with their
        number, column and place.
    ImportError
        If the source needs a package that is not there: ``pip install softmix[data]``.

    Notes
    -----
    Columns are computed with in float32 where all of them are float32, else in float64. The same
    rows must come in the same order at every pass: a query whose database does not promise that
    needs an ORDER BY. A stream that can be read only once is refused.

    Examples
    --------
    >>> import numpy as np
    >>> from softmix import GaussianMixture, scan
    >>> from softmix.data import faithful_path
    >>> rows = scan(faithful_path(), columns=["eruptions", "waiting"])
    >>> rows
    Scan of 2 columns: 'eruptions', 'waiting'
    >>> np.sort(GaussianMixture(2, random_state=0).fit(rows).weights_).round(2)
    array([0.36, 0.64])
    """
    options = Options(
        connection,
        delimiter,
        decimal,
        key,
        allow_empty,
        (na_values,) if isinstance(na_values, str) else tuple(na_values),
    )
    _check_spool(spool)
    selection = Selection(_several("columns", columns), weights, _several("ids", ids) or ())
    return Scan(open_source(source, options), selection, keep_bytes=keep_bytes, spool=spool)


class Scan:
    """What `scan` gives: columns of a source, checked, to be read as often as is wanted."""

    def __init__(
        self,
        opened: Opened,
        selection: Selection,
        *,
        keep_bytes: int = 0,
        spool: bool | str | PathLike[str] = "auto",
    ) -> None:
        self._opened, self._selection = opened, selection
        self._keep_bytes, self._spool = keep_bytes, spool
        self._reader = opened.make_reader(selection)

    @property
    def feature_names(self) -> tuple[str, ...] | None:
        """Names of the columns to compute with, where they have any."""
        return self._reader.feature_names

    @property
    def column_names(self) -> tuple[str, ...]:
        """The same, and x0, x1, … by their numbers where they have none."""
        return self._reader.column_names

    @property
    def n_features(self) -> int:
        """How many columns are computed with."""
        return self._reader.n_features

    @property
    def dtype(self) -> np.dtype:
        """float32 or float64."""
        return self._reader.dtype

    @property
    def weighted(self) -> bool:
        """Whether rows have weights."""
        return self._reader.weighted

    @property
    def ids(self) -> tuple[Column, ...]:
        """The columns that pass through."""
        return self._selection.ids

    @property
    def files(self) -> tuple[str, ...]:
        """The files that are read, if any."""
        return self._opened.files

    @cached_property
    def source(self) -> Source:
        """The rows as the sweeps take them."""
        kept = _kept(StreamBlocks(self._reader), self._keep_bytes) if self._keep_bytes else None
        return kept or self._stream()

    @cached_property
    def with_missing(self) -> "Scan":
        """The same rows, in which columns to compute with may lack values: NaN in their place."""
        if self._selection.missing:
            return self
        selection = replace(self._selection, missing=True)
        return Scan(self._opened, selection, keep_bytes=self._keep_bytes, spool=self._spool)

    def carrying(self) -> tuple[StreamBlocks, CarryingReader]:
        """The rows with the columns that pass through, and the reader, which knows their types."""
        reader = self._opened.make_reader(self._selection, carrying=True)
        return StreamBlocks(reader), reader

    def _stream(self) -> StreamBlocks:
        if self._spool == "auto":
            return (LaterSpooledBlocks if self._opened.decodes else StreamBlocks)(self._reader)
        if self._spool is False:
            return StreamBlocks(self._reader)
        return SpooledBlocks(self._reader, spool_folder() if self._spool is True else Path(self._spool))

    def __repr__(self) -> str:
        names = self.feature_names
        n = self.n_features
        return f"Scan of {n} column{'s' if n > 1 else ''}" + (f": {listed(names)}" if names else "")


def _several(parameter: str, given: Column | Sequence[Column] | None) -> tuple[Column, ...] | None:
    if given is None:
        return None
    names = (given,) if isinstance(given, (str, int)) else tuple(given)
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    if twice:
        raise TableError(f"{parameter}= names column {listed(twice)} twice.")
    if not names and parameter == "columns":
        raise TableError("columns= is empty. Name at least one column, or leave it out for all.")
    return names


def _check_spool(spool: Any) -> None:
    if spool == "auto" or isinstance(spool, bool):
        return
    if not isinstance(spool, (str, PathLike)) or not Path(spool).is_dir():
        raise TableError(f'spool= must be "auto", True, False or a folder that exists. Got {spool!r}.')


def _kept(stream: StreamBlocks, keep_bytes: int) -> ArrayBlocks | None:
    """All rows in memory; None, after reading no more than `keep_bytes`, where they are too many."""
    count = stream.reader.count()
    if count is not None and count * stream.n_features * stream.dtype.itemsize > keep_bytes:
        return None
    blocks, n_bytes = [], 0
    with stream.blocks() as numbered:
        for _, block in numbered:
            blocks.append(block)
            n_bytes += block.rows.nbytes
            if n_bytes > keep_bytes:
                return None
    rows = np.concatenate([np.empty((0, stream.n_features), stream.dtype), *(block.rows for block in blocks)])
    weights = [block.weights for block in blocks if block.weights is not None]
    return ArrayBlocks(rows, np.concatenate(weights) if weights else None, stream.feature_names)
