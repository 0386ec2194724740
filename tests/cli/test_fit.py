"""`softmix fit`, as a user meets it."""

import gzip

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from softmix import GaussianMixture, load


def faithful(folder):
    return pd.read_csv(folder / "faithful.csv")


@pytest.mark.parametrize("covariance", ["tied", "VVE"])
def test_the_model_is_the_one_that_python_fits(covariance, softmix, folder):
    said = softmix("fit", "faithful.csv", "-k", 3, "--covariance", covariance, "--seed", 5, "-o", "m.softmix")
    assert said.status == 0
    assert f"3 components, {covariance} covariance" in softmix("info", "m.softmix").out
    expected = GaussianMixture(3, covariance_type=covariance, random_state=5).fit(faithful(folder))
    fitted = load("m.softmix")
    assert np.array_equal(fitted.means_, expected.means_)
    assert np.array_equal(fitted.covariances_, expected.covariances_)
    assert list(fitted.feature_names_in_) == ["eruptions", "waiting"]


def test_every_option_reaches_the_model(softmix):
    options = {
        "tol": 0.01,
        "max-iter": 7,
        "n-init": 2,
        "init": "random",
        "reg-covar": 1e-4,
        "jobs": 1,
        "seed": 9,
    }
    flat = [part for name, value in options.items() for part in (f"--{name}", value)]
    softmix("fit", "faithful.csv", "-k", 2, *flat, "--prior", "--equal-weights", "-o", "m.softmix")
    params = load("m.softmix").get_params()
    wanted = {
        "tol": 0.01,
        "max_iter": 7,
        "n_init": 2,
        "init_params": "random",
        "reg_covar": 1e-4,
        "n_jobs": 1,
        "prior": "default",
        "weights": "equal",
    }
    assert params | wanted | {"random_state": 9} == params


def test_the_report_names_files_criteria_and_the_next_step(softmix):
    said = softmix(
        "fit", "faithful.csv", "-k", 2, "-o", "m.softmix", "--memberships", "m.csv", "--plot", "m.png"
    )
    assert said.status == 0
    for words in (
        "272 rows, 2 columns; 2 components, full covariance",
        "eruptions",
        "2.036 ± 0.263",
        "smaller is better",
        "converged",
        "model written to        m.softmix",
        "memberships written to  m.csv",
        "picture written to      m.png",
        "Next: softmix predict m.softmix faithful.csv -o clusters.csv",
    ):
        assert words in said.out, said.out


def test_a_fit_that_keeps_nothing_says_so(softmix, unchanged):
    assert "not kept: add -o model.softmix" in softmix("fit", "faithful.csv", "-k", 2).out


def test_json_is_one_object_with_the_whole_fit(softmix, folder):
    said = softmix("fit", "faithful.csv", "-k", 2, "-o", "m.softmix", "--json")
    answer, model, X = said.json, load("m.softmix"), faithful(folder)
    assert answer["means"] == model.means_.tolist()
    assert answer["weights"] == model.weights_.tolist()
    assert answer["columns"] == ["eruptions", "waiting"]
    assert answer["effective_rows"] == pytest.approx(model.weights_ * 272)
    assert answer["standard_deviations"] == pytest.approx(
        np.sqrt(np.diagonal(model.covariances_, axis1=1, axis2=2))
    )
    assert answer["log_likelihood"] == pytest.approx(model.score(X) * 272)
    assert [answer[c] for c in ("bic", "aic", "icl")] == pytest.approx(
        [model.bic(X), model.aic(X), model.icl(X)]
    )
    assert answer["criteria"] == "smaller is better"
    assert answer["files"] == {"model": "m.softmix", "memberships": None, "picture": None}
    assert answer["converged"] is True


def test_quiet_says_nothing(softmix, folder):
    said = softmix("fit", "faithful.csv", "-k", 2, "-o", "m.softmix", "--quiet", "--max-iter", 1)
    assert (said.status, said.out, said.err) == (0, "", "")
    assert (folder / "m.softmix").exists()


def test_memberships_of_the_same_run_are_what_predict_gives(softmix, folder):
    softmix("fit", "faithful.csv", "-k", 2, "-o", "m.softmix", "--memberships", "a.csv")
    softmix("predict", "m.softmix", "faithful.csv", "-o", "b.csv")
    assert (folder / "a.csv").read_bytes() == (folder / "b.csv").read_bytes()


