"""Bad input: one clear line, exit status 2, no traceback, nothing written."""

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from softmix import GaussianMixture

pytestmark = pytest.mark.usefixtures("unchanged")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ["t.csv: the file is empty"]),
        ("a,b\n", ["has a header but no rows"]),
        ("1,2\n3,4\n", ["first line holds numbers (1, 2)", "Add a header line"]),
        ("a,a\n1,2\n3,4\n", ["column 'a' appears more than once"]),
        ("a,b\n1,2\n3\n", ["expected 2 columns, got 1"]),
        (",a\n0,1\n1,2\n", ["column 1 has no name", "--columns"]),
        ("a,b\n1,2\n3,oops\n", ["column 'b'", "row 2 (line 3)", "'oops'", "--columns", "--id"]),
        ("a,b\n1,2\n,3\nNA,4\n", ["column 'a' has 2 missing values", "row 2 (line 3)"]),
        ("a,b\n1,2\n3,inf\n", ["column 'b' has 1 infinite value", "row 2 (line 3)"]),
        ("a,b\n1,2\n", ["has 1 row", "at least 2"]),
    ],
)
def test_bad_tables(text, parts, softmix, folder):
    path = folder / "t.csv"
    path.write_text(text)
    said = softmix("fit", "t.csv", "-k", 1, "-o", "m.softmix", "--memberships", "o.csv", "--plot", "p.png")
    path.unlink()
    assert said.status == 2
    for part in ["t.csv", *parts]:
        assert part in said.error


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["nosuch.csv", "-k", 2], ["nosuch.csv: No such file"]),
        (["faithful.xlsx", "-k", 2], ["cannot read this kind of file", ".parquet"]),
        (["faithful.csv"], ["Missing option '-k'", "softmix fit --help"]),
        (["faithful.csv", "-k", 0], ["'-k'", "0", "from 1 up"]),
        (["faithful.csv", "-k", "two"], ["'-k'", "'two'"]),
        (["faithful.csv", "-k", 273], ["-k 273", "more components than there are rows (272)"]),
        (["faithful.csv", "-k", 2, "--covariance", "round"], ["--covariance", "'round'", "spherical"]),
        (["faithful.csv", "-k", 2, "--tol", -1], ["--tol", "-1"]),
        (["faithful.csv", "-k", 2, "--tol", "nan"], ["tol", "nan"]),
        (["faithful.csv", "-k", 2, "--seed", -1], ["--seed", "-1"]),
        (["faithful.csv", "-k", 2, "--colour", "red"], ["--colour"]),
        (
            ["faithful.csv", "-k", 2, "--columns", "Waitin"],
            ["no column 'Waitin' (from --columns)", "'waiting'"],
        ),
        (["faithful.csv", "-k", 2, "--columns", "waiting,waiting"], ["--columns", "'waiting' twice"]),
        (["faithful.csv", "-k", 2, "--columns", "waiting,"], ["--columns", "empty"]),
        (["faithful.csv", "-k", 2, "--id", "plant"], ["no column 'plant' (from --id)"]),
        (["faithful.csv", "-k", 2, "--id", "waiting,eruptions"], ["no columns are left"]),
        (["faithful.csv", "-k", 2, "--weights", "w"], ["no column 'w' (from --weights)"]),
        (["faithful.csv", "-k", 2, "--plot-columns", "height"], ["--plot-columns", "eruptions, waiting"]),
        (["faithful.csv", "-k", 2, "-o", "model.csv"], ["-o model.csv", "'.csv'", ".softmix"]),
        (
            ["faithful.csv", "-k", 2, "--memberships", "o.xlsx"],
            ["--memberships o.xlsx", "'.xlsx'", ".parquet"],
        ),
        (["faithful.csv", "-k", 2, "--memberships", "o"], ["without ending"]),
        (["faithful.csv", "-k", 2, "--plot", "p.bmp"], ["--plot p.bmp", "'.bmp'", ".png"]),
        (["faithful.csv", "-k", 2, "-o", "no/m.softmix"], ["-o no/m.softmix", "no directory 'no'"]),
        (
            ["faithful.csv", "-k", 2, "--memberships", "faithful.csv"],
            ["would write over the file that is read"],
        ),
    ],
)
def test_bad_fits(arguments, parts, softmix, folder):
    before = (folder / "faithful.csv").read_bytes()
    more = [] if "-o" in arguments else ["-o", "m.softmix"]
    said = softmix("fit", *arguments, *more)
    assert said.status == 2
    for part in parts:
        assert part in said.error
    assert (folder / "faithful.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("weights", "parts"),
    [
        (["1", "-2"], ["'w'", "--weights", "negative: row 2 (line 3) has -2"]),
        (["0", "0"], ["'w'", "zero in every row"]),
        (["1", ""], ["'w'", "missing"]),
        (["1", "x"], ["'w'", "'x'"]),
        (["1", "0"], ["-k 2", "rows of positive weight (1)"]),
    ],
)
def test_bad_weights(weights, parts, softmix, folder):
    path = folder / "t.csv"
    path.write_text("a,w\n" + "".join(f"{row},{weight}\n" for row, weight in enumerate(weights)))
    said = softmix("fit", "t.csv", "-k", 2, "--weights", "w", "-o", "m.softmix")
    path.unlink()
    assert said.status == 2
    for part in parts:
        assert part in said.error


