"""Native weighing of merges against its NumPy twin, and against two likelihoods."""

import numpy as np
import pytest
from scipy.special import logsumexp
from simulate import clusters
from simulate import parameters as random_parameters

from softmix.fit.moves import Components, merge
from softmix.kernels import kernel, reference
from softmix.parameters import FactorShape, GaussianParameters

KERNELS = [pytest.param(kernel(), id="native"), pytest.param(reference, id="reference")]
K = 5
PAIRS = np.stack(np.triu_indices(K, 1), axis=1)
LOWEST = 1e-14


def problem(shape, d, n=150):
    rows, _ = clusters(n=n, d=d, k=K, seed=d)
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    parameters = random_parameters(shape, k=K, d=d, seed=d)
    return rows, parameters, Components.of(parameters)


def log_joint(rows, parameters):
    joint = np.empty((len(rows), parameters.n_components))
    reference.evaluate(reference.prepare(parameters, rows.dtype), rows, log_joint=joint)
    return joint


@pytest.mark.parametrize("kept", [3, len(PAIRS)])
@pytest.mark.parametrize(("weighted", "n", "step"), [(False, 150, 1), (True, 150, 1), (True, 700, 2)])
@pytest.mark.parametrize("d", [1, 2, 3, 8, 9, 30])
@pytest.mark.parametrize("shape", list(FactorShape))
def test_native_is_its_twin(shape, d, weighted, n, step, kept):
    rows, parameters, components = problem(shape, d, n)
    weights = np.random.default_rng(0).uniform(0, 2, n) if weighted else None
    asked = parameters, components.covariances, PAIRS, kept, LOWEST, rows, weights, step
    (chosen, ours), (twins, theirs) = (module.weigh_merges(*asked) for module in (kernel(), reference))
    np.testing.assert_array_equal(chosen, twins)
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("module", KERNELS)
@pytest.mark.parametrize("shape", [FactorShape.FULL, FactorShape.DIAGONAL])
def test_a_loss_is_a_difference_of_log_likelihoods(module, shape):
    """But for the rows that neither of a pair has a thousandth of."""
    rows, parameters, components = problem(shape, 3)
    merged = merge(components, PAIRS)
    roots = (
        np.linalg.inv(np.linalg.cholesky(merged.covariances))
        if merged.are_matrices
        else merged.covariances**-0.5
    )
    of_merged = log_joint(rows, GaussianParameters(merged.weights, merged.means, roots, shape))
    joint = log_joint(rows, parameters)
    log_norm = logsumexp(joint, axis=1)
    resp = np.exp(joint - log_norm[:, None])
    weights = np.random.default_rng(0).uniform(0, 2, len(rows))
    _, losses = module.weigh_merges(
        parameters, components.covariances, PAIRS, len(PAIRS), LOWEST, rows, weights
    )
    for number, pair in enumerate(PAIRS):
        after = logsumexp(np.c_[np.delete(joint, pair, axis=1), of_merged[:, number]], axis=1)
        theirs = resp[:, pair].sum(axis=1) >= 1e-3
        assert losses[number] == pytest.approx(weights[theirs] @ (log_norm - after)[theirs], rel=1e-9)


@pytest.mark.parametrize("module", KERNELS)
def test_two_halves_of_one_component_are_chosen_and_lose_nothing(module):
    rows, _ = clusters(n=100, d=2)
    one = random_parameters(FactorShape.FULL, k=2, d=2)
    both = np.array([0, 1, 1])
    parameters = GaussianParameters(
        np.array([0.5, 0.25, 0.25]), one.means[both], one.factors[both], one.shape
    )
    pairs = np.stack(np.triu_indices(3, 1), axis=1)
    covariances = Components.of(parameters).covariances
    chosen, losses = module.weigh_merges(parameters, covariances, pairs, 1, LOWEST, rows, None)
    assert chosen.tolist() == [2]
    np.testing.assert_allclose(losses, 0.0, atol=1e-9)


@pytest.mark.parametrize("module", KERNELS)
@pytest.mark.parametrize("matrices", [True, False])
def test_components_without_any_width_are_weighed_too(module, matrices):
    rows, _ = clusters(n=100, d=2)
    one = random_parameters(FactorShape.FULL if matrices else FactorShape.DIAGONAL, k=3, d=2)
    flat = np.zeros((3, 2, 2) if matrices else (3, 2))
    pairs = np.stack(np.triu_indices(3, 1), axis=1)
    _, losses = module.weigh_merges(one, flat, pairs, 2, 1e-6, rows, None)
    assert np.isfinite(losses).all()
