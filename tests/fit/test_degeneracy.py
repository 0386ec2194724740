"""What is said of collapsed components."""

import pytest

from softmix.fit.degeneracy import Degeneracy


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
