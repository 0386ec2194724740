"""The box of the noise: the smaller of two that hold all rows; and the rows that begin as noise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulate import clusters

from softmix.blocks import ArrayBlocks
from softmix.fit.noise import measure_noise
from softmix.fit.spread import measure_spread
from softmix.fit.starts import draw_sample
from softmix.fit.starts.masked import Masked
from softmix.fit.starts.set_aside import emptiest, nearest_neighbour_cleaning
from softmix.structures import STRUCTURES
from softmix.sweep import ThreadSweep


def measured(X, name="VVV", weights=None, reg_covar=1e-14):
    with ThreadSweep(ArrayBlocks(X, weights)) as sweep:
        structure = STRUCTURES[name]
        return measure_noise(sweep, structure, measure_spread(sweep, structure.shape), reg_covar)


def log_volumes(X):
    """Of the boxes along the columns, and along their principal components, by SVD."""
    centred = X - X.mean(axis=0)
    scores = centred @ np.linalg.svd(centred, full_matrices=False)[2].T
    return np.log(np.ptp(X, axis=0)).sum(), np.log(np.ptp(scores, axis=0)).sum()


@given(d=st.integers(1, 5), seed=st.integers(0, 99), long=st.floats(0, 3))
def test_the_smaller_box(d, seed, long):
    """Along raw columns for structures that follow rotations, as mclust's; in standard units for others."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((80, d)) + long * rng.standard_normal((80, 1)) + 100.0
    assert measured(X, "VEV").log_density == pytest.approx(-min(log_volumes(X)), abs=1e-6)
    scale = X.std(axis=0)
    expected = -min(log_volumes(X / scale)) - np.log(scale).sum()
    for name in ("VVV", "EEE", "VVI"):
        assert measured(X, name).log_density == pytest.approx(expected, abs=1e-6)


@given(
    name=st.sampled_from(["VVV", "VEV", "VII"]),
    d=st.integers(1, 4),
    seed=st.integers(0, 99),
    long=st.floats(0, 3),
)
def test_the_box_holds_every_row_and_has_its_volume(name, d, seed, long):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((60, d)) + long * rng.standard_normal((60, 1))
    noise = measured(X, name)
    edges = noise.box[1:]
    assert np.linalg.slogdet(edges)[1] == pytest.approx(-noise.log_density, abs=1e-8)
    coordinates = np.linalg.solve(edges.T, (X - noise.box[0]).T)
    np.testing.assert_allclose(coordinates.min(axis=1), 0.0, atol=1e-9)
    np.testing.assert_allclose(coordinates.max(axis=1), 1.0, atol=1e-9)


@pytest.mark.parametrize("name", ["VVV", "VEV", "VVI", "VII"])
def test_flat_data_have_a_finite_density(name):
    rng = np.random.default_rng(0)
    column = rng.standard_normal(50)
    for X in (
        np.column_stack([column, np.full(50, 3.0)]),
        np.column_stack([column, 2.0 * column]),
        np.ones((50, 2)),
    ):
        assert np.isfinite(measured(X, name).log_density)
        assert np.isfinite(measured(X, name, reg_covar=0.0).log_density)


def sample_of(X, weights=None, d=2):
    source = ArrayBlocks(X, weights)
    with ThreadSweep(source) as sweep:
        spread = measure_spread(sweep, STRUCTURES["VVV"].shape)
    return draw_sample(source, spread, len(X), np.random.RandomState(0))


def is_noise(sample, X, labels):
    """Which of the sample's rows were made as noise."""
    where = {row.tobytes(): label < 0 for row, label in zip(X, labels, strict=True)}
    return np.array([where[row.tobytes()] for row in sample.rows])


def in_a_box(n=600, share=0.2, d=2):
    X, labels = clusters(n=n, d=d, separation=12.0)
    rng = np.random.default_rng(0)
    X[: int(share * n)] = rng.uniform(X.min(axis=0) - 10, X.max(axis=0) + 10, (int(share * n), d))
    labels[: int(share * n)] = -1
    return X, labels


@pytest.mark.parametrize("d", [2, 5])
def test_noise_lies_in_empty_places(d):
    X, labels = in_a_box(d=d)
    sample = sample_of(X)
    truth = is_noise(sample, X, labels)
    found = nearest_neighbour_cleaning(sample)
    assert found.min() >= 0
    assert found.max() <= 1
    assert ((found > 0.5) == truth).mean() > 0.93
    exactly = emptiest(sample, 0.2)
    assert exactly.sum() == 120
    assert ((exactly > 0.5) == truth).mean() > 0.93


def test_weights_are_repeated_rows():
    X, _ = in_a_box(n=200)
    times = np.random.default_rng(1).integers(1, 4, len(X))
    weighted, repeated = sample_of(X, times.astype(float)), sample_of(np.repeat(X, times, axis=0))
    for guess in (nearest_neighbour_cleaning, lambda sample: emptiest(sample, 0.3)):
        np.testing.assert_allclose(guess(weighted), guess(repeated), atol=1e-9)


def test_equal_rows_are_no_noise():
    sample = sample_of(np.tile([[1.0, 2.0], [3.0, 5.0]], (20, 1)))
    assert nearest_neighbour_cleaning(sample).shape == (2,)


@pytest.mark.parametrize("weights", [None, np.linspace(0.0, 1.0, 50)])
def test_masked_rows_weigh_nothing(weights):
    X, _ = clusters(n=50, d=2)
    mask = np.arange(50) % 3 == 0
    masked = Masked(ArrayBlocks(X, weights), mask)
    expected = np.where(mask, 0.0, 1.0 if weights is None else weights)
    np.testing.assert_array_equal(masked.row_weights(), expected)
    rows, taken = masked.take(np.array([1, 3, 4]))
    np.testing.assert_array_equal(rows, X[[1, 3, 4]])
    np.testing.assert_array_equal(taken, expected[[1, 3, 4]])
