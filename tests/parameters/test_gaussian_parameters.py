"""Parameters: determinants, covariances and precisions of every shape agree with each other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulate import parameters

from softmix.parameters import FactorShape, GaussianParameters, draw
from softmix.parameters.gaussian import invert_triangular, triangular_root

SHAPES = list(FactorShape)


def matrices(stored, shape, k, d):
    if shape is FactorShape.SHARED:
        return np.broadcast_to(stored, (k, d, d))
    if shape is FactorShape.FULL:
        return stored
    return np.einsum("kj,ij->kij", np.broadcast_to(stored.reshape(k, -1), (k, d)), np.eye(d))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("k", "d"), [(1, 1), (2, 3)])
def test_all_forms_agree(shape, k, d):
    model = parameters(shape, k, d)
    covariances = matrices(model.covariances(), shape, k, d)
    precisions = matrices(model.precisions(), shape, k, d)
    np.testing.assert_allclose(covariances @ precisions, np.broadcast_to(np.eye(d), (k, d, d)), atol=1e-12)
    np.testing.assert_allclose(model.log_det_factors, -0.5 * np.linalg.slogdet(covariances)[1], rtol=1e-12)
    at_the_mean = np.log(model.weights) - 0.5 * np.linalg.slogdet(2 * np.pi * covariances)[1]
    np.testing.assert_allclose(model.log_constants, at_the_mean, rtol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_are_checked(shape):
    """Kernels trust them."""
    model = parameters(shape, 2, 3)
    with pytest.raises(ValueError, match="Factors of shape"):
        GaussianParameters(model.weights, model.means, model.factors[..., None], shape)
    with pytest.raises(ValueError, match="Weights of shape"):
        GaussianParameters(model.weights[:1], model.means, model.factors, shape)


@given(seed=st.integers(0, 999), d=st.integers(1, 6))
def test_inverse_of_triangles(seed, d):
    lower = np.tril(np.random.default_rng(seed).uniform(-1, 1, (2, d, d))) + 2 * np.eye(d)
    np.testing.assert_allclose(
        invert_triangular(lower) @ lower, np.broadcast_to(np.eye(d), (2, d, d)), atol=1e-9
    )


@given(seed=st.integers(0, 999), d=st.integers(1, 6))
def test_triangular_root(seed, d):
    roots = np.random.default_rng(seed).standard_normal((2, d, d))
    lower = triangular_root(roots)
    np.testing.assert_allclose(lower.swapaxes(1, 2) @ lower, roots.swapaxes(1, 2) @ roots, atol=1e-10)
    assert not np.triu(lower, 1).any()


def test_triangular_root_keeps_small_eigenvalues():
    """B ᵀB would square the condition number, 1e10 here, beyond what double resolves."""
    axes = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    roots = np.array([1.0, 1.0, 1e-10])[:, None] * axes.T
    assert np.linalg.svd(triangular_root(roots))[1][-1] == pytest.approx(1e-10, rel=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_drawn_rows_come_component_by_component(shape):
    model = parameters(shape)
    rows, labels = draw(model, 30, np.random.RandomState(0))
    assert rows.shape == (30, 2)
    assert (np.diff(labels) >= 0).all()
    again, _ = draw(model, 30, np.random.RandomState(0))
    np.testing.assert_array_equal(rows, again)
