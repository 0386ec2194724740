"""The E-step of rows that lack values against one that takes row by row, inverts and fills in."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp, softmax
from simulate import parameters
from simulate_missing import log_joint_by_row, statistics_by_row, with_holes

from softmix.blocks import ArrayBlocks, Block, Incomplete
from softmix.blocks.incomplete import IncompleteBlock
from softmix.e_step import GaussianEStep, MissingEStep
from softmix.e_step.marginals import MarginalsOf
from softmix.parameters import FactorShape, GaussianParameters
from softmix.sweep import ThreadSweep

# To this, relative to the largest number of its kind, float32 sums of some hundred rows agree.
RTOL = {"float64": 1e-11, "float32": 2e-5}


def stored(shape, scatters):
    """Scatters (K, d, d) as statistics of this shape have them."""
    if shape is FactorShape.SCALAR:
        return np.trace(scatters, axis1=1, axis2=2)
    if shape is FactorShape.DIAGONAL:
        return np.diagonal(scatters, axis1=1, axis2=2)
    rows, columns = np.tril_indices(scatters.shape[1])
    packed = scatters[:, rows, columns]
    return packed.sum(axis=0, keepdims=True) if shape is FactorShape.SHARED else packed


def assert_near(found, expected, rtol):
    np.testing.assert_allclose(found, expected, rtol=0, atol=rtol * max(1.0, np.abs(expected).max()))


@pytest.mark.parametrize("shape", FactorShape)
@given(
    n=st.integers(1, 40),
    d=st.integers(1, 5),
    k=st.integers(1, 4),
    rate=st.sampled_from([0.05, 0.3, 0.7, 1.0]),
    seed=st.integers(0, 99),
    dtype=st.sampled_from(["float64", "float32"]),
)
@settings(max_examples=25)
def test_statistics(shape, n, d, k, rate, seed, dtype):
    rng = np.random.default_rng(seed)
    rows = with_holes(rng.standard_normal((n, d)).astype(dtype), rate, seed)
    weights = rng.uniform(0.5, 2.0, n)
    mixture = parameters(shape, k, d, seed)
    found = MissingEStep(mixture, rows.dtype)(Block(rows, weights)).recenter(mixture.means)
    count, sums, scatters, log_likelihood = statistics_by_row(mixture, rows.astype(float), weights)
    assert_near(found.count, count, RTOL[dtype])
    assert_near(found.sum, sums, RTOL[dtype])
    assert_near(found.scatter, stored(shape, scatters), RTOL[dtype])
    assert_near(found.log_likelihood, log_likelihood, RTOL[dtype])
    assert found.total_weight == pytest.approx(weights.sum())
    assert found.rows == n


@pytest.mark.parametrize("shape", FactorShape)
def test_float32_far_from_the_origin(shape):
    """Means are rounded by 2e-4 there, which the statistics about the rounded ones must know."""
    mixture = parameters(shape, 2, 3)
    mixture = replace(mixture, means=mixture.means + np.array([4096.3, 4096.7, -4096.4]))
    rng = np.random.default_rng(0)
    rows = with_holes((mixture.means[0] + 1.0 + rng.standard_normal((200, 3))).astype(np.float32), 0.4)
    found = MissingEStep(mixture, rows.dtype)(Block(rows, None)).recenter(mixture.means)
    count, sums, scatters, _ = statistics_by_row(mixture, rows.astype(float), np.ones(200))
    np.testing.assert_allclose(found.count, count, rtol=2e-5)
    np.testing.assert_allclose(found.sum, sums, atol=5e-6 * np.abs(sums).max())
    expected = stored(shape, scatters)
    np.testing.assert_allclose(found.scatter, expected, atol=5e-6 * np.abs(expected).max())


@pytest.mark.parametrize("shape", FactorShape)
@given(d=st.integers(1, 5), rate=st.sampled_from([0.1, 0.5, 1.0]), seed=st.integers(0, 99))
@settings(max_examples=15)
def test_densities_and_memberships(shape, d, rate, seed):
    rows = with_holes(np.random.default_rng(seed).standard_normal((30, d)), rate, seed)
    mixture, n = parameters(shape, 3, d, seed), 30
    outputs = {"log_norm": np.empty(n), "resp": np.empty((n, 3)), "log_joint": np.empty((n, 3))}
    labels = np.empty(n, np.int64)
    MissingEStep(mixture, rows.dtype).evaluate(Block(rows, None), labels=labels, **outputs)
    joint = log_joint_by_row(mixture, rows)
    np.testing.assert_allclose(outputs["log_joint"], joint, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(outputs["log_norm"], logsumexp(joint, axis=1), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(outputs["resp"], softmax(joint, axis=1), atol=1e-11)
    np.testing.assert_array_equal(labels, outputs["log_joint"].argmax(axis=1))


@pytest.mark.parametrize("shape", FactorShape)
def test_rows_with_nothing_observed_have_the_weights(shape):
    mixture = parameters(shape, 3, 2)
    block = Block(np.full((4, 2), np.nan), None)
    found, resp = MissingEStep(mixture, block.rows.dtype), np.empty((4, 3))
    found.evaluate(block, resp=resp)
    np.testing.assert_allclose(resp, np.tile(mixture.weights, (4, 1)))
    statistics = found(block)
    np.testing.assert_allclose(statistics.count, 4 * mixture.weights)
    assert statistics.log_likelihood == 0


@pytest.mark.parametrize("shape", FactorShape)
@pytest.mark.parametrize("n_jobs", [1, 3])
def test_complete_rows_give_the_bits_of_the_complete_e_step(shape, n_jobs):
    """In wide blocks too, of which the last is not full."""
    rows = np.random.default_rng(0).standard_normal((150_001, 2))
    mixture = parameters(shape, 3, 2)
    with (
        ThreadSweep(ArrayBlocks(rows), 1) as complete,
        ThreadSweep(Incomplete.over(ArrayBlocks(rows)), n_jobs) as sweep,
    ):
        np.testing.assert_array_equal(sweep(mixture).values, complete(mixture).values)
        assert sweep.log_likelihood(mixture) == complete.log_likelihood(mixture)


def test_many_patterns_are_taken_some_at_a_time():
    """Statistics of 2,000 patterns of 12 columns are those of the blocks in which few are."""
    rows = with_holes(np.random.default_rng(0).standard_normal((4000, 12)), 0.5)
    mixture = parameters(FactorShape.FULL, 20, 12)
    e_step = MissingEStep(mixture, rows.dtype)
    whole = e_step(Block(rows, None))
    few = [e_step(Block(rows[start : start + 50], None)) for start in range(0, 4000, 50)]
    np.testing.assert_allclose(whole.values, sum(few[1:], few[0]).values, rtol=1e-10, atol=1e-8)


def test_zero_weights_leave_rows_out():
    rows = with_holes(np.random.default_rng(0).standard_normal((60, 3)), 0.3)
    weights = np.ones(60)
    weights[::3] = 0.0
    dirty = rows.copy()
    dirty[::3] = 1e200
    mixture = parameters(FactorShape.FULL, 3, 3)
    e_step = MissingEStep(mixture, rows.dtype)
    kept = e_step(Block(rows[weights > 0], None))
    np.testing.assert_array_equal(e_step(Block(dirty, weights)).values[:-1], kept.values[:-1])


@pytest.mark.parametrize("closeness", [1e-2, 1e-4, 1e-6])
def test_nearly_collinear_columns(closeness):
    """Marginals of ill-conditioned covariances come from their factors: products would lose the digits."""
    rng = np.random.default_rng(0)
    base = rng.standard_normal((50, 1))
    rows = np.c_[base, base + closeness * rng.standard_normal((50, 1)), rng.standard_normal((50, 1))]
    root = np.array([[1.0, 0.0, 0.0], [1.0, closeness, 0.0], [0.3, -0.2, 1.0]])
    mixture = GaussianParameters(np.ones(1), np.zeros((1, 3)), np.linalg.inv(root)[None], FactorShape.FULL)
    rows[:, 2] = np.nan
    # The first two columns are the leading block of the factor, so their marginal is known exactly.
    pair = GaussianParameters(
        np.ones(1), np.zeros((1, 2)), np.linalg.inv(root[:2, :2])[None], FactorShape.FULL
    )
    found, expected = np.empty(50), np.empty(50)
    MissingEStep(mixture, rows.dtype).evaluate(Block(rows, None), log_norm=found)
    pairs = np.ascontiguousarray(rows[:, :2])
    GaussianEStep(pair, rows.dtype).evaluate(Block(pairs, None), log_norm=expected)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 / closeness**0.5)


def test_statistics_of_nearly_collinear_columns():
    """By the roots of the covariances; the naive inverses are good to 1e-10 still."""
    rng, root = np.random.default_rng(0), np.array([[1.0, 0.0, 0.0], [1.0, 1e-3, 0.0], [0.3, -0.2, 1.0]])
    rows = with_holes(rng.standard_normal((40, 3)) @ root.T, 0.3)
    mixture = GaussianParameters(np.ones(1), np.zeros((1, 3)), np.linalg.inv(root)[None], FactorShape.FULL)
    found = MissingEStep(mixture, rows.dtype)(Block(rows, None))
    _, sums, scatters, log_likelihood = statistics_by_row(mixture, rows, np.ones(40))
    assert_near(found.sum, sums, 1e-8)
    assert_near(found.scatter, stored(FactorShape.FULL, scatters), 1e-8)
    assert found.log_likelihood == pytest.approx(log_likelihood, rel=1e-8)


@pytest.mark.parametrize("shape", [FactorShape.FULL, FactorShape.SHARED])
@pytest.mark.parametrize("q", [0, 1, 3])
def test_marginals_by_correlations_and_by_roots_agree(shape, q):
    mixture = parameters(shape, 3, 4)
    columns = np.array(list(combinations(range(4), q)), dtype=np.int64)
    quick, rooted = MarginalsOf(mixture)(columns), MarginalsOf(mixture, rooted=True)(columns)
    assert quick.residuals is None
    assert rooted.residuals is not None
    for name in ("slopes", "residual_covariances"):
        np.testing.assert_allclose(getattr(quick, name), getattr(rooted, name), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(quick.observed.factors, rooted.observed.factors, rtol=1e-12)


def test_a_block_knows_its_patterns():
    block = IncompleteBlock(np.array([[1.0, np.nan], [2.0, 3.0], [4.0, np.nan]]), None)
    assert not block.is_complete
    assert [group.columns.tolist() for group in block.patterned] == [[[0]], [[0, 1]]]
