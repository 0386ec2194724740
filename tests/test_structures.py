"""The table of structures: names, and counts of free parameters as in Celeux & Govaert (1995)."""

import pytest

from softmix.structures import STRUCTURES


@pytest.mark.parametrize(
    ("names", "covariance_parameters"),
    [
        (("EII", "E"), 1),
        (("spherical", "VII", "V"), 3),
        (("EEI",), 4),
        (("VEI",), 3 + 3),
        (("EVI",), 1 + 3 * 3),
        (("diag", "VVI"), 3 * 4),
        (("tied", "EEE"), 10),
        (("VEE",), 3 + 3 + 6),
        (("EVE",), 1 + 3 * 3 + 6),
        (("VVE",), 3 * 4 + 6),
        (("EEV",), 4 + 3 * 6),
        (("VEV",), 3 + 3 + 3 * 6),
        (("EVV",), 1 + 3 * 3 + 3 * 6),
        (("full", "VVV"), 3 * 10),
    ],
)
def test_free_parameters(names, covariance_parameters):
    for name in names:
        assert STRUCTURES[name].n_parameters(3, 4) == covariance_parameters + 3 * 4 + 2
    assert len({id(STRUCTURES[name]) for name in names}) == 1


def test_there_are_fourteen():
    assert len({structure.name for structure in STRUCTURES.values()}) == 14


@pytest.mark.parametrize("name", list(STRUCTURES))
def test_one_column_has_one_of_two_structures(name):
    """Equal or varying variances: the first letter of mclust's names."""
    structure = STRUCTURES[name]
    assert structure.n_covariance_parameters(3, 1) == (3 if structure.name[0] == "V" else 1)