def test_a_covariance_without_floor_that_is_singular(softmix, folder):
    path = folder / "t.csv"
    path.write_text("a,b\n1,1\n2,2\n3,3\n4,4\n")
    said = softmix("fit", "t.csv", "-k", 1, "--reg-covar", 0, "-o", "m.softmix")
    path.unlink()
    assert said.status == 2
    assert "ill-defined empirical covariance" in said.error
    assert "--reg-covar" in said.error


def test_two_outputs_to_one_file(softmix, folder):
    (folder / "sub").mkdir()
    said = softmix(
        "fit", "faithful.csv", "-k", 2, "-o", "m.softmix", "--plot", "sub/../p.png", "--memberships", "p.csv"
    )
    assert said.status == 0
    for name in ("m.softmix", "p.png", "p.csv"):
        (folder / name).unlink()
    (folder / "p.png").symlink_to(folder / "p.csv")
    said = softmix("fit", "faithful.csv", "-k", 2, "--plot", "p.png", "--memberships", "p.csv")
    (folder / "p.png").unlink()
    (folder / "sub").rmdir()
    assert said.status == 2
    assert "two outputs would go to this file" in said.error


def test_an_output_that_is_a_directory(softmix, folder):
    (folder / "d.csv").mkdir()
    said = softmix("fit", "faithful.csv", "-k", 2, "--memberships", "d.csv")
    (folder / "d.csv").rmdir()
    assert said.status == 2
    assert "d.csv: is a directory" in said.error


@pytest.mark.parametrize("command", ["predict", "embed"])
class TestApplying:
    @pytest.fixture(autouse=True)
    def _model(self, model, unchanged):
        """The model is there before what must not change is listed."""

    @pytest.mark.parametrize(
        ("arguments", "parts"),
        [
            (["nosuch.softmix", "faithful.csv"], ["nosuch.softmix: No such file"]),
            (["faithful.csv", "faithful.csv"], ["faithful.csv is not a usable softmix model file"]),
            (["model.softmix", "nosuch.csv"], ["nosuch.csv: No such file"]),
            (["model.softmix", "faithful.csv", "--id", "plant"], ["no column 'plant' (from --id)"]),
            (["model.softmix", "faithful.csv", "-o", "o.json"], ["-o o.json", "'.json'", ".parquet"]),
            (["model.softmix", "faithful.csv", "-o", "no/o.csv"], ["no directory 'no'"]),
            (["model.softmix", "faithful.csv", "-o", "faithful.csv"], ["write over the file that is read"]),
            (["model.softmix", "faithful.csv", "--json"], ["--json needs -o"]),
            (["model.softmix"], ["Missing argument 'DATA'"]),
        ],
    )
    def test_bad_calls(self, command, arguments, parts, softmix):
        said = softmix(command, *arguments)
        assert said.status == 2
        for part in parts:
            assert part in said.error

    @pytest.mark.parametrize(
        ("text", "parts"),
        [
            ("eruptions,wait\n1,2\n", ["no column 'waiting' (needed by the model)", "Did you mean 'wait'"]),
            ("x,y\n1,2\n", ["no columns 'eruptions', 'waiting'", "The columns are 'x', 'y'"]),
            ("eruptions,waiting\n1,2\n3,late\n", ["'waiting'", "row 2 (line 3)", "'late'"]),
            ("eruptions,waiting\n1,\n", ["'waiting' has 1 missing value"]),
        ],
    )
    def test_tables_that_do_not_fit_the_model(self, command, text, parts, softmix, folder):
        path = folder / "t.csv"
        path.write_text(text)
        said = softmix(command, "model.softmix", "t.csv", "-o", "o.csv")
        path.unlink()
        assert said.status == 2
        for part in parts:
            assert part in said.error

    def test_a_damaged_model(self, command, softmix, folder):
        path = folder / "model.softmix"
        content = bytearray(path.read_bytes())
        content[-3] ^= 16
        path.write_bytes(content)
        said = softmix(command, "model.softmix", "faithful.csv", "-o", "o.csv")
        assert said.status == 2
        assert "model.softmix is not a usable softmix model file" in said.error
        assert "checksum" in said.error


def test_an_id_with_the_name_of_an_output_column(softmix, folder, model):
    table = pa.table({"label": ["x"], "eruptions": [3.0], "waiting": [60.0]})
    parquet.write_table(table, folder / "t.parquet")
    said = softmix("predict", model, "t.parquet", "--id", "label")
    (folder / "t.parquet").unlink()
    model.unlink()
    assert said.status == 2
    assert "--id column 'label' has the name of an output column" in said.error


def test_the_wrong_number_of_columns_for_a_model_without_names(softmix, folder):
    GaussianMixture(1).fit(np.random.default_rng(0).normal(size=(9, 3))).save("bare.softmix")
    said = softmix("predict", "bare.softmix", "faithful.csv")
    (folder / "bare.softmix").unlink()
    assert said.status == 2
    assert "has 2 columns beside --id" in said.error
    assert "needs 3" in said.error
