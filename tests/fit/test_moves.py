"""Split and merge: what a move keeps, and what undoes it."""

import numpy as np
import pytest
from simulate import TYPES
from simulate import parameters as random_parameters

from softmix.fit.moves import SPLITS, Components, halves, merge, near_pairs, nested, random_halves, split
from softmix.m_step import CovarianceFloor
from softmix.parameters import FactorShape
from softmix.structures import STRUCTURES

K, D = 4, 3
PARTNERS = np.stack([np.arange(K), K + np.arange(K)], axis=1)  # component k became k and K + k
each_kind = pytest.mark.parametrize("shape", list(FactorShape))


def components(shape, d=D, seed=0):
    return Components.of(random_parameters(shape, k=K, d=d, seed=seed))


def rng(seed=0):
    return np.random.RandomState(seed)


def assert_alike(one, other, rtol=1e-12):
    for name in ("weights", "means", "covariances"):
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol=rtol, atol=1e-12, err_msg=name
        )


@each_kind
def test_each_component_has_a_covariance_of_its_own(shape):
    parameters = random_parameters(shape, k=K, d=D)
    found = Components.of(parameters)
    assert found.covariances.shape == ((K, D, D) if shape.is_matrix else (K, D))
    given = parameters.covariances()
    for k in range(K):
        own = given if shape is FactorShape.SHARED else given[k]
        np.testing.assert_allclose(found.covariances[k], np.broadcast_to(own, found.covariances[k].shape))


@each_kind
@pytest.mark.parametrize("d", [1, 2, 5])
@pytest.mark.parametrize("how", [halves, random_halves])
def test_the_halves_of_a_component_have_its_moments(how, d, shape):
    whole = components(shape, d)
    assert_alike(merge(how(whole, rng()), PARTNERS), whole)


@pytest.mark.parametrize("shape", [FactorShape.FULL, FactorShape.DIAGONAL])
def test_halves_are_sound(shape):
    """Cut by less than one standard deviation, a covariance stays positive definite."""
    for seed in range(20):
        whole = components(shape, seed=seed)
        for how in SPLITS:
            found = how(whole, rng(seed)).covariances
            lowest = np.linalg.eigvalsh(found) if whole.are_matrices else found
            assert lowest.min() > 0


@pytest.mark.parametrize("covariance", [np.diag([1.0, 9.0, 4.0]), np.array([1.0, 9.0, 4.0])])
def test_halves_lie_along_the_longest_axis(covariance):
    cut = halves(Components(np.ones(1), np.zeros((1, 3)), covariance[None]), rng())
    step = cut.means[1] - cut.means[0]
    np.testing.assert_allclose(np.abs(step) / np.linalg.norm(step), [0, 1, 0], atol=1e-12)


def test_random_halves_lie_anywhere():
    whole = components(FactorShape.FULL)
    steps = [random_halves(whole, rng(seed)).means[0] - whole.means[0] for seed in range(50)]
    assert np.linalg.matrix_rank(np.array(steps)) == D
    # Of one standard deviation of the component, times the same share, whatever the direction.
    distances = np.einsum("si,ij,sj->s", steps, np.linalg.inv(whole.covariances[0]), steps)
    np.testing.assert_allclose(distances, distances[0], rtol=1e-9)


@pytest.mark.parametrize("shape", [FactorShape.FULL, FactorShape.DIAGONAL])
def test_a_nested_split_keeps_weight_mean_and_covariance(shape):
    whole = components(shape)
    assert_alike(merge(nested(whole, rng()), PARTNERS), whole)
    narrow, wide = nested(whole, rng())[[0, K]].covariances
    np.testing.assert_allclose(wide, 9.0 * narrow)


@pytest.mark.parametrize("how", SPLITS)
def test_only_those_named_are_split(how):
    whole = components(FactorShape.FULL)
    more = split(whole, np.array([2, 0]), how, rng())
    assert len(more.weights) == K + 2
    assert_alike(more[[0, 1]], whole[[1, 3]], rtol=0)
    assert more.weights.sum() == pytest.approx(1.0)
    assert_alike(merge(more, np.array([[2, 4], [3, 5]])), whole[[2, 0]])


def test_a_merger_has_the_moments_of_all_rows_of_both():
    generator = np.random.default_rng(0)
    parts = [generator.standard_normal((n, D)) @ generator.standard_normal((D, D)) + n for n in (30, 70)]
    both = Components(
        np.array([0.3, 0.7]),
        np.stack([part.mean(axis=0) for part in parts]),
        np.stack([np.cov(part.T, bias=True) for part in parts]),
    )
    merged = merge(both, np.array([[0, 1]]))
    rows = np.vstack(parts)
    np.testing.assert_allclose(merged.weights, [1.0])
    np.testing.assert_allclose(merged.means[0], rows.mean(axis=0))
    np.testing.assert_allclose(merged.covariances[0], np.cov(rows.T, bias=True))


def test_empty_components_merge():
    empty = Components(np.zeros(2), np.array([[0.0], [2.0]]), np.ones((2, 1)))
    merged = merge(empty, np.array([[0, 1]]))
    assert (merged.weights[0], merged.means[0, 0]) == (0.0, 1.0)
    assert np.isfinite(merged.covariances).all()


@pytest.mark.parametrize("covariance_type", TYPES)
def test_parameters_obey_the_structure(covariance_type):
    structure = STRUCTURES[covariance_type]
    start = random_parameters(structure.shape, k=K, d=D)
    one = {FactorShape.DIAGONAL: np.ones(D), FactorShape.SCALAR: np.ones(())}
    floor = CovarianceFloor(one.get(structure.shape, np.eye(D)), 1e-14)
    same = Components.of(start).parameters(structure, floor)
    assert same.shape is structure.shape
    np.testing.assert_allclose(same.covariances(), start.covariances(), rtol=1e-9)
    np.testing.assert_allclose(same.means, start.means)
    np.testing.assert_allclose(same.weights, start.weights)
    halved = split(Components.of(start), np.array([1]), halves, rng()).parameters(structure, floor)
    assert halved.factors.shape == structure.shape.array_shape(K + 1, D)


def test_near_pairs_are_each_ones_nearest():
    means = np.array([0.0, 1.0, 5.0, 6.5, 20.0])[:, None]
    apart = Components(np.full(5, 0.2), means, np.ones((5, 1)))
    assert near_pairs(apart, 1).tolist() == [[0, 1], [2, 3], [3, 4]]
    assert len(near_pairs(apart, 4)) == 10


def test_a_wide_component_is_near_to_more():
    means = np.array([[0.0], [3.0], [12.0]])
    wide = Components(np.full(3, 1 / 3), means, np.array([[1.0], [1.0], [900.0]]))
    assert [1, 2] in near_pairs(wide, 1).tolist()
