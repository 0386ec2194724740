"""Options that say how rows are read: of text files, and of databases."""

import pandas as pd
import pytest
from adbc_driver_sqlite import dbapi as sqlite
from pyarrow.csv import read_csv

from softmix import scan
from softmix.cli.inputs import TableRequest

COLUMNS = ["eruptions", "waiting"]
MARKS = [(":", ".", ":"), ("\t", ",", "tab"), ("\t", ",", r"\t"), (";", ",", ";"), ("|", ".", "|")]


@pytest.fixture
def table(folder):
    return pd.read_csv(folder / "faithful.csv")


def of_fit(softmix, *arguments):
    said = softmix("fit", *arguments, "-k", 2, "--json")
    assert said.status == 0, said.err
    return {key: said.json[key] for key in ("rows", "log_likelihood", "components")}


@pytest.fixture
def expected(softmix):
    return of_fit(softmix, "faithful.csv")


@pytest.mark.parametrize(("delimiter", "decimal", "typed"), MARKS)
def test_marks_of_text_that_are_said(delimiter, decimal, typed, softmix, folder, table, expected):
    table.to_csv("t.csv", sep=delimiter, decimal=decimal, index=False)
    reading = ["--delimiter", typed, "--decimal", decimal]
    assert of_fit(softmix, "t.csv", *reading) == expected
    assert softmix("fit", "t.csv", *reading, "-k", 2, "-o", "m.softmix").status == 0
    for command in ("predict", "embed"):
        assert softmix(command, "m.softmix", "t.csv", *reading, "-o", "o.csv").status == 0
        assert softmix(command, "m.softmix", "faithful.csv", "-o", "plain.csv").status == 0
        assert (folder / "o.csv").read_bytes() == (folder / "plain.csv").read_bytes()


def test_the_next_step_reads_alike(softmix, table):
    table.to_csv("t.csv", sep=":", index=False)
    said = softmix("fit", "t.csv", "--delimiter", ":", "--na", "-9 9", "-k", 2, "-o", "m.softmix")
    assert said.out.endswith(
        "Next: softmix predict m.softmix t.csv --delimiter : --na '-9 9' -o clusters.csv\n"
    )


@pytest.mark.parametrize("typed", [["--na", "-999"], ["--na", "gone", "--na", "-999"]])
def test_spellings_of_missing_values(typed, softmix, folder, unchanged):
    path = folder / "t.csv"
    path.write_text("a,b\n1,2\n-999,3\n4,-999\n5,-999\n")
    assert softmix("fit", "t.csv", "-k", 1, "--quiet").status == 0
    said = softmix("fit", "t.csv", "-k", 1, *typed)
    path.unlink()
    assert said.status == 2
    assert "column 'a' has 1 missing value" in said.error
    assert "column 'b' has 2 missing values" in said.error


def test_spellings_of_missing_values_in_a_column_of_words(folder):
    """The first word that is no number is told, beside those that mean nothing."""
    (folder / "t.csv").write_text("a,b\n1,x\n2,gone\n3,oops\n")
    with pytest.raises(ValueError, match="column 'b' is not numeric: row 1"):
        scan(folder / "t.csv", na_values="gone", columns=["b"]).source.take([0])
    with pytest.raises(ValueError, match=r"column 'b' is not numeric: row 3 .line 4. has 'oops'"):
        scan(folder / "t.csv", na_values=["gone", "x"], columns=["b"]).source.take([0])


@pytest.fixture
def database(folder):
    with sqlite.connect(str(folder / "t.db")) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("t", read_csv("faithful.csv"))
        connection.commit()
    return "sqlite:///t.db"


def test_queries(softmix, folder, database, expected):
    query = "SELECT * FROM t ORDER BY rowid"
    assert of_fit(softmix, query, "--connection", database) == expected
    said = softmix("fit", query, "--connection", database, "--spool", "-k", 2, "-o", "m.softmix")
    assert said.out.splitlines()[0].startswith(f"{query}: 272 rows, 2 columns")
    assert f"predict m.softmix '{query}' --connection sqlite:///t.db -o" in said.out
    assert softmix("predict", "m.softmix", query, "--connection", database, "-o", "o.csv").status == 0
    assert softmix("predict", "m.softmix", "faithful.csv", "-o", "plain.csv").status == 0
    assert (folder / "o.csv").read_bytes() == (folder / "plain.csv").read_bytes()


def test_a_password_is_not_shown():
    """Neither in the next step nor anywhere else that shows what was typed."""
    request = TableRequest(
        data="SELECT 1",
        delimiter=None,
        decimal=None,
        na=(),
        connection="postgresql://ada:secret@host:5432/db",
    )
    assert request.as_typed == "'SELECT 1' --connection postgresql://ada@host:5432/db"


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["faithful.csv", "--delimiter", "ab"], ["--delimiter must be one", "'ab'"]),
        (["faithful.csv", "--delimiter", ""], ["--delimiter must be one", "''"]),
        (["faithful.csv", "--decimal", "·"], ["--decimal must be one", "'·'"]),
        (["faithful.csv", "--delimiter", ",", "--decimal", ","], ["--delimiter and --decimal", "','"]),
        (["faithful.csv", "--delimiter", ";"], ["faithful.csv", "'eruptions,waiting'"]),
        (["faithful.csv", "--connection", "mysql://host"], ["--connection", "postgresql://", "sqlite:///"]),
        (["SELECT 1 AS a", "--connection", "sqlite:///no/t.db"], ["query 'SELECT 1 AS a'"]),
        (
            ["SELECT x FROM t", "--connection", "sqlite:///:memory:"],
            ["query 'SELECT x FROM t'", "no such table"],
        ),
        (
            ["SELECT 1", "--connection", "sqlite:///:memory:", "--na", "x"],
            ["--na is for text files", "--connection", "query"],
        ),
    ],
)
@pytest.mark.parametrize("command", ["fit", "predict"])
def test_bad_combinations(command, arguments, parts, softmix, model, unchanged):
    begin = ["fit", "-k", 2] if command == "fit" else ["predict", model]
    said = softmix(*begin, *arguments)
    assert said.status == 2
    for part in parts:
        assert part in said.error


@pytest.mark.parametrize("option", [["--delimiter", ";"], ["--decimal", ","], ["--na", "x"]])
def test_options_of_text_need_text(option, softmix, table):
    table.to_parquet("t.parquet")
    error = softmix("fit", "t.parquet", "-k", 2, *option).error
    assert error.startswith(f"t.parquet: {option[0]} is for text files (.csv, ")
