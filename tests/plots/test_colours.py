"""Colours that can be told apart, by colour-blind readers too, and mixtures of them between."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmix.plots.colours import blend, component_colours, noise_colour, to_oklab
from softmix.plots.points import MARKERS, label_styles

# Machado, Oliveira & Fernandes (2009), table 1, at severity 1.
_SIGHTS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


@pytest.mark.parametrize("sight", _SIGHTS)
def test_fourteen_colours_and_the_noise_differ_in_every_sight(sight):
    colours = np.vstack([component_colours(14), noise_colour()])
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ _SIGHTS[sight].T, 0.0, 1.0)
    lab = to_oklab(np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055))
    apart = np.linalg.norm(lab[:, None] - lab, axis=2) + np.eye(15)
    # A difference that is just seen is about 0.02. Rows of noise are crosses besides.
    assert apart[:14, :14].min() > 0.07
    assert apart[14, :14].min() > 0.05


@given(st.integers(1, 30))
def test_colours_are_distinct_and_unmixed_rows_have_their_components(n):
    colours = component_colours(n)
    assert len(np.unique(colours.round(6), axis=0)) == n
    assert np.allclose(blend(np.eye(n), colours), colours, atol=1e-6)


def test_a_blend_lies_between_in_lightness():
    black_and_white = np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    greys = blend(np.stack([1 - np.linspace(0, 1, 9), np.linspace(0, 1, 9)], axis=1), black_and_white)[:, 0]
    assert (np.diff(greys) > 0.02).all()


def test_each_label_has_its_own_colour_and_marker_and_the_noise_is_grey():
    styles = label_styles([*range(14), -1])
    assert len({(tuple(colour), marker) for colour, marker in styles.values()}) == 15
    assert styles[-1][0] == pytest.approx(noise_colour())
    assert styles[-1][1] not in MARKERS
