"""What is said of collapsed components."""

import numpy as np
import pytest
from simulate import parameters as random_parameters

from softmix.fit.degeneracy import Degeneracy, n_unwitnessed
from softmix.m_step import CovarianceFloor
from softmix.parameters import FactorShape, GaussianParameters
from softmix.structures import STRUCTURES


@pytest.mark.parametrize(
    ("degeneracy", "expected"),
    [
        (Degeneracy((3,), (0.0,), ()), "Component 3 is empty: no row belongs to it."),
        (Degeneracy((1, 3), (0.0, 0.0), ()), "Components 1, 3 are empty: no row belongs to them."),
        (
            Degeneracy((2,), (4.0,), (0, 1)),
            (
                "Component 2 (effective count 4) has no spread in columns 0, 1: "
                "the covariance is held at the floor (reg_covar times the data's own)."
            ),
        ),
        (
            Degeneracy((0, 2), (1.25, 4.0), (1,)),
            (
                "Components 0 (effective count 1.25), 2 (effective count 4) have no spread in column 1: "
                "the covariance is held at the floor (reg_covar times the data's own)."
            ),
        ),
        (
            Degeneracy((0,), (1.0,), (0,), held=False),
            (
                "Component 0 (effective count 1) has no spread in column 0: "
                "reg_covar=0 forbids the floor that would hold it, so the run ended before this step."
            ),
        ),
    ],
)
def test_sentences(degeneracy, expected):
    assert degeneracy.describe() == expected


def test_columns_go_by_their_names():
    said = Degeneracy((0,), (1.0,), (0, 1)).describe(["length", "width"])
    assert "in columns 'length', 'width':" in said


# Which components their rows do not witness.

FLOOR = CovarianceFloor(np.eye(2), 1e-14)


def with_variances(*variances, shape=FactorShape.FULL):
    """Components in two columns, the second of these variances."""
    factors = np.stack([np.diag([1.0, variance**-0.5]) for variance in variances])
    if shape is FactorShape.SHARED:
        factors = factors[0]
    K = len(variances)
    return GaussianParameters(np.full(K, 1 / K), np.zeros((K, 2)), factors, shape)


def unwitnessed(parameters, counts, covariance_type="full", floor=FLOOR):
    return n_unwitnessed(parameters, np.asarray(counts, float), floor, STRUCTURES[covariance_type])


def test_a_component_asks_for_rows():
    """d + 2 of them for a matrix of its own."""
    sound = with_variances(1.0, 1.0)
    assert unwitnessed(sound, [96, 4]) == 0
    assert unwitnessed(sound, [96, 3.9]) == 1


def test_few_rows_do_not_witness_a_thin_direction_and_many_do():
    """With m times 4 rows a direction of 10^(-2 m / 3) is believed."""
    thin = with_variances(1.0, 10**-3.9)
    assert unwitnessed(thin, [100, 22]) == 1
    assert unwitnessed(thin, [100, 24]) == 0


def test_at_the_floor_nothing_is_believed():
    assert unwitnessed(with_variances(1.0, 1e-14), [1e6, 1e6]) == 1
    assert unwitnessed(with_variances(1.0, 1e-13), [1e6, 1e6]) == 0


def test_an_empty_component_is_not_witnessed():
    assert unwitnessed(with_variances(1.0, 1.0), [100, 0]) == 1


@pytest.mark.parametrize(("covariance_type", "needed"), [("full", 4), ("diag", 3), ("spherical", 2)])
def test_hardly_enough_rows_leave_no_choice(covariance_type, needed):
    """Whatever they are given to, all components are said to be unwitnessed."""
    structure = STRUCTURES[covariance_type]
    factor = {FactorShape.DIAGONAL: np.ones(2), FactorShape.SCALAR: np.ones(())}.get(
        structure.shape, np.eye(2)
    )
    floor, sound = CovarianceFloor(factor, 1e-14), random_parameters(structure.shape, k=3, d=2)
    few = np.full(3, needed + 0.9)
    assert unwitnessed(sound, few, covariance_type, floor) == 3
    assert unwitnessed(sound, few * 100, covariance_type, floor) == 0


def test_a_covariance_that_all_share_is_no_chance():
    shared = with_variances(1e-14, 1e-14, shape=FactorShape.SHARED)
    assert unwitnessed(shared, [50, 50], "tied") == 0
    assert unwitnessed(shared, [99.5, 0.5], "tied") == 1
