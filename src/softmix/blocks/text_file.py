"""A CSV or TSV file, plain or compressed (.gz, .zst), as a table.

Text is UTF-8, with a byte order mark or without, and has a header line. The separator is the
ending's; a .csv file whose header has no comma may use ``;``, tab or ``|``. Where the separator is
not the comma, the decimal mark may be one: it is taken to be if that makes numbers of text.
"""

import csv
import io
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pyarrow as pa
from pyarrow import csv as arrow_csv

from softmix.blocks.numbers import is_numeric
from softmix.blocks.selection import LEAVE_OUT
from softmix.blocks.table import Batches, check_names, explain, in_batches, in_order
from softmix.blocks.text_numbers import MISSING, first_foreign, parse_numbers
from softmix.exceptions import TableError

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_OTHER_DELIMITERS = ";\t|"
_READ_BYTES = 1 << 22


class TextTable:
    """The rows of one text file, parsed anew at each pass.

    Parameters
    ----------
    path : Path
    delimiter : str or None
        What separates the fields; None to find out.
    decimal : str or None
        The decimal mark; None to find out.
    na_values : sequence of str
        What spells a missing value, beside the usual spellings.
    """

    def __init__(
        self,
        path: Path,
        delimiter: str | None = None,
        decimal: str | None = None,
        na_values: Sequence[str] = (),
    ) -> None:
        self.origin = str(path)
        self._missing = [*MISSING, *na_values]
        with path.open("rb"):  # the OSError that says best why a path cannot be read
            pass
        header = self._header()
        self._delimiter = delimiter or _delimiter(path, header)
        self._decimal, kinds = self._infer(decimal)
        self.names = kinds.names
        check_names(self.origin, self.names)
        if all(_is_number(name) for name in self.names):
            raise TableError(
                f"{path}: the first line holds numbers ({', '.join(self.names[:3])}), not column names. "
                "Add a header line."
            )
        self._boolean = {field.name for field in kinds if pa.types.is_boolean(field.type)}

    def kind(self, name: str) -> None:  # noqa: ARG002
        """Text tells its types only when it is read."""
        return

    def count(self) -> None:
        return

    def place(self, row: int) -> str:
        line = self._line(row)
        return f"row {row + 1}" + ("" if line is None else f" (line {line})")

    def batches(self, numbers: Sequence[str], carried: Sequence[str]) -> Batches:
        # What is both is read as it is written; the numbers are made of it.
        kinds = {name: self._number(name) for name in numbers}
        with self._errors(numbers), self._open({**kinds, **dict.fromkeys(carried, pa.string())}) as reader:
            for batch in reader:
                both = in_order(batch, [*numbers, *carried])
                arrays = both.columns
                for j, name in enumerate(numbers):
                    if name in carried:
                        arrays[j] = parse_numbers(arrays[j], kinds[name], self._decimal, self._missing)
                both = pa.RecordBatch.from_arrays(arrays, names=both.schema.names)
                yield from in_batches(both)

    def _number(self, name: str) -> pa.DataType:
        return pa.bool_() if name in self._boolean else pa.float64()

    @contextmanager
    def _open(self, kinds: dict[str, pa.DataType]) -> Generator[arrow_csv.CSVStreamingReader, None, None]:
        options = arrow_csv.ConvertOptions(
            column_types=kinds,
            include_columns=list(kinds) or None,
            null_values=self._missing,
            decimal_point=self._decimal,
        )
        with (
            pa.input_stream(self.origin, compression="detect") as file,
            arrow_csv.open_csv(
                file, arrow_csv.ReadOptions(block_size=_READ_BYTES), self._parse_options(), options
            ) as reader,
        ):
            yield reader

    def _parse_options(self) -> arrow_csv.ParseOptions:
        return arrow_csv.ParseOptions(delimiter=self._delimiter, newlines_in_values=True)

    def _infer(self, decimal: str | None) -> tuple[str, pa.Schema]:
        """The decimal mark, and the types that the beginning of the file seems to have."""
        if decimal or self._delimiter == ",":
            return decimal or ".", self._begins_with(decimal or ".")
        point, comma = self._begins_with("."), self._begins_with(",")
        numeric = [{field.name for field in each if is_numeric(field.type)} for each in (point, comma)]
        return (",", comma) if numeric[0] < numeric[1] else (".", point)

    def _begins_with(self, decimal: str) -> pa.Schema:
        self._decimal = decimal
        with self._errors(()), self._open({}) as reader:
            return reader.schema

    @contextmanager
    def _errors(self, numbers: Sequence[str]) -> Generator[None, None, None]:
        try:
            yield
        except (pa.ArrowException, UnicodeDecodeError, OSError, EOFError) as error:
            raise TableError(f"{self.origin}: {self._explain(error, numbers)}") from error

    def _explain(self, error: Exception, numbers: Sequence[str]) -> str:
        foreign = None
        if "conversion error" in str(error) or "Failed to parse" in str(error):
            with suppress(pa.ArrowException, OSError):
                foreign = self._describe_foreign(numbers)
        return foreign or explain(error)

    def _describe_foreign(self, numbers: Sequence[str]) -> str | None:
        """The first value that keeps a column from being numbers, found by reading once more."""
        start = 0
        with self._open(dict.fromkeys(numbers, pa.string())) as reader:
            for batch in reader:
                for name in numbers:
                    row = first_foreign(batch.column(name), self._number(name), self._decimal, self._missing)
                    if row is not None:
                        return self._describe(name, start + row, batch.column(name)[row].as_py())
                start += batch.num_rows
        return None

    def _describe(self, name: str, row: int, value: str) -> str:
        shown = repr(value if len(value) <= 40 else value[:39] + "…")
        comma = self._decimal == "." and value.count(",") == 1 and _is_number(value.replace(",", "."))
        hint = "If the comma is the decimal mark, pass decimal=','. " if comma else ""
        return f"column {name!r} is not numeric: {self.place(row)} has {shown}. {hint}{LEAVE_OUT}"

    def _header(self) -> str:
        with self._errors(()), self._text() as file:
            header = next((line for line in file if line.strip()), None)
        if header is None:
            raise TableError(f"{self.origin}: the file is empty. A header line with column names is needed.")
        return header

    def _text(self) -> io.TextIOWrapper:
        stream = pa.input_stream(self.origin, compression="detect")
        return io.TextIOWrapper(io.BufferedReader(stream), encoding="utf-8-sig", newline="")

    def _line(self, row: int) -> int | None:
        """The line on which a row begins; quoted line breaks and empty lines make it differ."""
        end, seen = 0, -1
        with self._text() as file:
            reader = csv.reader(file, delimiter=self._delimiter)
            try:
                for fields in reader:
                    start, end = end + 1, reader.line_num
                    if fields and seen == row:
                        return start
                    seen += bool(fields)
            except (csv.Error, UnicodeDecodeError):
                return None
        return None


def _delimiter(path: Path, header: str) -> str:
    name = path.name.lower().removesuffix(".gz").removesuffix(".zst")
    usual = _DELIMITERS[name[name.rindex(".") :]]
    if usual in header:
        return usual
    return next((other for other in _OTHER_DELIMITERS if other in header), usual)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
