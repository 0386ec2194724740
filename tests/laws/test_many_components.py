"""With many components, rows in groups give the statistics and the fit that a dense sweep gives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulate_many import drifted, many, rows_of
from simulate_stream import ChunkedArray

from softmix.blocks import ArrayBlocks
from softmix.blocks.stream import StreamBlocks
from softmix.e_step import GroupedEStep
from softmix.m_step import CovarianceFloor
from softmix.parameters import FactorShape, GaussianParameters, Reference
from softmix.structures import STRUCTURES
from softmix.sweep import ThreadSweep
from softmix.sweep.grouping import Grouper, Grouping

SHAPES = list(FactorShape)
TYPES = {"full": "full", "shared": "tied", "diagonal": "diag", "scalar": "spherical"}
TOLERANCE = {np.dtype(np.float64): 1e-12, np.dtype(np.float32): 2e-5}


def dense(source, parameters):
    with ThreadSweep(source) as sweep:
        statistics = sweep(parameters)
        assert not sweep.is_grouped
    return statistics


def group(source, parameters, labels=None):
    reference = Reference.at(parameters)
    if labels is None:
        labels = np.empty(source.n_rows, np.int64)
        with ThreadSweep(source) as sweep:
            sweep.evaluate(parameters, labels=labels)
    grouper = Grouper(source, reference, labels.astype(np.uint16))
    return Grouping(reference, [grouper.unit(rows) for rows in grouper.pending()])


def by_groups(source, grouping, parameters):
    e_step = GroupedEStep(parameters, source.dtype)
    total = None
    for unit in grouping.units:
        rows, weights = source.take(unit.rows)
        statistics = e_step(rows, weights, unit.groups)
        total = statistics if total is None else total + statistics
    return total


def assert_same(actual, expected, tolerance):
    np.testing.assert_array_equal(actual.centers, expected.centers)
    assert actual.rows == expected.rows
    assert actual.total_weight == pytest.approx(expected.total_weight, rel=1e-13)
    assert actual.log_likelihood == pytest.approx(expected.log_likelihood, rel=tolerance)
    spread = np.abs(expected.scatter).max()
    for part, scale in (
        ("count", expected.total_weight),
        ("sum", np.sqrt(expected.total_weight * spread)),
        ("scatter", spread),
    ):
        wanted = getattr(expected, part)
        np.testing.assert_allclose(
            getattr(actual, part), wanted, rtol=0, atol=tolerance * scale, err_msg=part
        )


def share_of_pairs(grouping):
    """How much of a dense sweep's work the groups do."""
    pairs = sum((unit.sizes * np.diff(unit.groups.component_starts)).sum() for unit in grouping.units)
    rows = sum(len(unit.rows) for unit in grouping.units)
    return pairs / (rows * grouping.reference.parameters.n_components)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("d", [1, 2, 9])
@pytest.mark.parametrize("shape", SHAPES)
def test_statistics_are_those_of_the_dense_sweep(shape, d, weighted, dtype):
    mixture = many(shape, d=d)
    rows = rows_of(mixture, 4000, dtype=dtype)
    source = ArrayBlocks(rows, np.arange(4000) % 3.0 if weighted else None)
    grouping = group(source, mixture)
    assert share_of_pairs(grouping) < 0.5
    assert_same(by_groups(source, grouping, mixture), dense(source, mixture), TOLERANCE[source.dtype])


@given(
    shape=st.sampled_from(SHAPES),
    d=st.integers(1, 5),
    k=st.integers(2, 60),
    separation=st.sampled_from([0.5, 2.0, 6.0, 20.0]),
    by=st.floats(0.0, 0.99),
    offset=st.sampled_from([0.0, 1e6]),
    units=st.sampled_from([1e-6, 1.0, 1e6]),
    seed=st.integers(0, 1000),
)
def test_they_are_so_wherever_components_may_drift(shape, d, k, separation, by, offset, units, seed):
    mixture = many(shape, k, d, separation, seed)
    mixture = GaussianParameters(
        mixture.weights, units * (mixture.means + offset), mixture.factors / units, shape
    )
    source = ArrayBlocks(rows_of(mixture, 700, seed))
    grouping = group(source, mixture)
    now = drifted(mixture, by, seed)
    assert not grouping.moved(now).any()
    assert_same(by_groups(source, grouping, now), dense(source, now), 1e-9 if offset else 1e-12)


