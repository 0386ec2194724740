"""A folder with data and a model in it, and the command as a user calls it."""

import json
import subprocess
import sys
from dataclasses import dataclass

import pytest

from softmix.cli import run
from softmix.data import faithful_path


@dataclass
class Said:
    """What a command line left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def error(self):
        """The one line that a mistake is told in."""
        assert self.out == ""
        (line,) = self.err.splitlines()
        assert line.startswith("softmix: error: ")
        return line.removeprefix("softmix: error: ")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An own current directory, holding faithful.csv."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "faithful.csv").write_bytes(faithful_path().read_bytes())
    return tmp_path


@pytest.fixture
def softmix(folder, capfdbinary):
    """Run a command line in this process, as typed after `softmix`."""

    def call(*arguments):
        status = run([str(argument) for argument in arguments])
        out, err = capfdbinary.readouterr()
        return Said(status, out.decode(), err.decode())

    return call


@pytest.fixture
def model(softmix, folder):
    """model.softmix in the folder, fitted to faithful.csv."""
    assert softmix("fit", "faithful.csv", "-k", 2, "-o", "model.softmix").status == 0
    return folder / "model.softmix"


@pytest.fixture
def process(folder):
    """Run a command line in a process of its own."""

    def call(*arguments, before="", **options):
        code = f"{before}\nimport sys; from softmix.cli import main; sys.argv[0] = 'softmix'; main()"
        return subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False, **options
        )

    return call


@pytest.fixture
def unchanged(folder):
    """Checks at the end that the command left no file behind."""
    kept = {path.name for path in folder.iterdir()}
    yield
    assert {path.name for path in folder.iterdir()} - kept == set()
