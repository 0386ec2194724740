"""Noise as one component more: both kernels give the definition's statistics, for every shape."""

import numpy as np
import pytest
from scipy.special import logsumexp
from simulate import parameters

from softmix.blocks import Block
from softmix.e_step import GaussianEStep, gaussian, statistics_about
from softmix.kernels import kernel, reference
from softmix.parameters import FactorShape, GaussianParameters, Noise

ROWS = np.random.default_rng(0).standard_normal((500, 3)) * 3
WEIGHTS = np.random.default_rng(1).uniform(0, 2, 500)


def with_noise(shape, weight=0.2):
    plain = parameters(shape, k=3, d=3)
    box = np.concatenate([np.full((1, 3), -6.0), 12.0 * np.eye(3)])
    noise = Noise(weight, -3 * np.log(12.0), box)
    return GaussianParameters(plain.weights * (1 - weight), plain.means, plain.factors, shape, noise)


def log_joint(mixture):
    z = np.stack([_whitened(mixture, k) for k in range(3)])
    gaussians = mixture.log_constants - 0.5 * (z**2).sum(axis=2).T
    return np.column_stack([gaussians, np.full(len(ROWS), mixture.noise.log_joint)])


def _whitened(mixture, k):
    y, F = ROWS - mixture.means[k], mixture.factors
    if mixture.shape.is_matrix:
        return y @ (F if mixture.shape is FactorShape.SHARED else F[k]).T
    return y * F[k]


@pytest.fixture(params=["native", "reference"], autouse=True)
def each_kernel(request, monkeypatch):
    chosen = reference if request.param == "reference" else kernel()
    monkeypatch.setattr(gaussian, "kernel", lambda: chosen)


@pytest.mark.parametrize("shape", FactorShape)
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["", "weighted"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_statistics(shape, weights, dtype):
    mixture = with_noise(shape)
    found = GaussianEStep(mixture, np.dtype(dtype))(Block(ROWS.astype(dtype), weights))
    joint = log_joint(mixture)
    log_norm = logsumexp(joint, axis=1)
    resp = np.exp(joint - log_norm[:, None])
    expected = statistics_about(shape, ROWS, resp[:, :3], weights, found.centers)
    rtol = 1e-10 if dtype == np.float64 else 1e-4
    scale = np.abs(expected.scatter).max()
    counted = np.ones(500) if weights is None else weights
    np.testing.assert_allclose(found.count, expected.count, rtol=rtol)
    np.testing.assert_allclose(found.sum, expected.sum, atol=rtol * scale)
    np.testing.assert_allclose(found.scatter, expected.scatter, atol=rtol * scale)
    assert found.noise_count == pytest.approx(counted @ resp[:, 3], rel=rtol)
    assert found.log_likelihood == pytest.approx(counted @ log_norm, rel=rtol)
    assert found.total_weight == pytest.approx(counted.sum())
    assert found.rows == 500
    assert (found + found).noise_count == 2 * found.noise_count


@pytest.mark.parametrize("shape", FactorShape)
def test_outputs(shape):
    mixture = with_noise(shape)
    joint = log_joint(mixture)
    resp, labels, found = np.empty((500, 4)), np.empty(500, np.int64), np.empty((500, 4))
    GaussianEStep(mixture, ROWS.dtype).evaluate(Block(ROWS, None), resp=resp, labels=labels, log_joint=found)
    np.testing.assert_allclose(found, joint, rtol=1e-10)
    np.testing.assert_allclose(resp, np.exp(joint - logsumexp(joint, axis=1)[:, None]), atol=1e-12)
    best = joint.argmax(axis=1)
    np.testing.assert_array_equal(labels, np.where(best == 3, -1, best))
    assert (labels == -1).any()


def test_noise_without_weight_has_no_rows():
    mixture = with_noise(FactorShape.FULL, weight=0.0)
    assert GaussianEStep(mixture, ROWS.dtype)(Block(ROWS, None)).noise_count == 0.0