@pytest.mark.parametrize("rank", [1, 2], ids=["likeliest", "second"])
@given(shape=st.sampled_from(SHAPES), seed=st.integers(0, 1000), share=st.sampled_from([0.05, 0.3, 1.0]))
def test_they_are_so_after_groups_followed_what_moved(rank, shape, seed, share):
    """Some components jump, again and again; groups are renewed, never made afresh."""
    mixture = many(shape, 50, 2, 4.0, seed)
    source = ArrayBlocks(rows_of(mixture, 2000, seed))
    log_joint = np.empty((2000, 50))
    with ThreadSweep(source) as sweep:
        sweep.evaluate(mixture, log_joint=log_joint)
    # Under the second likeliest, what a group rests on is seldom its label.
    grouping = group(source, mixture, log_joint.argsort(axis=1)[:, -rank])
    rng = np.random.default_rng(seed)
    labels = np.zeros(2000, np.uint16)
    for unit in grouping.units:
        labels[unit.rows] = np.repeat(unit.labels, unit.sizes)
    for step in range(3):
        jumps = rng.random(50) < share
        far = drifted(mixture, 20.0, seed + step)
        # A shared factor would move all components.
        factors = mixture.factors.copy()
        if shape is not FactorShape.SHARED:
            factors[jumps] = far.factors[jumps]
        mixture = GaussianParameters(
            np.where(jumps, far.weights, mixture.weights),
            np.where(jumps[:, None], 8.0 * far.means - 7.0 * mixture.means, mixture.means),
            factors,
            shape,
        )
        moved = grouping.moved(mixture)
        assert moved[jumps].all()
        grouper = Grouper(source, grouping.reference.replaced(mixture, moved), labels)
        grouping = Grouping(grouper.reference, [grouper.renewed(unit, moved) for unit in grouping.units])
        assert not grouping.moved(mixture).any()
        assert_same(by_groups(source, grouping, mixture), dense(source, mixture), 1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_any_labels_will_do(shape):
    mixture = many(shape)
    source = ArrayBlocks(rows_of(mixture, 2000))
    labels = np.random.default_rng(0).integers(0, 40, 2000)
    assert_same(by_groups(source, group(source, mixture, labels), mixture), dense(source, mixture), 1e-12)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("far", [1e3, 1e9])
def test_far_rows_count_as_they_do_densely(shape, far):
    mixture = many(shape)
    rows = rows_of(mixture, 2000)
    rows[::100] *= far
    source = ArrayBlocks(rows)
    grouping = group(source, mixture)
    assert share_of_pairs(grouping) < 0.7
    assert_same(by_groups(source, grouping, mixture), dense(source, mixture), 1e-9)


@pytest.mark.parametrize("shape", SHAPES)
def test_rows_whose_densities_overflow_keep_all_components(shape):
    mixture = many(shape)
    rows = rows_of(mixture, 2000)
    rows[::100] *= 1e200
    for unit in group(ArrayBlocks(rows), mixture).units:
        for some in unit:
            assert len(some.components) == 40 or not (some.rows % 100 == 0).any()


def test_rows_without_weight_may_be_anything():
    mixture = many(FactorShape.FULL)
    rows = rows_of(mixture, 2000)
    weights = np.ones(2000)
    weights[::7], rows[::7] = 0.0, 1e300
    source = ArrayBlocks(rows, weights)
    expected = dense(ArrayBlocks(rows[weights > 0]), mixture)
    with np.errstate(all="raise"):
        actual = by_groups(source, group(source, mixture), mixture)
    assert_same(actual, expected, 1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_empty_components_are_in_no_group(shape):
    mixture = many(shape)
    weights = np.where(np.arange(40) % 4, mixture.weights, 0.0)
    mixture = GaussianParameters(weights / weights.sum(), mixture.means, mixture.factors, shape)
    source = ArrayBlocks(rows_of(mixture, 2000))
    grouping = group(source, mixture)
    assert not any((weights[unit.groups.components] == 0).any() for unit in grouping.units)
    assert not grouping.moved(mixture).any()
    assert_same(by_groups(source, grouping, mixture), dense(source, mixture), 1e-12)


# Whole fits

TRUTH = many(FactorShape.FULL, k=60, d=2, separation=10.0, seed=3)
ROWS = rows_of(TRUTH, 120_000)
WEIGHTS = np.random.default_rng(0).uniform(0.0, 2.0, len(ROWS)) * (np.arange(len(ROWS)) % 5 > 0)


def climb(source, covariance_type, n_jobs=1, sweeps=18):
    """The trace, the last parameters, and which sweeps were grouped, from a start near the truth."""
    structure = STRUCTURES[covariance_type]
    factors = {
        "full": TRUTH.factors,
        "tied": np.eye(2),
        "diag": np.ones((60, 2)),
        "spherical": np.ones(60),
    }[covariance_type]
    parameters = GaussianParameters(np.full(60, 1 / 60), TRUTH.means + 0.1, factors, structure.shape)
    floor = CovarianceFloor(np.eye(2) if structure.shape.is_matrix else np.ones(2), 1e-6)
    trace, grouped = [], []
    with ThreadSweep(source, n_jobs) as sweep:
        for _ in range(sweeps):
            statistics = sweep(parameters)
            trace.append(statistics.log_likelihood)
            grouped.append(sweep.is_grouped)
            parameters = structure.m_step(statistics, floor)
    return np.array(trace), parameters, np.array(grouped)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["", "weighted"])
@pytest.mark.parametrize("covariance_type", TYPES.values())
def test_a_fit_is_the_dense_fit(covariance_type, weights, dtype):
    rows = ROWS.astype(dtype)
    trace, found, grouped = climb(ArrayBlocks(rows, weights), covariance_type)
    assert grouped[-5:].all()
    # Streams are swept densely.
    stream = StreamBlocks(ChunkedArray(rows, weights, lengths=(50_000,)))
    dense_trace, expected, dense_grouped = climb(stream, covariance_type)
    assert not dense_grouped.any()
    tolerance = 1e-9 if dtype is np.float64 else 1e-4
    np.testing.assert_allclose(trace, dense_trace, rtol=1e-12 if dtype is np.float64 else 1e-6)
    for name in ("weights", "means", "factors"):
        wanted = getattr(expected, name)
        np.testing.assert_allclose(
            getattr(found, name), wanted, rtol=tolerance, atol=tolerance * np.abs(wanted).max(), err_msg=name
        )


@pytest.mark.parametrize("layout", ["fortran", "memmap"])
def test_any_array_can_be_grouped(layout, tmp_path):
    if layout == "fortran":
        rows = np.asfortranarray(ROWS)
    else:
        np.save(tmp_path / "rows.npy", ROWS)
        rows = np.load(tmp_path / "rows.npy", mmap_mode="r")
    trace, _, grouped = climb(ArrayBlocks(rows), "full")
    assert grouped[-1]
    np.testing.assert_array_equal(trace, climb(ArrayBlocks(ROWS), "full")[0])


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["", "weighted"])
def test_same_bits_for_any_threads(weights):
    source = ArrayBlocks(ROWS, weights)
    (trace, one, grouped), *others = (climb(source, "full", n_jobs) for n_jobs in (1, 2, 3))
    assert grouped[-1]
    for other_trace, other, other_grouped in others:
        np.testing.assert_array_equal(other_grouped, grouped)
        np.testing.assert_array_equal(other_trace, trace)
        for name in ("weights", "means", "factors"):
            np.testing.assert_array_equal(getattr(other, name), getattr(one, name))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_kernel_makes_the_groups_that_python_makes(shape, dtype):
    mixture = many(shape)
    rows = rows_of(mixture, 3000).astype(dtype)
    rows[::50] *= 3.0
    labels = np.random.default_rng(0).integers(0, 40, 3000)
    for known in (None, labels):
        # Rows in another order than C's are grouped in Python.
        native, python = (
            group(ArrayBlocks(order(rows)), mixture, known)
            for order in (np.ascontiguousarray, np.asfortranarray)
        )
        assert len(native.units) == len(python.units)
        for one, other in zip(native.units, python.units, strict=True):
            for found, expected in zip(one, other, strict=True):
                np.testing.assert_array_equal(found.rows, expected.rows)
                np.testing.assert_array_equal(found.components, expected.components)
                np.testing.assert_array_equal(found.likeliest, expected.likeliest)
                assert found.label == expected.label
                assert found.distance == pytest.approx(expected.distance, rel=1e-5)
