"""Rows are grouped where that pays, and only there."""

import numpy as np
import pytest
from simulate_many import drifted, many, rows_of

from softmix.blocks import ArrayBlocks
from softmix.parameters import FactorShape
from softmix.sweep import ThreadSweep

APART = many(FactorShape.FULL, 60, 2, 10.0)
ROWS = rows_of(APART, 120_000)


def grouped(rows, *parameters, weights=None):
    """For each sweep, whether it was grouped."""
    with ThreadSweep(ArrayBlocks(rows, weights)) as sweep:
        return [sweep(these) is not None and sweep.is_grouped for these in parameters]


def test_components_that_keep_still_are_grouped_when_dense_sweeps_have_cost_as_much():
    found = grouped(ROWS, *[APART] * 10)
    assert found[-1]
    assert not any(found[:3])
    assert found == sorted(found)


def test_components_that_move_are_not():
    assert not any(grouped(ROWS, *[drifted(APART, 3.0, seed) for seed in range(10)]))


def test_components_that_overlap_are_not():
    mixture = many(FactorShape.FULL, 60, 2, 0.5)
    assert not any(grouped(rows_of(mixture, 120_000), *[mixture] * 12))


@pytest.mark.parametrize(("k", "n"), [(12, 300_000), (60, 5_000)])
def test_small_problems_are_not(k, n):
    mixture = many(FactorShape.FULL, k, 2, 10.0)
    assert not any(grouped(rows_of(mixture, n), *[mixture] * 12))


def test_rows_without_weight_alone_are_not():
    assert not any(grouped(ROWS, *[APART] * 10, weights=np.zeros(len(ROWS))))


def test_groups_outlive_a_few_restless_components():
    restless = [drifted(APART, 0.3 * step, 1) for step in range(10)]
    mixed = []
    for other in restless:
        means = APART.means.copy()
        means[:2] = other.means[:2]
        mixed.append(type(APART)(APART.weights, means, APART.factors, APART.shape))
    found = grouped(ROWS, *[APART] * 8, *mixed)
    assert all(found[-11:])


def test_another_mixture_ends_them():
    other = many(FactorShape.FULL, 50, 2, 10.0)
    found = grouped(ROWS, *[APART] * 10, other, *[APART] * 2)
    assert found[9:11] == [True, False]
    assert not found[-1]
