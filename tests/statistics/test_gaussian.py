"""The flat vector of the statistics: where each one lives, and that they add."""

import numpy as np
import pytest
from simulate import statistics

from softmix.parameters import FactorShape
from softmix.statistics import StatisticsLayout

SHAPES = list(FactorShape)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("k", "d"), [(1, 1), (3, 2), (2, 5)])
def test_every_entry_has_one_name(shape, k, d):
    s = statistics(shape, k, d)
    parts = [s.count, s.sum.ravel(), s.scatter.ravel(), [s.log_likelihood, s.total_weight], s.values[-1:]]
    np.testing.assert_array_equal(np.concatenate(parts), s.values)
    assert s.layout.size == len(s.values)


@pytest.mark.parametrize("shape", SHAPES)
def test_addition(shape):
    one = statistics(shape, seed=1)
    two, three = (statistics(shape, seed=s, centers=one.centers) for s in (2, 3))
    np.testing.assert_array_equal((one + two).values, one.values + two.values)
    np.testing.assert_array_equal((one + two).values, (two + one).values)
    np.testing.assert_allclose(((one + two) + three).values, (one + (two + three)).values, rtol=1e-15)
    assert (one + two).centers is one.centers


@pytest.mark.parametrize("shape", list(FactorShape))
def test_addition_in_place_gives_the_same_bits(shape):
    a, b = statistics(shape, seed=0), statistics(shape, seed=1, centers=statistics(shape, seed=0).centers)
    wanted, before = (a + b).values, a.values
    a += b
    assert a.values is before
    assert np.array_equal(a.values, wanted)
    with pytest.raises(ValueError, match="unlike centres"):
        a += statistics(shape, seed=2)


@pytest.mark.parametrize("shape", [FactorShape.FULL, FactorShape.SHARED])
def test_scatter_matrices_unfold_the_lower_triangles(shape):
    s = statistics(shape, k=2, d=3)
    matrices = s.scatter_matrices()
    np.testing.assert_array_equal(matrices, matrices.swapaxes(1, 2))
    np.testing.assert_array_equal(matrices[:, *np.tril_indices(3)], s.scatter)
    assert len(matrices) == (2 if shape is FactorShape.FULL else 1)


def test_layouts_are_values():
    assert StatisticsLayout(FactorShape.FULL, 2, 3) == StatisticsLayout(FactorShape.FULL, 2, 3)
    assert StatisticsLayout(FactorShape.FULL, 2, 3) != StatisticsLayout(FactorShape.SHARED, 2, 3)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_scaled_sum_is_the_sum_of_the_scaled(shape):
    one = statistics(shape, seed=1)
    two = statistics(shape, seed=2, centers=one.centers)
    np.testing.assert_allclose(
        (one + two).scale(0.3).values, (one.scale(0.3) + two.scale(0.3)).values, rtol=1e-15
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_pooled_about_any_centres_is_the_same(shape):
    one = statistics(shape, seed=1)
    moved = one.recenter(np.random.default_rng(0).standard_normal(one.centers.shape))
    np.testing.assert_allclose(moved.pooled().centers, one.pooled().centers, rtol=1e-12)
    np.testing.assert_allclose(moved.pooled().scatter, one.pooled().scatter, rtol=1e-12)
