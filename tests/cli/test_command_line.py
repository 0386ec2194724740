"""The command as a whole: start-up, info, example, interruption, what is not installed."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from softmix import load
from softmix.cli.errors import explain
from softmix.data import faithful_path


def test_help_loads_nothing_heavy(process):
    code = (
        "import atexit, sys\n"
        "heavy = {'numpy', 'scipy', 'sklearn', 'pyarrow', 'rich', 'matplotlib', 'safetensors'}\n"
        "atexit.register(lambda: print('LOADED', sorted(heavy & set(sys.modules))))"
    )
    for arguments in (["--help"], ["fit", "--help"], ["--version"], ["fit"]):
        assert process(*arguments, before=code).stdout.endswith("LOADED []\n")


def test_no_arguments_show_help(softmix):
    assert "Usage: softmix" in softmix().out


@pytest.mark.parametrize("command", ["fit", "predict", "embed", "plot", "info", "example"])
def test_every_command_has_help(command, softmix):
    said = softmix(command, "--help")
    assert said.status == 0
    assert f"Usage: softmix {command}" in said.out


def test_an_unknown_command_is_a_mistake(softmix):
    said = softmix("cluster")
    assert said.status == 2
    assert "No such command 'cluster'" in said.error


def test_python_m_runs_it(folder):
    said = subprocess.run(
        [sys.executable, "-m", "softmix.cli", "--version"], capture_output=True, text=True, check=True
    )
    assert said.stdout.startswith("softmix, version ")


def test_info_shows_the_model(softmix, model):
    out = softmix("info", model).out
    for words in (
        "2 components, full covariance, float64",
        "eruptions, waiting",
        "converged",
        "2.036 ± 0.263",
    ):
        assert words in out


def test_info_json_has_every_number(softmix, model):
    said, loaded = softmix("info", model, "--json").json, load(model)
    assert said["means"] == loaded.means_.tolist()
    assert said["covariances"] == loaded.covariances_.tolist()
    assert said["params"]["random_state"] == 0
    assert said["trace"] == loaded.lower_bounds_


def test_info_of_what_is_no_model(softmix):
    said = softmix("info", "faithful.csv")
    assert said.status == 2
    assert "faithful.csv is not a usable softmix model file" in said.error


def test_the_example_is_copied_out(softmix, folder):
    said = softmix("example", "faithful", "-o", "copy.csv")
    assert (folder / "copy.csv").read_bytes() == faithful_path().read_bytes()
    assert "Next: softmix fit copy.csv" in said.out
    assert softmix("example", "faithful").out == faithful_path().read_text()


def test_the_example_data(folder):
    data = np.loadtxt(faithful_path(), delimiter=",", skiprows=1)
    assert data.shape == (272, 2)
    assert data.mean(axis=0) == pytest.approx([3.4877831, 70.8970588])


@pytest.mark.parametrize(
    ("module", "arguments", "extra"),
    [
        ("click", ["--help"], "cli"),
        ("pyarrow", ["fit", "faithful.csv", "-k", "2", "-o", "m.softmix"], "cli"),
        ("rich", ["fit", "faithful.csv", "-k", "2", "-o", "m.softmix"], "cli"),
        ("matplotlib", ["fit", "faithful.csv", "-k", "2", "-o", "m.softmix", "--plot", "p.png"], "plots"),
        ("matplotlib", ["fit", "faithful.csv", "-k", "2", "--plot-criterion", "p.png"], "plots"),
        ("matplotlib", ["plot", "m.softmix", "faithful.csv", "-o", "p.png"], "plots"),
    ],
)
@pytest.mark.usefixtures("unchanged")
def test_what_is_not_installed_is_named_with_the_way_to_get_it(module, arguments, extra, process):
    said = process(*arguments, before=f"import sys; sys.modules[{module!r}] = None")
    assert said.returncode == 1
    assert said.stdout == ""
    assert said.stderr.splitlines() == [
        f'softmix: error: {module} is needed and not installed: pip install "softmix[{extra}]"'
    ]


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
@pytest.mark.usefixtures("unchanged")
def test_a_terminated_fit_leaves_nothing(folder):
    # tol 0 and this many sweeps would take hours.
    arguments = ["faithful.csv", "-k", "50", "--tol", "0", "--max-iter", "100000000", "-o", "m.softmix"]
    command = subprocess.Popen(
        [sys.executable, "-m", "softmix.cli", "fit", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while not list(folder.glob(".m.softmix.*")):
            assert command.poll() is None
            time.sleep(0.01)
        time.sleep(0.5)
        command.send_signal(signal.SIGTERM)
        out, err = command.communicate(timeout=60)
    finally:
        command.kill()
    assert command.returncode == 143
    assert out == ""
    assert "Traceback" not in err


def test_an_interruption_is_told_with_a_status_of_its_own():
    assert explain(KeyboardInterrupt()) == ("interrupted; nothing was written.", 130)


@pytest.mark.usefixtures("model")
def test_a_reader_that_leaves_early_is_no_error_to_show(folder):
    rows = (folder / "faithful.csv").read_text().splitlines(keepends=True)
    (folder / "long.csv").write_text(rows[0] + "".join(rows[1:]) * 200)
    command = subprocess.Popen(
        [sys.executable, "-m", "softmix.cli", "predict", "model.softmix", "long.csv"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert command.stdout.readline().startswith(b"label,")
    command.stdout.close()
    err = command.stderr.read().decode()
    command.stderr.close()
    command.wait(60)
    assert "Traceback" not in err
    assert "BrokenPipe" not in err


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_directory_is_a_mistake(softmix, folder):
    (folder / "locked").mkdir(mode=0o500)
    said = softmix("fit", "faithful.csv", "-k", 2, "-o", "locked/m.softmix")
    assert said.status == 2
    assert "cannot write there" in said.error


def test_json_on_every_command_is_one_object(softmix, model):
    for arguments in (
        ("info", model),
        ("example", "faithful", "-o", "e.csv"),
        ("predict", model, "faithful.csv", "-o", "o.csv"),
        ("plot", model, "faithful.csv", "-o", "o.png"),
        ("fit", "faithful.csv", "-k", 1),
    ):
        said = softmix(*arguments, "--json")
        assert isinstance(json.loads(said.out), dict)
        assert said.out.count("\n") == 1


def test_a_fault_is_one_line_and_status_1(process):
    said = process("example", "faithful", before="import softmix.data; del softmix.data.faithful_path")
    assert said.returncode == 1
    (line,) = said.stderr.splitlines()
    assert "This is a fault in softmix" in line
