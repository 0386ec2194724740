"""The documents are true: their examples run and give what they show, and their links lead somewhere."""

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import matplotlib as mpl
import pytest

import softmix
from softmix import plots
from softmix.data import faithful_path
from softmix.store import load, save

ROOT = Path(__file__).parents[2]
_SHOWN = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
_WRITTEN = sorted(
    [*ROOT.glob("*.md")]
    + [
        p
        for top in ("benchmarks", "docs", "examples", "native", "src", "tests")
        for p in (ROOT / top).rglob("*.md")
    ]
)
# Made by `make bench`; a link to it is sound before that too.
_GENERATED = {ROOT / "benchmarks" / "RESULTS.md"}
_PUBLIC = [
    *(getattr(softmix, name) for name in softmix.__all__),
    *(getattr(plots, name) for name in plots.__all__),
    faithful_path,
    load,
    save,
]
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)|<(?:img|a)[^>]*?(?:src|href)=\"([^\"]+)\"")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")

mpl.use("agg")


def _name(path):
    return path.relative_to(ROOT).as_posix()


def _run(test):
    complaints = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    runner.run(test, out=complaints.append)
    assert not complaints, "".join(complaints)


def _python_of(path):
    """The Python blocks of a Markdown file where they stand, everything else blank."""
    text = path.read_text()
    kept = [""] * (text.count("\n") + 1)
    for block in _FENCED.finditer(text):
        if block[1] == "python":
            first = text.count("\n", 0, block.start(2))
            lines = block[2].splitlines()
            kept[first : first + len(lines)] = lines
    return "\n".join(kept) + "\n"


@pytest.mark.parametrize("path", _SHOWN, ids=_name)
def test_python_in_documents(path):
    text = _python_of(path)
    test = doctest.DocTestParser().get_doctest(text, {}, _name(path), str(path), 0)
    assert len(test.examples) == text.count(">>> ")
    _run(test)


@pytest.mark.parametrize("thing", _PUBLIC, ids=lambda thing: thing.__name__)
def test_docstrings(thing):
    tests = doctest.DocTestFinder().find(thing, thing.__name__, globs={})
    for test in tests:
        _run(test)


def test_the_classes_show_how_they_are_used():
    displays = [getattr(plots, name) for name in plots.__all__]
    for thing in (softmix.GaussianMixture, *displays, save, faithful_path):
        assert ">>> " in thing.__doc__


def _steps(path):
    """Commands and what they print, in the order of the console blocks of a file."""
    for block in _FENCED.finditer(path.read_text()):
        if block[1] == "console":
            for step in re.split(r"^\$ ", block[2], flags=re.MULTILINE)[1:]:
                command, _, output = step.partition("\n")
                yield command, output


def _timeless(text):
    return re.sub(r"in [\d.]+ s\b", "in … s", text).strip()


@pytest.mark.parametrize("path", [p for p in _SHOWN if list(_steps(p))], ids=_name)
def test_commands_in_documents(path, tmp_path):
    environment = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    for command, expected in _steps(path):
        program, *arguments = shlex.split(command)
        assert program == "softmix"
        done = subprocess.run(
            [sys.executable, "-m", "softmix.cli", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found, wanted = _timeless(done.stdout), _timeless(expected)
        assert _NUMBER.sub("#", found) == _NUMBER.sub("#", wanted), command
        numbers = [[float(n) for n in _NUMBER.findall(text)] for text in (found, wanted)]
        # Another instruction set may round the last digit shown the other way.
        assert numbers[0] == pytest.approx(numbers[1], rel=2e-3, abs=2e-4), command


@pytest.mark.parametrize("script", sorted((ROOT / "examples").glob("*.py")), ids=_name)
def test_example_scripts(script):
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_script_draws_the_pictures_of_the_documents(tmp_path):
    script = ROOT / "docs" / "pictures.py"
    command = [sys.executable, "-W", "error", str(script), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    drawn = {path.name for path in tmp_path.iterdir()}
    assert drawn == {path.name for path in (ROOT / "docs" / "images").iterdir()}


@pytest.mark.parametrize("path", _WRITTEN, ids=_name)
def test_links_lead_somewhere(path):
    prose = _FENCED.sub("", path.read_text())
    targets = [a or b for a, b in _LINK.findall(prose)]
    local = [unquote(t.partition("#")[0]) for t in targets if not re.match(r"[a-z]+:", t)]
    missing = [t for t in local if t and not (path.parent / t).exists()]
    assert [t for t in missing if (path.parent / t).resolve() not in _GENERATED] == []


def test_every_folder_says_what_it_holds():
    folders = [init.parent for init in (ROOT / "src" / "softmix").rglob("__init__.py")]
    readmes = {folder: folder / "README.md" for folder in folders if folder.name != "softmix"}
    assert readmes
    assert [_name(folder) for folder, readme in readmes.items() if not readme.exists()] == []
    assert [_name(r) for r in readmes.values() if len(r.read_text().splitlines()) > 20] == []


def test_every_example_is_named_in_the_readme():
    text = (ROOT / "examples" / "README.md").read_text()
    assert [s.name for s in (ROOT / "examples").glob("*.py") if f"`{s.name}`" not in text] == []
