"""Where progress is shown: a line in a cell of a notebook, in a terminal, or nowhere."""

import io
import sys

import pytest

from softmix.estimators.cell import CellLine
from softmix.estimators.screen import console_for, screen


class Output:
    """An output of a cell: all that it showed."""

    def __init__(self):
        self.shown = []

    def display(self, bundle, *, raw, display_id):
        assert (raw, display_id, self.shown) == (True, True, [])  # one output
        self.update(bundle, raw=raw)
        return self

    def update(self, bundle, *, raw):
        assert raw
        self.shown.append(bundle)


def test_a_cell_has_one_line_that_changes_in_place_and_not_too_often():
    output, seconds = Output(), [0.0]
    line = CellLine(output.display, lambda: seconds[0])
    line.ends()
    assert output.shown == []
    for now, text in ((61.0, "a"), (61.05, "b"), (62.0, "c"), (62.01, "d")):
        seconds[0] = now
        line(text)
    assert output.shown == [{"text/plain": "a · 0:01:01"}, {"text/plain": "c · 0:01:02"}]
    line.ends()
    assert output.shown[2:] == [{"text/plain": "d · 0:01:02"}]


def test_what_can_be_counted_has_a_bar():
    output = Output()
    CellLine(output.display, lambda: 0.0)("a < b", 3, 7)
    (shown,) = output.shown
    assert shown["text/plain"] == "a < b · 3 of 7 · 0:00:00"
    assert shown["text/html"] == '<progress value="3" max="7"></progress> a &lt; b · 3 of 7 · 0:00:00'


def test_auto_is_for_terminals_only(monkeypatch):
    pytest.importorskip("rich")
    assert console_for("auto") is None
    assert console_for(True) is not None  # noqa: FBT003 (as the parameter is)
    with screen("auto") as tell:
        assert tell is None
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    assert console_for("auto").is_terminal


def test_a_file_keeps_the_last_line(monkeypatch):
    pytest.importorskip("rich")
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with screen(True) as tell:  # noqa: FBT003
        tell("first")
        tell("last [1]")
    assert "last [1]" in sys.stderr.getvalue()
    assert "first" not in sys.stderr.getvalue()


NOTEBOOK = (
    "import numpy as np\nX = np.random.default_rng(0).normal(size=(20_000, 3))",
    "from softmix import GaussianMixture, MixtureSearch",
    "model = GaussianMixture(5, random_state=0, progress='auto', tol=1e-7).fit(X)",
    "search = MixtureSearch((1, 2), random_state=0, progress=True).fit(X[:500])",
    "import sys\nsys.modules['rich'] = None\nmodel.set_params(progress=True).fit(X)\nmodel.n_iter_",
)


def test_a_notebook_keeps_one_line_a_fit_without_widgets_or_rich():
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in NOTEBOOK])
    nbclient.NotebookClient(notebook, kernel_name="python3").execute()
    fit, search, last = (cell.outputs for cell in notebook.cells[2:])
    (line,) = fit
    assert line.data["text/plain"].startswith("run 1, sweep ")
    assert "nats/row" in line.data["text/plain"]
    (bar,) = search
    assert "28 of 28" in bar.data["text/plain"]
    assert bar.data["text/html"].startswith('<progress value="28" max="28">')
    shown, value = last
    assert shown.data["text/plain"].startswith(f"run 1, sweep {value.data['text/plain']} · ")
