"""Numbers as people read them."""

import pytest

from softmix.cli.components_table import measure


@pytest.mark.parametrize(
    ("mean", "deviation", "text"),
    [
        (2.0366, 0.2634, "2.037 ± 0.263"),
        (54.478, 5.813, "54.48 ± 5.81"),
        (-1e-9, 0.5, "0.000 ± 0.500"),
        (123456.7, 1234.5, "123457 ± 1234"),
        (1.5e9, 2.5e8, "1.5e+09 ± 2.5e+08"),
        (1e8 + 0.5, 0.25, "100000000.5 ± 0.25"),
        (1.5e-8, 2.5e-9, "1.5e-08 ± 2.5e-09"),
        (5.0, 0.0, "5 ± 0"),
        (0.0, 1e-12, "0 ± 1e-12"),
    ],
)
def test_the_mean_has_the_digits_that_the_deviation_allows(mean, deviation, text):
    assert measure(mean, deviation) == text
