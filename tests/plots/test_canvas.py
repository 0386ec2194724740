"""matplotlib is imported when something is drawn; its absence is told with the way to get it."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib import pyplot as plt

from softmix import GaussianMixture
from softmix.plots import (
    ClassificationDisplay,
    CriterionDisplay,
    DensityDisplay,
    MembershipDisplay,
    PairsDisplay,
    UncertaintyDisplay,
)

_DISPLAYS = [ClassificationDisplay, DensityDisplay, MembershipDisplay, PairsDisplay, UncertaintyDisplay]


def test_importing_plots_does_not_import_matplotlib():
    code = "import sys, softmix.plots; sys.exit('matplotlib' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("display", _DISPLAYS)
def test_without_matplotlib_the_extra_is_named(display, data, fitted, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'matplotlib is needed.*pip install "softmix\[plots\]"'):
        display.from_estimator(fitted, data)
    with pytest.raises(ImportError, match=r"softmix\[plots\]"):
        CriterionDisplay.from_estimator(None)


@pytest.mark.parametrize("display", _DISPLAYS[:3])
def test_drawing_on_given_axes_leaves_pyplot_alone(display, data, fitted):
    _, ax = plt.subplots()
    other, other_ax = plt.subplots()
    before = dict(plt.rcParams)
    display.from_estimator(fitted, data, ax=ax)
    assert plt.gca() is other_ax
    assert plt.get_fignums() == [ax.figure.number, other.number]
    assert dict(plt.rcParams) == before


@pytest.mark.parametrize("display", _DISPLAYS)
def test_each_picture_can_be_drawn_again_and_the_same(display, data, fitted):
    drawn = display.from_estimator(fitted, data)
    pictures = []
    for _ in range(2):
        figure = drawn.plot().figure_
        figure.canvas.draw()
        pictures.append(np.asarray(figure.canvas.buffer_rgba()))
    assert np.array_equal(*pictures)


@pytest.mark.parametrize("display", _DISPLAYS)
@pytest.mark.parametrize("columns", [[0, 1], [1], [1, 2]])
def test_columns_without_spread_are_drawn(display, columns):
    X = np.random.default_rng(0).normal(size=(50, 3)) * [1, 0, 0] + [0, 0, 5]
    with pytest.warns(match="no spread"):
        model = GaussianMixture(2, random_state=0).fit(X)
    figure = display.from_estimator(model, X, columns=columns).figure_
    figure.canvas.draw()
    limits = [limit for ax in figure.axes for limit in (*ax.get_xlim(), *ax.get_ylim())]
    assert np.isfinite(limits).all()
