"""Rows that nearly all lack other columns, against the marginals of each pattern and against single rows."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulate import parameters
from simulate_missing import statistics_by_row, with_holes

from softmix.blocks import Block
from softmix.blocks.patterns import by_pattern
from softmix.e_step import MissingEStep, conditional_means
from softmix.e_step.own_patterns import OwnPatterns
from softmix.parameters import FactorShape, GaussianParameters

# Fewer rows than this are taken by the marginals of their patterns.
FEW = 20


def some_rows(d, rate, seed=0, n=1000):
    return with_holes(np.random.default_rng(seed).standard_normal((n, d)), rate, seed)


def few_of_each(mixture, rows):
    """How many of the rows are taken without the marginals of their pattern."""
    own = OwnPatterns(mixture)
    return sum(len(own.split(patterned)[1].rows) for patterned in by_pattern(rows))


def by_marginals(mixture, rows, weights):
    """The statistics of the rows, so few at a time that each pattern's marginal is made."""
    e_step = MissingEStep(mixture, rows.dtype)
    parts = [slice(start, start + FEW) for start in range(0, len(rows), FEW)]
    blocks = [Block(rows[part], None if weights is None else weights[part]) for part in parts]
    assert all(few_of_each(mixture, block.rows) == 0 for block in blocks)
    return sum((e_step(block) for block in blocks[1:]), e_step(blocks[0]))


def assert_same(found, expected, rtol):
    for name in ("count", "sum", "scatter", "log_likelihood", "total_weight", "rows"):
        one, other = getattr(found, name), getattr(expected, name)
        np.testing.assert_allclose(one, other, rtol=0, atol=rtol * np.abs(other).max(), err_msg=name)


def three_factors(shape, k, d, rest):
    """Components whose columns are combinations of three others, but for a variance of `rest`."""
    mixture = parameters(shape, k, d, 3)
    loadings = np.random.default_rng(4).standard_normal((k, d, 3))
    factors = np.linalg.inv(np.linalg.cholesky(loadings @ loadings.swapaxes(1, 2) + rest * np.eye(d)))
    return replace(mixture, factors=factors if shape is FactorShape.FULL else factors[0])


@pytest.mark.parametrize("shape", FactorShape)
@given(
    d=st.integers(12, 20),
    k=st.integers(1, 4),
    rate=st.sampled_from([0.05, 0.3, 0.5, 0.8]),
    weighted=st.booleans(),
    dtype=st.sampled_from(["float64", "float32"]),
    seed=st.integers(0, 99),
)
@settings(max_examples=15)
def test_statistics_are_those_by_marginals(shape, d, k, rate, weighted, dtype, seed):
    rows = some_rows(d, rate, seed).astype(dtype)
    weights = np.random.default_rng(seed).uniform(0.0, 2.0, len(rows)) if weighted else None
    mixture = parameters(shape, k, d, seed)
    found = MissingEStep(mixture, rows.dtype)(Block(rows, weights))
    if rate > 0.05 and d > 13:
        assert few_of_each(mixture, rows) > len(rows) / 4
    rtol = 1e-11 if dtype == "float64" else 2e-5
    assert_same(found, by_marginals(mixture, rows, weights), rtol)


@pytest.mark.parametrize("rate", [0.2, 0.7])
@pytest.mark.parametrize("shape", FactorShape)
def test_statistics_are_those_row_by_row(shape, rate):
    rows, mixture = some_rows(16, rate, n=200), parameters(shape, 3, 16, 1)
    found = MissingEStep(mixture, rows.dtype)(Block(rows, None))
    count, sums, scatters, log_likelihood = statistics_by_row(mixture, rows, np.ones(len(rows)))
    np.testing.assert_allclose(found.count, count, rtol=1e-10)
    np.testing.assert_allclose(found.sum, sums, atol=1e-10 * np.abs(sums).max())
    assert found.log_likelihood == pytest.approx(log_likelihood, rel=1e-12)
    if shape is FactorShape.FULL:
        np.testing.assert_allclose(found.scatter_matrices(), scatters, atol=1e-10 * np.abs(scatters).max())


