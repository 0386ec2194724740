"""Table files: CSV, TSV (also gzipped) and Parquet -> an Arrow table, with errors a user can act on.

Needs pyarrow (``pip install "softmix[data]"``); nothing in softmix imports this file unasked.
"""

import csv
import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
from pyarrow import csv as arrow_csv
from pyarrow import parquet

_TEXT_ENDINGS = {".csv": ",", ".csv.gz": ",", ".tsv": "\t", ".tsv.gz": "\t"}
READABLE = (*_TEXT_ENDINGS, ".parquet")
# A .csv file whose header has no comma is one of these: spreadsheets of many countries write ';'.
_OTHER_DELIMITERS = ";\t|"


class TableError(ValueError):
    """A table file cannot be read, or has not what is asked of it."""


def table_ending(path: str | Path) -> str | None:
    """The ending of `path`, one of `READABLE`, or None."""
    name = Path(path).name.lower()
    return next((ending for ending in READABLE if name.endswith(ending)), None)


@dataclass(frozen=True, eq=False)
class TableFile:
    """A table that was read from a file.

    Parameters
    ----------
    path : Path
    table : pyarrow.Table
        At least one row; no two columns of the same name.
    delimiter : str or None
        What separates the fields of a text file; None for Parquet.
    """

    path: Path
    table: pa.Table
    delimiter: str | None

    @cached_property
    def names(self) -> list[str]:
        """Column names, in the file's order."""
        return self.table.column_names

    def place(self, row: int) -> str:
        """Where row number `row` (from 0) is, for a message: 'row 3 (line 4)'."""
        line = None if self.delimiter is None else self._line(row)
        return f"row {row + 1}" + (f" (line {line})" if line is not None else "")

    def _line(self, row: int) -> int | None:
        """The line on which a row begins; quoted line breaks and empty lines make it differ."""
        end, seen = 0, -1
        with _text(self.path) as file:
            reader = csv.reader(file, delimiter=self.delimiter or ",")
            try:
                for fields in reader:
                    start, end = end + 1, reader.line_num
                    if fields and seen == row:
                        return start
                    seen += bool(fields)
            except (csv.Error, UnicodeDecodeError):
                return None
        return None


def read_table(path: str | Path, *, as_text: tuple[str, ...] = ()) -> TableFile:
    """Read a whole table.

    Parameters
    ----------
    path : str or Path
        A .csv, .tsv, .csv.gz, .tsv.gz or .parquet file.
    as_text : tuple of str
        Columns of a text file to keep as written ('007' stays '007').

    Raises
    ------
    TableError
        If it is no such file, is damaged, or has no rows, no header or a column name twice.
    OSError
        If it cannot be opened.
    """
    path = Path(path)
    ending = table_ending(path)
    if ending is None:
        raise TableError(f"{path}: cannot read this kind of file. Use one of {', '.join(READABLE)}.")
    with path.open("rb"):  # the OSError that says best why a path cannot be read
        pass
    try:
        file = _read_parquet(path) if ending == ".parquet" else _read_text(path, ending, as_text)
    except (pa.ArrowException, UnicodeDecodeError, OSError, EOFError) as error:
        raise TableError(f"{path}: {_explain(error)}") from error
    _check_names(file)
    if not file.table.num_rows:
        raise TableError(f"{path}: has a header but no rows.")
    return file


def _read_parquet(path: Path) -> TableFile:
    # Through ParquetFile, pandas' notes in the file do not turn columns into an index.
    with parquet.ParquetFile(path) as file:
        return TableFile(path, file.read(), None)


def _read_text(path: Path, ending: str, as_text: tuple[str, ...]) -> TableFile:
    header = _header(path)
    delimiter = _TEXT_ENDINGS[ending]
    if delimiter not in header:
        delimiter = next((other for other in _OTHER_DELIMITERS if other in header), delimiter)
    table = arrow_csv.read_csv(
        path,
        parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(column_types=dict.fromkeys(as_text, pa.string())),
    )
    return TableFile(path, table, delimiter)


def _header(path: Path) -> str:
    with _text(path) as file:
        header = next((line for line in file if line.strip()), None)
    if header is None:
        raise TableError(f"{path}: the file is empty. A header line with column names is needed.")
    return header


def _text(path: Path) -> io.TextIOWrapper:
    stream = pa.input_stream(str(path), compression="detect")
    return io.TextIOWrapper(io.BufferedReader(stream), encoding="utf-8-sig", newline="")


def _check_names(file: TableFile) -> None:
    names = file.names
    if not names:
        raise TableError(f"{file.path}: has no columns.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise TableError(
            f"{file.path}: column {', '.join(map(repr, twice))} appears more than once. Rename one of them."
        )
    if file.delimiter is not None and all(_is_number(name) for name in names):
        raise TableError(
            f"{file.path}: the first line holds numbers ({', '.join(names[:3])}), not column names. "
            "Add a header line."
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _explain(error: Exception) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, UnicodeDecodeError) or "UTF8" in text:
        return "is not UTF-8 text. Save it as UTF-8."
    if "Expected" in text and "columns" in text:
        detail = text[text.index("Expected") :]
        return f"a line has another number of fields than the header: {detail[0].lower()}{detail[1:][:100]}."
    return f"is damaged or not what its name says ({text.rstrip('.')[:150]})."
