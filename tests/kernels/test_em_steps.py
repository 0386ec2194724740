"""Native steps of EM against the loop of ShortRuns in Python, its readable twin."""

from dataclasses import replace

import numpy as np
import pytest
from simulate import clusters

from softmix.fit.short_runs import ShortRuns
from softmix.kernels import FREE, Begin, Tie, native
from softmix.structures import STRUCTURES

STRUCTURES_OF_MCLUST = [name for name in STRUCTURES if len(name) == 3]
# Their M-steps end before they settle, and Python's begins each at axes in another order.
TURNED = ["EVE", "VVE"]
ALIKE = [name for name in STRUCTURES_OF_MCLUST if name not in TURNED]
SCHEDULE = np.linspace([0.4, 2.0], [1.0, 0.0], 6)


class PlainRuns(ShortRuns):
    """Every step in Python."""

    def _native_steps(self, rows, parameters, schedule, ending, taken):
        return parameters, np.empty(0)

    def _native_steps_each(self, rows, begins, schedule, ending):
        return [(begin.parameters, np.empty(0)) for begin in begins]


def short_runs(covariance_type, d, *, weighted, is_native, n=240, share=1e-14, dtype=np.float64, units=1.0):
    rows, labels = clusters(n=n, d=d, seed=d)
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0) * units
    weights = np.random.default_rng(1).uniform(0.5, 1.5, n) if weighted else np.ones(n)
    kind = ShortRuns if is_native else PlainRuns
    return kind(rows, weights / weights.mean(), STRUCTURES[covariance_type], share, dtype), labels


def assert_same(one, other, rtol):
    for name in ("weights", "means", "factors"):
        expected = getattr(other, name)
        np.testing.assert_allclose(
            getattr(one, name), expected, rtol=rtol, atol=rtol * np.abs(expected).max(), err_msg=name
        )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("d", [*range(1, 10), 30])
@pytest.mark.parametrize("covariance_type", ALIKE)
def test_annealing_and_climbing(covariance_type, d, weighted):
    native_runs, labels = short_runs(covariance_type, d, weighted=weighted, is_native=True)
    plain_runs, _ = short_runs(covariance_type, d, weighted=weighted, is_native=False)
    start = plain_runs.from_labels(labels, 3, 1.0)
    ours, theirs = native_runs.anneal(start, SCHEDULE), plain_runs.anneal(start, SCHEDULE)
    assert_same(ours, theirs, 1e-9)
    (ours, height), (theirs, plain_height) = native_runs.climb(start, 0, 8), plain_runs.climb(start, 0, 8)
    assert_same(ours, theirs, 1e-8)
    assert height == pytest.approx(plain_height, rel=1e-11)


@pytest.mark.parametrize("d", [1, 3, 9])
@pytest.mark.parametrize("covariance_type", ALIKE)
def test_single_precision_is_near(covariance_type, d):
    single, labels = short_runs(covariance_type, d, weighted=True, is_native=True, dtype=np.float32)
    double, _ = short_runs(covariance_type, d, weighted=True, is_native=True)
    start = double.from_labels(labels, 3, 1.0)
    ours, theirs = single.anneal(start, SCHEDULE), double.anneal(start, SCHEDULE)
    assert not np.array_equal(ours.means, theirs.means)
    assert_same(ours, theirs, 1e-4)
    (_, height), (_, expected) = single.climb(start, 0, 12), double.climb(start, 0, 12)
    assert height == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("covariance_type", ["VVV", "EEE", "VVI", "VII", "EVI", "VEV"])
def test_what_is_too_thin_for_single_precision_is_seen_in_double(covariance_type):
    """All columns, or one of three, a millionth as wide as others."""
    units = 1e-6 if covariance_type == "VII" else np.array([1.0, 1.0, 1e-6])
    (single, labels), (double, _) = (
        short_runs(covariance_type, 3, weighted=True, is_native=True, dtype=dtype, units=units)
        for dtype in (np.float32, np.float64)
    )
    start = double.from_labels(labels, 3, 1e-9)
    (ours, height), (theirs, expected) = single.climb(start, 0, 12), double.climb(start, 0, 12)
    assert_same(ours, theirs, 1e-12)
    assert height == expected


@pytest.mark.parametrize("d", [1, 2, 3, 6])
@pytest.mark.parametrize("covariance_type", TURNED)
def test_turned_axes_lead_to_the_same_height(covariance_type, d):
    native_runs, labels = short_runs(covariance_type, d, weighted=True, is_native=True)
    plain_runs, _ = short_runs(covariance_type, d, weighted=True, is_native=False)
    start = plain_runs.from_labels(labels, 3, 1.0)
    _, height = native_runs.climb(start, 0, 80)
    _, plain_height = plain_runs.climb(start, 0, 80)
    assert height == pytest.approx(plain_height, rel=1e-7)


@pytest.mark.parametrize("covariance_type", STRUCTURES_OF_MCLUST)
def test_no_step_loses(covariance_type):
    runs, labels = short_runs(covariance_type, 4, weighted=True, is_native=True)
    start = runs.from_labels(labels, 3, 1.0)
    name = "" if runs.structure.is_free else covariance_type
    schedule = np.tile([1.0, 0.0], (40, 1))
    begin = Begin(start, Tie(name, np.eye(4)), len(schedule))
    ((_, heights),) = native.em_steps([begin], runs.rows, runs.weights, schedule, 1e-14)
    assert len(heights) == 40
    begun = 1 if covariance_type in TURNED else 0  # the first step leaves the start's axes for these
    assert np.diff(heights[begun:]).min() >= -1e-10 * abs(heights[-1])