@pytest.mark.parametrize("rate", [0.2, 0.7])
@pytest.mark.parametrize(
    ("rest", "nearly_collinear"), [(0.1, False), (1e-2, False), (1e-3, False), (1e-6, True)]
)
@pytest.mark.parametrize("shape", [FactorShape.FULL, FactorShape.SHARED])
def test_correlated_columns_lose_no_more_digits_than_they_must(shape, rest, nearly_collinear, rate):
    """Nearly collinear ones are left to the marginals."""
    mixture = three_factors(shape, 3, 16, rest)
    rows = some_rows(16, rate)
    found = MissingEStep(mixture, rows.dtype)(Block(rows, None))
    assert (few_of_each(mixture, rows) == 0) == nearly_collinear
    assert_same(found, by_marginals(mixture, rows, None), 1e-11)


@pytest.mark.parametrize("rate", [0.2, 0.7])
@pytest.mark.parametrize("shape", FactorShape)
def test_units_do_not_matter(shape, rate):
    """Means and deviations of columns from 1e-60 to 1e60."""
    rows, mixture = some_rows(16, rate), parameters(shape, 3, 16, 2)
    units = np.full(16, 1e60) if shape is FactorShape.SCALAR else 10.0 ** np.linspace(-60, 60, 16)
    factors = mixture.factors / (1e60 if shape is FactorShape.SCALAR else units)
    in_units = GaussianParameters(mixture.weights, mixture.means * units, factors, shape)
    found = MissingEStep(in_units, rows.dtype)(Block(rows * units, None))
    expected = MissingEStep(mixture, rows.dtype)(Block(rows, None))
    np.testing.assert_allclose(found.count, expected.count, rtol=1e-10)
    sums = expected.sum * units
    np.testing.assert_allclose(found.sum, sums, rtol=1e-7, atol=1e-9 * np.abs(expected.sum).max())


@pytest.mark.parametrize("rate", [0.2, 0.7])
@pytest.mark.parametrize("shape", FactorShape)
def test_outputs_are_those_by_marginals(shape, rate):
    rows, mixture = some_rows(16, rate), parameters(shape, 3, 16, 5)
    rows[:3] *= 1e6  # far away, and finite
    e_step = MissingEStep(mixture, rows.dtype)

    def outputs(step):
        made = {
            "log_norm": np.empty(len(rows)),
            "resp": np.empty((len(rows), 3)),
            "labels": np.empty(len(rows), dtype=np.int64),
            "log_joint": np.empty((len(rows), 3)),
        }
        for start in range(0, len(rows), step):
            part = slice(start, start + step)
            e_step.evaluate(Block(rows[part], None), **{name: out[part] for name, out in made.items()})
        return made

    found, expected = outputs(len(rows)), outputs(FEW)
    np.testing.assert_array_equal(found["labels"], expected["labels"])
    np.testing.assert_allclose(found["resp"], expected["resp"], rtol=1e-9, atol=1e-12)
    for name in ("log_norm", "log_joint"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-11)


@pytest.mark.parametrize("rate", [0.2, 0.7])
@pytest.mark.parametrize("shape", FactorShape)
def test_conditional_means_are_those_by_marginals(shape, rate):
    rows, mixture = some_rows(16, rate), parameters(shape, 3, 16, 5)
    found = conditional_means(mixture, rows)
    parts = [conditional_means(mixture, rows[start : start + FEW]) for start in range(0, len(rows), FEW)]
    np.testing.assert_allclose(found, np.concatenate(parts), rtol=1e-10, atol=1e-11)
    observed = ~np.isnan(rows)
    np.testing.assert_array_equal(found[observed], rows[observed])


def test_empty_components_and_single_rows_of_patterns():
    mixture = parameters(FactorShape.FULL, 3, 16, 6)
    mixture = replace(mixture, weights=np.array([0.4, 0.0, 0.6]))
    rows = some_rows(16, 0.3)
    found = MissingEStep(mixture, rows.dtype)(Block(rows, None))
    assert found.count[1] == 0.0
    assert np.isfinite(found.values).all()
    assert found.count.sum() == pytest.approx(len(rows))