@pytest.mark.parametrize(("ending", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")])
def test_pictures_are_what_their_names_say(ending, magic, softmix, folder):
    assert softmix("fit", "faithful.csv", "-k", 2, "--plot", f"p.{ending}").status == 0
    assert (folder / f"p.{ending}").read_bytes().startswith(magic)


def test_a_picture_of_one_chosen_column(softmix, folder):
    assert softmix("fit", "faithful.csv", "-k", 2, "--plot", "p.svg", "--plot-columns", "waiting").status == 0
    assert "density" in (folder / "p.svg").read_text()


def test_columns_are_chosen_and_named(softmix):
    softmix("fit", "faithful.csv", "-k", 2, "--columns", "waiting", "-o", "m.softmix")
    assert list(load("m.softmix").feature_names_in_) == ["waiting"]


def test_names_with_commas_are_quoted_as_in_csv(softmix, folder):
    faithful(folder).rename(columns={"waiting": "waiting, min"}).to_csv("t.csv", index=False)
    said = softmix("fit", "t.csv", "-k", 2, "--columns", '"waiting, min",eruptions', "--json")
    assert said.json["columns"] == ["waiting, min", "eruptions"]


def test_ids_and_weights_are_not_clustered(softmix, folder):
    data = faithful(folder).assign(plant=[f"p{i}" for i in range(272)], w=1.0)
    data.to_csv("t.csv", index=False)
    said = softmix(
        "fit", "t.csv", "-k", 2, "--id", "plant", "--weights", "w", "--json", "--memberships", "o.csv"
    )
    assert said.json["columns"] == ["eruptions", "waiting"]
    assert list(pd.read_csv("o.csv").columns)[:2] == ["plant", "label"]


def test_a_weight_of_two_is_the_row_twice(softmix, folder):
    data = faithful(folder)
    data.assign(w=np.arange(272) % 3).to_csv("weighted.csv", index=False)
    data.loc[data.index.repeat(np.arange(272) % 3)].to_csv("repeated.csv", index=False)
    weighted = softmix(
        "fit", "weighted.csv", "-k", 2, "--weights", "w", "--tol", 1e-9, "--max-iter", 999, "--json"
    ).json
    repeated = softmix("fit", "repeated.csv", "-k", 2, "--tol", 1e-9, "--max-iter", 999, "--json").json
    assert weighted["total_weight"] == repeated["rows"]
    assert weighted["bic"] == pytest.approx(repeated["bic"], rel=1e-6)
    assert sorted(weighted["means"]) == pytest.approx(np.array(sorted(repeated["means"])), rel=1e-3)


def test_every_kind_of_table_gives_the_same_model(softmix, folder):
    data = faithful(folder)
    data.to_csv("t.tsv", sep="\t", index=False)
    data.to_parquet("t.parquet")
    (folder / "t.csv.gz").write_bytes(gzip.compress((folder / "faithful.csv").read_bytes()))
    answers = [
        softmix("fit", name, "-k", 2, "--json").json["means"]
        for name in ("faithful.csv", "t.tsv", "t.parquet", "t.csv.gz")
    ]
    assert all(answer == answers[0] for answer in answers)


def test_booleans_decimals_integers_and_dictionaries_are_numbers(softmix):
    rng = np.random.default_rng(0)
    table = {
        "flag": pa.array(rng.integers(0, 2, 60).astype(bool)),
        "count": pa.array(rng.integers(0, 99, 60), pa.uint8()),
        "price": pa.array(rng.integers(0, 99, 60)).cast(pa.decimal128(21, 2)),
        "level": pa.array(rng.normal(size=60)).dictionary_encode(),
    }
    parquet.write_table(pa.table(table), "t.parquet")
    said = softmix("fit", "t.parquet", "-k", 1, "--json").json
    expected = [np.mean([float(x) for x in column.to_pylist()]) for column in table.values()]
    assert said["means"][0] == pytest.approx(expected)


def test_warnings_are_one_tidy_line_each(softmix):
    said = softmix("fit", "faithful.csv", "-k", 3, "--max-iter", 1)
    lines = [line for line in said.err.splitlines() if "NumPy reference kernel" not in line]
    (line,) = lines
    assert line.startswith("softmix: warning: The fit stopped before it converged. Raise --max-iter")
    assert "not converged" in said.out


def test_constant_columns_only_warn_and_the_warning_names_them(softmix, folder):
    faithful(folder).assign(altitude=2240).to_csv("t.csv", index=False)
    said = softmix("fit", "t.csv", "-k", 2, "--json")
    assert said.status == 0
    assert any("altitude" in warning for warning in said.json["warnings"])
    assert all(line.startswith("softmix: warning: ") for line in said.err.splitlines())


@pytest.mark.parametrize("width", [30, 50, 80, 200])
def test_fifty_columns_and_a_hundred_components_fit_any_terminal(width, softmix, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    rng = np.random.default_rng(0)
    names = [f"a long measurement name {j}" for j in range(50)]
    pd.DataFrame(rng.normal(size=(300, 50)), columns=names).to_csv("t.csv", index=False)
    said = softmix("fit", "t.csv", "-k", 100, "--covariance", "spherical", "--max-iter", 2)
    assert said.status == 0
    assert max(map(len, said.out.splitlines())) <= width
    told = " ".join(said.out.split())
    assert "80 more components and" in told
    assert "more columns. --json shows all." in told


def test_a_table_that_just_fits_is_whole(softmix, monkeypatch):
    whole = softmix("fit", "faithful.csv", "-k", 2).out
    width = max(len(line) for line in whole.splitlines() if "±" in line and "rows:" not in line)
    monkeypatch.setenv("COLUMNS", str(width))
    assert "Not shown" not in softmix("fit", "faithful.csv", "-k", 2).out
    monkeypatch.setenv("COLUMNS", str(width - 1))
    assert "Not shown: 1 more column." in softmix("fit", "faithful.csv", "-k", 2).out


def test_tables_that_are_not_kept_in_memory_give_the_same_model(softmix, folder, monkeypatch):
    arguments = (
        "fit",
        "faithful.csv",
        "-k",
        2,
        "-o",
        "m.softmix",
        "--memberships",
        "m.csv",
        "--plot",
        "p.png",
    )
    outputs = []
    for keep_bytes, *more in ((1 << 28,), (0,), (0, "--spool"), (0, "--no-spool")):
        monkeypatch.setattr("softmix.cli.inputs._KEEP_BYTES", keep_bytes)
        assert softmix(*arguments, *more).status == 0
        outputs.append([(folder / name).read_bytes() for name in ("m.softmix", "m.csv", "p.png")])
    assert all(each == outputs[0] for each in outputs)


def test_a_folder_and_a_glob_of_parts_are_one_table(softmix, folder):
    (folder / "parts").mkdir()
    data = faithful(folder)
    for number in range(3):
        data[100 * number : 100 * (number + 1)].to_parquet(folder / "parts" / f"{number}.parquet")
    answers = [
        softmix("fit", data, "-k", 2, "--json").json["means"]
        for data in ("faithful.csv", "parts", "parts/*.parquet")
    ]
    assert answers[0] == answers[1] == answers[2]
    said = softmix("fit", "parts", "-k", 2, "-o", "m.softmix", "--memberships", "parts/0.parquet")
    assert "parts/0.parquet: would write over a file that is read" in said.error


def test_arrays_without_names(softmix, folder):
    np.save(folder / "t.npy", faithful(folder).to_numpy())
    arguments = (
        "fit",
        "t.npy",
        "-k",
        2,
        "-o",
        "m.softmix",
        "--plot",
        "p.png",
        "--memberships",
        "a.csv",
        "--json",
    )
    assert softmix(*arguments).json["columns"] == ["x0", "x1"]
    assert softmix("predict", "m.softmix", "t.npy", "--id", "1", "-o", "b.csv").status == 2
    assert softmix("predict", "m.softmix", "t.npy", "-o", "b.csv").status == 0
    assert (folder / "a.csv").read_bytes() == (folder / "b.csv").read_bytes()
    assert softmix("fit", "t.npy", "-k", 2, "--columns", "1", "--json").json["columns"] == ["x1"]


def test_a_picture_of_many_rows_shows_a_sample_and_says_so(softmix, folder):
    pd.concat([faithful(folder)] * 74).to_csv("t.csv", index=False)
    assert softmix("fit", "t.csv", "-k", 2, "--plot", "p.svg").status == 0
    # Letters in an .svg are outlines, and each has its name in a comment.
    assert "<!-- a sample of 20,000 of 20,128 rows -->" in (folder / "p.svg").read_text()


@pytest.mark.parametrize("kind", ["memberships", "classification", "uncertainty", "density", "pairs"])
def test_every_kind_of_picture_is_drawn(kind, softmix, folder):
    said = softmix("fit", "faithful.csv", "-k", 2, "--plot", "p.svg", "--plot-kind", kind)
    assert said.status == 0
    drawn = (folder / "p.svg").read_text()
    assert "<!-- eruptions -->" in drawn
    assert "<!-- waiting -->" in drawn