@pytest.mark.parametrize("covariance_type", ["VVV", "VVI"])
def test_a_climb_ends_where_its_twin_does(covariance_type):
    native_runs, labels = short_runs(covariance_type, 3, weighted=True, is_native=True)
    plain_runs, _ = short_runs(covariance_type, 3, weighted=True, is_native=False)
    start = plain_runs.from_labels(labels, 3, 1.0)
    _, top = plain_runs.climb(start, 0, 40)
    lengths = set()
    for tol, wanted in [(1e-1, -np.inf), (1e-3, -np.inf), (1e-6, -np.inf), (0, top + 1.0), (0, top + 1e-3)]:
        for runs in (native_runs, plain_runs):
            runs.rows_touched = 0
        ours, theirs = (runs.climb(start, tol, 40, wanted) for runs in (native_runs, plain_runs))
        assert native_runs.rows_touched == plain_runs.rows_touched
        assert ours[1] == pytest.approx(theirs[1], rel=1e-11)
        lengths.add(native_runs.rows_touched)
    assert len(lengths) > 2
    assert max(lengths) <= 40 * len(native_runs.rows)


def test_all_steps_are_native_where_nothing_collapses():
    runs, labels = short_runs("full", 3, weighted=True, is_native=True)
    begin = Begin(runs.from_labels(labels, 3, 1.0), FREE, len(SCHEDULE))
    ((_, before),) = native.em_steps([begin], runs.rows, runs.weights, SCHEDULE, 1e-14)
    assert len(before) == len(SCHEDULE)


@pytest.mark.parametrize("covariance_type", STRUCTURES_OF_MCLUST)
def test_the_arguments_stay_as_they_are(covariance_type):
    runs, labels = short_runs(covariance_type, 3, weighted=False, is_native=True)
    start = runs.from_labels(labels, 3, 1.0)
    held = replace(
        start, weights=start.weights.copy(), means=start.means.copy(), factors=start.factors.copy()
    )
    runs.anneal(start, SCHEDULE)
    assert_same(start, held, 0.0)


@pytest.mark.parametrize("covariance_type", [name for name in ALIKE if name != "EEV"])  # axes of equal rows
def test_components_at_the_floor_are_left_to_python_and_come_back(covariance_type):
    """One component owns four equal rows: in each step the floor holds it."""
    native_runs, labels = short_runs(covariance_type, 2, weighted=False, is_native=True, share=1e-6)
    plain_runs, _ = short_runs(covariance_type, 2, weighted=False, is_native=False, share=1e-6)
    labels[:4] = 3
    for runs in (native_runs, plain_runs):
        runs.rows[:4] = [9.0, 9.0]
    start = plain_runs.from_labels(labels, 4, 0.5)
    ours, height = native_runs.climb(start, 0, 8)
    theirs, plain_height = plain_runs.climb(start, 0, 8)
    assert_same(ours, theirs, 1e-8)
    assert height == pytest.approx(plain_height, rel=1e-11)
    if STRUCTURES[covariance_type].is_free and covariance_type != "EEE":
        assert native_runs.floor.thinness(ours, 3) == pytest.approx(1e-6, rel=1e-6)


def test_an_empty_component_ends_the_native_steps():
    runs, labels = short_runs("full", 2, weighted=False, is_native=True)
    start = runs.from_labels(labels, 3, 1.0)
    far = replace(start, means=start.means + np.array([[1e8], [0.0], [0.0]]))
    schedule = np.tile([1.0, 0.0], (4, 1))
    ((after, before),) = native.em_steps([Begin(far, FREE, 4)], runs.rows, None, schedule, 1e-14)
    assert len(before) == 0
    assert_same(after, far, 0.0)
    assert runs.anneal(far, np.tile([1.0, 0.0], (4, 1))).weights[0] == 0.0


@pytest.mark.parametrize("covariance_type", ALIKE)
def test_several_climbs(covariance_type):
    native_runs, labels = short_runs(covariance_type, 3, weighted=True, is_native=True)
    plain_runs, _ = short_runs(covariance_type, 3, weighted=True, is_native=False)
    drawn = np.random.default_rng(2).integers(0, 3, len(labels))
    starts = [plain_runs.from_labels(of, of.max() + 1, 1.0) for of in (labels, drawn, labels % 2)]
    ours, theirs = (runs.climb_each(starts, 1e-6, 16) for runs in (native_runs, plain_runs))
    for (one, height), (other, expected) in zip(ours, theirs, strict=True):
        assert_same(one, other, 1e-7)
        assert height == pytest.approx(expected, rel=1e-11)
    limits = [40, 8, 300]
    ours, theirs = (runs.climb_traced(starts, 1e-6, limits) for runs in (native_runs, plain_runs))
    for (_, heights), (_, expected) in zip(ours, theirs, strict=True):
        # The twin takes the step that its last log-likelihood is not of, and looks once more.
        np.testing.assert_allclose(heights, expected[:-1], rtol=1e-10)
