"""The E-step of a block in several calls of the kernel, so that Ctrl-C need not wait for all of it."""

import numpy as np

from softmix.blocks import Block
from softmix.e_step import GaussianEStep
from softmix.kernels import reference
from softmix.parameters import FactorShape, GaussianParameters
from softmix.statistics import StatisticsLayout


def test_a_block_worked_on_in_parts_has_the_statistics_of_the_whole():
    rng = np.random.default_rng(0)
    K, d, n = 40, 900, 300
    factors = np.broadcast_to(np.eye(d), (K, d, d)).copy()
    parameters = GaussianParameters(np.full(K, 1 / K), rng.normal(size=(K, d)), factors, FactorShape.FULL)
    rows, weights = rng.normal(size=(n, d)), rng.uniform(size=n)
    e_step = GaussianEStep(parameters, rows.dtype)
    assert len(list(e_step._parts(n))) > 1  # noqa: SLF001 (else there is nothing to see)
    actual = e_step(Block(rows, weights))
    expected = np.zeros(StatisticsLayout(FactorShape.FULL, K, d).size)
    reference.accumulate(reference.prepare(parameters, rows.dtype), rows, weights, expected)
    np.testing.assert_allclose(actual.values, expected, rtol=1e-9, atol=1e-9 * np.abs(expected[:-3]).max())
    log_norm, whole = np.empty(n), np.empty(n)
    e_step.evaluate(Block(rows, None), log_norm=log_norm)
    reference.evaluate(reference.prepare(parameters, rows.dtype), rows, log_norm=whole)
    np.testing.assert_allclose(log_norm, whole, rtol=1e-12)
