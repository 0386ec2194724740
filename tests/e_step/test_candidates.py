"""Components that are not candidates are needed by no row within the distance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulate_many import many

from softmix.blocks import Block
from softmix.e_step import Candidates, GaussianEStep, needed_components
from softmix.parameters import FactorShape, GaussianParameters, Reference

SHAPES = list(FactorShape)


def at_distance(mixture, label, distance, n, seed):
    """Rows at the given distance from component `label`, in all directions."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((n, mixture.n_features))
    z *= distance / np.linalg.norm(z, axis=1, keepdims=True)
    root = Reference.at(mixture).roots if mixture.shape is FactorShape.SHARED else None
    root = Reference.at(mixture).roots[label] if root is None else root
    return mixture.means[label] + (z @ root.T if mixture.shape.is_matrix else z * root)


def needed_by(mixture, rows):
    log_joint = np.empty((len(rows), mixture.n_components))
    GaussianEStep(mixture, rows.dtype).evaluate(Block(rows, None), log_joint=log_joint)
    return np.flatnonzero(
        needed_components(log_joint, log_joint.argmax(axis=1), mixture.log_constants).any(axis=0)
    )


@given(
    shape=st.sampled_from(SHAPES),
    d=st.integers(1, 6),
    separation=st.sampled_from([1.0, 5.0, 20.0]),
    distance=st.floats(0.0, 30.0),
    offset=st.sampled_from([0.0, 1e6]),
    seed=st.integers(0, 1000),
)
def test_none_is_missed(shape, d, separation, distance, offset, seed):
    mixture = many(shape, 30, d, separation, seed)
    mixture = GaussianParameters(mixture.weights, mixture.means + offset, mixture.factors, shape)
    label = seed % 30
    near = Candidates(Reference.at(mixture), np.dtype(np.float64)).near(label, distance * (1 + 1e-9) + 1e-9)
    rows = at_distance(mixture, label, distance, 300, seed)
    assert np.isin(needed_by(mixture, rows), near).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_far_components_are_none(shape):
    mixture = many(shape, 60, 2, 12.0)
    candidates = Candidates(Reference.at(mixture), np.dtype(np.float64))
    counts = [len(candidates.near(label, 3.0)) for label in range(60)]
    assert np.mean(counts) < 30
    assert max(len(candidates.near(label, 1e6)) for label in range(60)) == 60


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("distance", [0.0, 3.0, np.inf, np.nan])
def test_reached_is_near_seen_from_the_other_side(shape, distance):
    mixture = many(shape, 30)
    candidates = Candidates(Reference.at(mixture), np.dtype(np.float64))
    labels = np.arange(30)
    reached = np.stack([candidates.reached(k, labels, np.full(30, distance)) for k in range(30)])
    for label in labels:
        np.testing.assert_array_equal(candidates.near(label, distance), np.flatnonzero(reached[:, label]))


@pytest.mark.parametrize("units", [1e-8, 1e8])
def test_units_do_not_matter(units):
    mixture = many(FactorShape.FULL, 30, 3)
    scales = np.array([1.0, units, 1.0])
    scaled = GaussianParameters(
        mixture.weights, mixture.means * scales, mixture.factors / scales, FactorShape.FULL
    )
    for label in range(30):
        plain, other = (
            Candidates(Reference.at(p), np.dtype(np.float64)).near(label, 4.0) for p in (mixture, scaled)
        )
        np.testing.assert_array_equal(other, plain)
