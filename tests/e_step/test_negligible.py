"""A component that a row does not need stays below the kernel's cut wherever components may drift."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulate_many import drifted, many, rows_of

from softmix.blocks import Block
from softmix.e_step import GaussianEStep, needed_components
from softmix.parameters import FactorShape


def log_joint_of(mixture, rows):
    log_joint = np.empty((len(rows), mixture.n_components), rows.dtype)
    GaussianEStep(mixture, rows.dtype).evaluate(Block(rows, None), log_joint=log_joint)
    return log_joint


@given(
    shape=st.sampled_from(list(FactorShape)),
    d=st.integers(1, 6),
    separation=st.sampled_from([1.0, 3.0, 8.0]),
    seed=st.integers(0, 1000),
    dtype=st.sampled_from([np.float64, np.float32]),
)
def test_left_out_memberships_count_as_nothing(shape, d, separation, seed, dtype):
    mixture = many(shape, 30, d, separation, seed)
    rows = rows_of(mixture, 200, seed, dtype)
    log_joint = log_joint_of(mixture, rows)
    needed = needed_components(log_joint, log_joint.argmax(axis=1), mixture.log_constants)
    now = log_joint_of(drifted(mixture, 0.999, seed), rows)
    cut = 48.0 if dtype is np.float64 else 36.0
    assert (np.where(needed, -np.inf, now).max(axis=1) < now.max(axis=1) - cut).all()


def test_few_components_are_needed_needlessly():
    """The allowance for drift is not so wide that it costs the gain: some 25 nats at most."""
    mixture = many(FactorShape.FULL, 60, 3, 10.0)
    log_joint = log_joint_of(mixture, rows_of(mixture, 1000))
    needed = needed_components(log_joint, log_joint.argmax(axis=1), mixture.log_constants)
    below = log_joint.max(axis=1, keepdims=True) - log_joint
    assert needed[below < 48].all()
    assert not needed[below > 75].any()


@pytest.mark.parametrize("far", [-np.inf, np.nan])
def test_nothing_is_left_out_where_densities_overflow(far):
    log_joint = np.full((2, 3), far)
    log_joint[1] = [0.0, -1000.0, -np.inf]
    needed = needed_components(log_joint, np.array([0, 0]), np.zeros(3))
    np.testing.assert_array_equal(needed, [[True, True, True], [True, False, False]])
