"""Native losses of merges against their NumPy twin, and against two likelihoods."""

import numpy as np
import pytest
from scipy.special import logsumexp
from simulate import clusters
from simulate import parameters as random_parameters

from softmix.fit.moves import Components, merge
from softmix.kernels import kernel, reference
from softmix.parameters import FactorShape, GaussianParameters

KERNELS = [pytest.param(kernel(), id="native"), pytest.param(reference, id="reference")]
SHAPES = [FactorShape.FULL, FactorShape.DIAGONAL]
K = 5
PAIRS = np.stack(np.triu_indices(K, 1), axis=1)


def problem(shape, d):
    rows, _ = clusters(n=150, d=d, k=K, seed=d)
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    parameters = random_parameters(shape, k=K, d=d, seed=d)
    pair = merge(Components.of(parameters), PAIRS)
    factors = (
        np.linalg.inv(np.linalg.cholesky(pair.covariances)) if pair.are_matrices else pair.covariances**-0.5
    )
    return rows, parameters, GaussianParameters(pair.weights, pair.means, factors, shape)


def log_joint(rows, parameters):
    joint = np.empty((len(rows), parameters.n_components))
    reference.evaluate(reference.prepare(parameters, rows.dtype), rows, log_joint=joint)
    return joint


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("d", [1, 2, 3, 8, 9, 30])
@pytest.mark.parametrize("shape", SHAPES)
def test_native_is_its_twin(shape, d, weighted):
    rows, parameters, merged = problem(shape, d)
    joint = log_joint(rows, parameters)
    log_norm = logsumexp(joint, axis=1)
    resp = np.exp(joint - log_norm[:, None])
    weights = np.random.default_rng(0).uniform(0, 2, len(rows)) if weighted else None
    ours, theirs = (
        module.merge_losses(rows, weights, resp, log_norm, PAIRS, merged) for module in (kernel(), reference)
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("module", KERNELS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_loss_is_a_difference_of_log_likelihoods(module, shape):
    """But for the rows that neither of a pair has a thousandth of."""
    rows, parameters, merged = problem(shape, 3)
    joint, of_merged = log_joint(rows, parameters), log_joint(rows, merged)
    log_norm = logsumexp(joint, axis=1)
    resp = np.exp(joint - log_norm[:, None])
    weights = np.random.default_rng(0).uniform(0, 2, len(rows))
    losses = module.merge_losses(rows, weights, resp, log_norm, PAIRS, merged)
    for number, pair in enumerate(PAIRS):
        after = logsumexp(np.c_[np.delete(joint, pair, axis=1), of_merged[:, number]], axis=1)
        theirs = resp[:, pair].sum(axis=1) >= 1e-3
        assert losses[number] == pytest.approx(weights[theirs] @ (log_norm - after)[theirs], rel=1e-9)


@pytest.mark.parametrize("module", KERNELS)
def test_two_halves_of_one_component_lose_nothing(module):
    rows, _ = clusters(n=100, d=2)
    one = random_parameters(FactorShape.FULL, k=1, d=2)
    twice = GaussianParameters(
        np.full(2, 0.5), np.repeat(one.means, 2, axis=0), np.repeat(one.factors, 2, axis=0), one.shape
    )
    joint = log_joint(rows, twice)
    log_norm = logsumexp(joint, axis=1)
    resp = np.exp(joint - log_norm[:, None])
    loss = module.merge_losses(rows, None, resp, log_norm, np.array([[0, 1]]), one)
    np.testing.assert_allclose(loss, 0.0, atol=1e-9)
