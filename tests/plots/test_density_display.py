"""Contours hold the share of the mixture that the legend says, of the exact marginal."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from softmix import GaussianMixture
from softmix.plots import DensityDisplay
from softmix.plots.contours import highest_density, surface
from softmix.plots.marginals import Marginal


def mixtures(m, K, seed):
    rng = np.random.default_rng(seed)
    roots = rng.normal(size=(K, m, m)) * 10.0 ** rng.uniform(-2, 1, (K, 1, 1))
    return Marginal(
        rng.dirichlet(np.ones(K)), rng.normal(0, 5, (K, m)), roots @ roots.swapaxes(1, 2), ["a", "b"][:m]
    )


def drawn_from(mixture, n):
    rng = np.random.default_rng(7)
    labels = rng.choice(len(mixture), n, p=mixture.weights)
    roots = np.linalg.cholesky(mixture.covariances + 1e-14 * np.eye(mixture.means.shape[1]))
    return mixture.means[labels] + np.einsum(
        "nij,nj->ni", roots[labels], rng.normal(size=(n, roots.shape[-1]))
    )


@settings(max_examples=30)
@given(st.integers(1, 2), st.integers(1, 8), st.integers(0, 1000))
def test_regions_of_highest_density_hold_their_masses(m, K, seed):
    mixture = mixtures(m, K, seed)
    masses = np.array([0.99, 0.75, 0.25])
    found = highest_density(mixture, masses)
    log_density = mixture.log_density(drawn_from(mixture, 20_000))
    held = (log_density[:, None] >= found.levels).mean(axis=0)
    # Three standard deviations of a share of 20,000 rows, and the promised 1e-3.
    assert held == pytest.approx(masses, abs=3 * 0.5 / np.sqrt(20_000) + 1e-3)


@pytest.mark.parametrize("columns", [[0, 1], [3, 1]])
def test_contours_are_of_the_marginal_at_its_levels(columns, iris, of_iris):
    display = DensityDisplay.from_estimator(of_iris, iris, columns=columns)
    mixture = Marginal.of(of_iris, columns, list(iris.columns))
    assert display.contours_.levels.tolist() == display.levels_.tolist()
    for level, path in zip(display.levels_, display.contours_.get_paths(), strict=True):
        assert len(path.vertices) > 20
        assert mixture.log_density(path.vertices) == pytest.approx(level, abs=0.05)
    # The rows themselves are spread as the mixture is, as far as 150 of them say.
    held = (mixture.log_density(iris.to_numpy()[:, columns])[:, None] >= display.levels_).mean(axis=0)
    assert held == pytest.approx(display.masses_, abs=0.12)


def test_the_legend_names_the_masses(data, fitted, texts):
    display = DensityDisplay.from_estimator(fitted, data, masses=(0.9, 0.5, 0.5))
    assert texts(display.legend_) == ["50 %", "90 %"]
    assert display.legend_.get_title().get_text() == "share of the mixture"
    assert display.masses_.tolist() == [0.9, 0.5]
    assert (np.diff(display.levels_) > 0).all()


def test_rows_are_drawn_where_they_are_given(data, fitted):
    assert DensityDisplay.from_estimator(fitted).scatter_ is None
    display = DensityDisplay.from_estimator(fitted, data)
    assert np.array_equal(display.scatter_.get_offsets(), data)


def test_one_column_shades_the_regions_under_the_curve(data):
    model = GaussianMixture(2, random_state=0).fit(data[["waiting"]])
    display = DensityDisplay.from_estimator(model, masses=[0.5, 0.95])
    *components, whole = display.lines_
    x, density = whole.get_data()
    for line, weight in zip(components, model.weights_, strict=True):
        assert np.trapezoid(line.get_ydata(), line.get_xdata()) == pytest.approx(weight, rel=1e-2)
    for mass, level, shade in zip(display.masses_, display.levels_, display.ax_.collections, strict=True):
        inside = density >= np.exp(level)
        assert np.trapezoid(np.where(inside, density, 0), x) == pytest.approx(mass, abs=0.01)
        vertices = np.concatenate([path.vertices for path in shade.get_paths()])
        assert vertices[:, 0].min() == pytest.approx(x[inside].min(), abs=1e-9)
        assert vertices[:, 1].max() == pytest.approx(density.max())


def test_a_thin_component_is_on_the_grid():
    thin = Marginal(
        np.array([0.5, 0.5]), np.zeros((2, 2)), np.stack([100 * np.eye(2), 1e-8 * np.eye(2)]), ["a", "b"]
    )
    found = highest_density(thin, np.array([0.9, 0.3]))
    *_, log_density = surface(thin, found)
    assert log_density.max() > found.levels[1]


def test_a_component_without_spread_does_not_set_the_scale():
    X = np.concatenate([np.random.default_rng(0).normal(size=300), np.full(50, 2.0)])[:, None]
    with pytest.warns(match="no spread"):
        model = GaussianMixture(2, random_state=0).fit(X)
    assert DensityDisplay.from_estimator(model, X).ax_.get_ylim()[1] < 1


@pytest.mark.parametrize("masses", [[], [0.5, 1.0], [0.0], [[0.5]], [np.nan]])
def test_masses_are_shares(masses, fitted):
    with pytest.raises(ValueError, match="masses must be one or several shares between 0 and 1"):
        DensityDisplay.from_estimator(fitted, masses=masses)
