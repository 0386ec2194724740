"""The table of structures: names, and counts of free parameters as in Celeux & Govaert (1995)."""

import pytest

from softmix.structures import STRUCTURES


@pytest.mark.parametrize(
    ("names", "covariance_parameters"),
    [(("full", "VVV"), 3 * 10), (("tied", "EEE"), 10), (("diag", "VVI"), 3 * 4), (("spherical", "VII"), 3)],
)
def test_free_parameters(names, covariance_parameters):
    for name in names:
        assert STRUCTURES[name].n_parameters(3, 4) == covariance_parameters + 3 * 4 + 2
    assert STRUCTURES[names[0]] is STRUCTURES[names[1]]
