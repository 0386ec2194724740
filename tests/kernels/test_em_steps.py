"""Native steps of EM against the loop of ShortRuns in Python, its readable twin."""

from dataclasses import replace

import numpy as np
import pytest
from simulate import TYPES, clusters

from softmix.fit.short_runs import ShortRuns
from softmix.kernels import native
from softmix.structures import STRUCTURES

SCHEDULE = np.linspace([0.4, 2.0], [1.0, 0.0], 6)


def short_runs(covariance_type, d, *, weighted, is_free, n=240, share=1e-14):
    rows, labels = clusters(n=n, d=d, seed=d)
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    weights = np.random.default_rng(1).uniform(0.5, 1.5, n) if weighted else np.ones(n)
    structure = replace(STRUCTURES[covariance_type], is_free=is_free)
    return ShortRuns(rows, weights / weights.mean(), structure, share), labels


def assert_same(one, other, rtol):
    for name in ("weights", "means", "factors"):
        expected = getattr(other, name)
        np.testing.assert_allclose(
            getattr(one, name), expected, rtol=rtol, atol=rtol * np.abs(expected).max(), err_msg=name
        )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("d", [*range(1, 10), 30])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_annealing_and_climbing(covariance_type, d, weighted):
    native_runs, labels = short_runs(covariance_type, d, weighted=weighted, is_free=True)
    plain_runs, _ = short_runs(covariance_type, d, weighted=weighted, is_free=False)
    start = plain_runs.from_labels(labels, 3, 1.0)
    ours, theirs = native_runs.anneal(start, SCHEDULE), plain_runs.anneal(start, SCHEDULE)
    assert_same(ours, theirs, 1e-9)
    (ours, height), (theirs, plain_height) = native_runs.climb(start, 0, 8), plain_runs.climb(start, 0, 8)
    assert_same(ours, theirs, 1e-8)
    assert height == pytest.approx(plain_height, rel=1e-11)


def test_all_steps_are_native_where_nothing_collapses():
    runs, labels = short_runs("full", 3, weighted=True, is_free=True)
    betas, pseudo_rows = SCHEDULE.T.copy()
    _, before = native.em_steps(
        runs.from_labels(labels, 3, 1.0), runs.rows, runs.weights, betas, pseudo_rows, 1e-14
    )
    assert len(before) == len(SCHEDULE)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_the_arguments_stay_as_they_are(covariance_type):
    runs, labels = short_runs(covariance_type, 3, weighted=False, is_free=True)
    start = runs.from_labels(labels, 3, 1.0)
    held = replace(
        start, weights=start.weights.copy(), means=start.means.copy(), factors=start.factors.copy()
    )
    runs.anneal(start, SCHEDULE)
    assert_same(start, held, 0.0)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_components_at_the_floor_are_left_to_python_and_come_back(covariance_type):
    """One component owns four equal rows: in each step the floor holds it."""
    native_runs, labels = short_runs(covariance_type, 2, weighted=False, is_free=True, share=1e-6)
    plain_runs, _ = short_runs(covariance_type, 2, weighted=False, is_free=False, share=1e-6)
    labels[:4] = 3
    for runs in (native_runs, plain_runs):
        runs.rows[:4] = [9.0, 9.0]
    start = plain_runs.from_labels(labels, 4, 0.5)
    ours, height = native_runs.climb(start, 0, 8)
    theirs, plain_height = plain_runs.climb(start, 0, 8)
    assert_same(ours, theirs, 1e-8)
    assert height == pytest.approx(plain_height, rel=1e-11)
    if covariance_type != "tied":
        assert native_runs.floor.thinness(ours, 3) == pytest.approx(1e-6, rel=1e-6)


def test_an_empty_component_ends_the_native_steps():
    runs, labels = short_runs("full", 2, weighted=False, is_free=True)
    start = runs.from_labels(labels, 3, 1.0)
    far = replace(start, means=start.means + np.array([[1e8], [0.0], [0.0]]))
    after, before = native.em_steps(far, runs.rows, None, np.ones(4), np.zeros(4), 1e-14)
    assert len(before) == 0
    assert_same(after, far, 0.0)
    assert runs.anneal(far, np.tile([1.0, 0.0], (4, 1))).weights[0] == 0.0
