"""Pulses of the search `auto`: what leads on from a top with a component on a single row."""

from importlib import import_module

import numpy as np
import pytest

from softmix.fit.short_runs import ShortRuns
from softmix.fit.starts.top import Top
from softmix.structures import STRUCTURES

auto = import_module("softmix.fit.starts.auto")
N = 600


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_component_on_a_single_row_is_left_out(seed):
    """Merging it would cost more than merging two clusters that overlap: pulses that keep it end lower."""
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.standard_normal((N, 2)) + center for center in ([0, 0], [2.5, 0], [0, 9])])
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    labels = np.repeat([0, 0, 1], N)
    labels[5] = 2
    runs = ShortRuns(rows, np.ones(3 * N), STRUCTURES["VVV"], 1e-14)
    parameters, height = runs.climb(runs.from_labels(labels, 3, 1e-9), 1e-5, 40)
    top = Top(-len(runs.unwitnessed(parameters)), height, parameters)
    assert top.soundness == -1
    reached = auto.Search(runs, (rows, rows), 3, np.random.RandomState(seed)).pulses(top)
    assert reached.soundness == 0
    assert reached.height > -1.849
