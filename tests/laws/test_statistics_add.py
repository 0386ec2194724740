"""Statistics add: cut the rows anywhere, and the parts' sum is the whole."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulate import clusters, parameters

from softmix.blocks import ArrayBlocks, Block
from softmix.e_step import GaussianEStep, statistics_from_resp
from softmix.parameters import FactorShape
from softmix.sweep import ThreadSweep

SHAPES = list(FactorShape)
X, LABELS = clusters(n=60, d=2)
WEIGHTS = np.random.default_rng(0).integers(0, 4, len(X)).astype(float)


@given(shape=st.sampled_from(SHAPES), cuts=st.lists(st.integers(0, 60), max_size=4), weighted=st.booleans())
def test_split_anywhere(shape, cuts, weighted):
    e_step = GaussianEStep(parameters(shape), X.dtype)
    bounds = [0, *sorted(cuts), len(X)]
    pieces = [slice(a, b) for a, b in pairwise(bounds)]
    parts = [e_step(Block(X[piece], WEIGHTS[piece] if weighted else None)) for piece in pieces]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    whole = e_step(Block(X, WEIGHTS if weighted else None))
    np.testing.assert_allclose(total.values, whole.values, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_unlike_statistics_do_not_add(shape):
    one = GaussianEStep(parameters(shape, seed=0), X.dtype)(Block(X, None))
    other = GaussianEStep(parameters(shape, seed=1), X.dtype)(Block(X, None))
    with pytest.raises(ValueError, match="unlike centres"):
        one + other
    fewer = GaussianEStep(parameters(shape, k=2), X.dtype)(Block(X, None))
    with pytest.raises(ValueError, match="unlike layout"):
        one + fewer


@given(shape=st.sampled_from(SHAPES), seed=st.integers(0, 99))
def test_recenter(shape, seed):
    """Recentred statistics are those that a sweep about the other centres would have given."""
    resp = np.random.default_rng(seed).dirichlet(np.ones(3), len(X))
    about_means = statistics_from_resp(shape, X, resp)
    moved = about_means.recenter(np.random.default_rng(seed).standard_normal((3, 2)))
    y = X[:, None, :] - moved.centers
    np.testing.assert_allclose(moved.sum, np.einsum("nk,nkd->kd", resp, y), atol=1e-10)
    scatter = np.einsum("nk,nki,nkj->kij", resp, y, y)
    expected = {
        FactorShape.FULL: scatter[:, *np.tril_indices(2)],
        FactorShape.SHARED: scatter.sum(axis=0)[np.tril_indices(2)][None],
        FactorShape.DIAGONAL: np.diagonal(scatter, axis1=1, axis2=2),
        FactorShape.SCALAR: np.trace(scatter, axis1=1, axis2=2),
    }[shape]
    np.testing.assert_allclose(moved.scatter, expected, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(moved.recenter(about_means.centers).values, about_means.values, atol=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_cancels_far_from_the_origin(shape):
    """About the current means, an offset of 1e7 costs the covariance nothing (raw moments: 2e-2)."""
    near = parameters(shape)
    offset = 2.0**23
    far = type(near)(near.weights, near.means + offset, near.factors, shape)
    # Rows that the offset does not round.
    grid = np.round(X * 64) / 64
    here = GaussianEStep(near, X.dtype)(Block(grid, None))
    there = GaussianEStep(far, X.dtype)(Block(grid + offset, None))
    np.testing.assert_allclose(there.scatter, here.scatter, rtol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_sweep_is_the_sum_of_its_blocks(shape):
    rows = np.random.default_rng(0).standard_normal((40_000, 2))
    source = ArrayBlocks(rows)
    assert len(source) == 3
    with ThreadSweep(source, n_jobs=2) as sweep:
        swept = sweep(parameters(shape))
    whole = GaussianEStep(parameters(shape), rows.dtype)(Block(rows, None))
    np.testing.assert_allclose(swept.values, whole.values, rtol=1e-11, atol=1e-9)
