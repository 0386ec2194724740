"""Rows by label, and ellipses that hold what the legend says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from softmix import GaussianMixture
from softmix.plots import ClassificationDisplay
from softmix.plots.colours import component_colours, noise_colour
from softmix.plots.ellipses import radius_holding
from softmix.plots.fitted_mixture import classified
from softmix.plots.marginals import Marginal


def offsets(paths):
    return np.vstack([path.get_offsets() for path in paths])


def test_points_are_the_rows_of_each_label_in_its_colour(iris, of_iris):
    display = ClassificationDisplay.from_estimator(of_iris, iris, columns=[2, 0])
    labels, colours = of_iris.predict(iris), component_colours(3)
    for k, paths in display.scatters_.items():
        assert np.array_equal(offsets(paths), iris.to_numpy()[labels == k][:, [2, 0]])
        assert np.allclose(paths[0].get_facecolors()[:, :3], colours[k])
    outlines = {
        tuple(paths[0].get_paths()[0].vertices.ravel().round(3)) for paths in display.scatters_.values()
    }
    assert len(outlines) == 3


@pytest.mark.parametrize("probability", [0.5, 0.9, 0.95])
def test_ellipses_have_the_eigenvalues_axes_and_the_stated_mass(probability, iris, of_iris, distances):
    display = ClassificationDisplay.from_estimator(of_iris, iris, columns=[3, 1], probability=probability)
    assert len(display.ellipses_) == 3
    radius = np.sqrt(-2 * np.log(1 - probability))
    rng = np.random.default_rng(0)
    for k, ellipse in enumerate(display.ellipses_):
        mean, covariance = of_iris.means_[k, [3, 1]], of_iris.covariances_[k][np.ix_([3, 1], [3, 1])]
        axes = 2 * radius * np.sqrt(np.linalg.eigvalsh(covariance))
        assert sorted([ellipse.width, ellipse.height]) == pytest.approx(axes)
        assert ellipse.center == pytest.approx(mean)
        assert distances(display.ax_, ellipse, mean, covariance) == pytest.approx(radius, rel=1e-2)
        drawn = rng.multivariate_normal(mean, covariance, 20_000)
        outline = ellipse.get_path().transformed(ellipse.get_patch_transform())
        assert outline.contains_points(drawn).mean() == pytest.approx(probability, abs=0.015)


@pytest.mark.parametrize("k", [1, 3, 9])
def test_no_ellipse_is_clipped(k, iris):
    model = GaussianMixture(k, random_state=0, covariance_type="diag").fit(iris)
    display = ClassificationDisplay.from_estimator(model, iris, probability=0.99)
    box = display.ax_.transData.inverted()
    for ellipse in display.ellipses_:
        corners = box.transform(ellipse.get_extents().get_points())
        low, high = corners.min(axis=0), corners.max(axis=0)
        assert (low >= [display.ax_.get_xlim()[0], display.ax_.get_ylim()[0]]).all()
        assert (high <= [display.ax_.get_xlim()[1], display.ax_.get_ylim()[1]]).all()


def test_the_legend_says_shares_and_what_an_ellipse_holds(iris, of_iris, texts):
    display = ClassificationDisplay.from_estimator(of_iris, iris, uncertain_above=0.1)
    shares = [f"{k}  ({weight:.0%})" for k, weight in enumerate(of_iris.weights_)]
    assert texts(display.legend_) == [*shares, "uncertainty over 0.1", "90 % of a component"]


def test_uncertain_rows_are_hollow(iris, of_iris):
    resp = of_iris.predict_proba(iris)
    uncertain = 1 - resp.max(axis=1) > 0.05
    assert uncertain.any()
    display = ClassificationDisplay.from_estimator(of_iris, iris, uncertain_above=0.05)
    hollow = [p for paths in display.scatters_.values() for p in paths if not len(p.get_facecolors())]
    assert sorted(map(tuple, offsets(hollow))) == sorted(map(tuple, iris.to_numpy()[uncertain][:, :2]))


def test_numbers_are_apart_however_many_means_are_in_one_place():
    K = 12
    mixture = Marginal(np.full(K, 1 / K), np.zeros((K, 2)), np.stack([np.eye(2)] * K), ["a", "b"])
    points = np.random.default_rng(0).normal(size=(100, 2))
    display = ClassificationDisplay(
        points=points, labels=np.zeros(100, int), names=["a", "b"], mixture=mixture
    ).plot()
    texts = display.ax_.texts
    assert [text.get_text() for text in texts] == [str(k) for k in range(K)]
    places = np.array([text.get_position() for text in texts])  # in points, from one mean
    apart = np.linalg.norm(places[:, None] - places, axis=2) + 100 * np.eye(K)
    assert apart.min() > 14


@pytest.mark.parametrize("columns", [[0], [0, 1]])
def test_given_labels_may_be_words_and_minus_one_is_noise(columns, iris, texts):
    X = iris.to_numpy()
    words = np.repeat(["setosa", "versicolor", "virginica"], 50)
    display = ClassificationDisplay.from_predictions(X, words, columns=columns)
    assert texts(display.legend_) == [f"{word}  (33%)" for word in ("setosa", "versicolor", "virginica")]
    numbers = np.repeat([-1, 4, 7], 50)
    display = ClassificationDisplay.from_predictions(X, numbers, columns=columns)
    assert texts(display.legend_) == ["4  (33%)", "7  (33%)", "noise  (33%)"]
    if len(columns) == 2:
        assert np.array_equal(offsets(display.scatters_[-1]), X[:50, :2])
        assert np.allclose(display.scatters_[-1][0].get_edgecolors()[:, :3], noise_colour())
    else:
        areas = [sum(bar.get_width() * bar.get_height() for bar in bars) for bars in display.ax_.containers]
        assert areas == pytest.approx([1 / 3] * 3)


def test_the_noise_of_a_mixture_has_its_weight(texts):
    mixture = Marginal(np.array([0.9]), np.zeros((1, 2)), np.eye(2)[None], ["a", "b"], 0.1)
    labels, uncertainty = classified(np.array([[0.8, 0.2], [0.3, 0.7]]), 1)
    assert labels.tolist() == [0, -1]
    assert uncertainty == pytest.approx([0.2, 0.3])
    points = np.array([[0.0, 0.0], [5.0, 5.0]])
    display = ClassificationDisplay(points=points, labels=labels, names=["a", "b"], mixture=mixture).plot()
    assert texts(display.legend_) == ["0  (90%)", "noise  (10%)", "90 % of a component"]


def test_one_column_has_a_tick_a_row_and_the_densities(data, fitted):
    display = ClassificationDisplay.from_estimator(fitted, data, columns="waiting")
    (rug,) = display.ax_.collections
    assert [segment[0, 0] for segment in rug.get_segments()] == data["waiting"].tolist()
    assert np.allclose(rug.get_colors()[:, :3], component_colours(2)[fitted.predict(data)])
    for line, weight in zip(display.lines_, [*fitted.weights_, 1.0], strict=True):
        assert np.trapezoid(line.get_ydata(), line.get_xdata()) == pytest.approx(weight, rel=1e-2)


@given(st.floats(1e-6, 1 - 1e-6))
def test_the_radius_holds_the_probability(probability):
    assert 1 - np.exp(-(radius_holding(probability) ** 2) / 2) == pytest.approx(probability)


@pytest.mark.parametrize("probability", [0, 1, -0.5, 90, np.nan])
def test_a_probability_is_between_0_and_1(probability, data, fitted):
    with pytest.raises(ValueError, match="probability must be between 0 and 1"):
        ClassificationDisplay.from_estimator(fitted, data, probability=probability)


def test_what_is_no_fitted_mixture_is_refused_by_name(data, fitted):
    with pytest.raises(NotFittedError):
        ClassificationDisplay.from_estimator(GaussianMixture(2), data)
    with pytest.raises(TypeError, match="StandardScaler, which has no weights_"):
        ClassificationDisplay.from_estimator(StandardScaler().fit(data), data)
    with pytest.raises(TypeError, match=r"Pipeline, which has no weights_\. Pass its last step"):
        ClassificationDisplay.from_estimator(
            make_pipeline(StandardScaler(), GaussianMixture(2)).fit(data), data
        )
    with pytest.raises(
        ValueError, match=r"labels must have one entry a row of X, shape \(272,\). Got \(3,\)"
    ):
        ClassificationDisplay.from_predictions(data, [0, 1, 2])
    given_labels = ClassificationDisplay.from_predictions(data, fitted.predict(data))
    with pytest.raises(ValueError, match="uncertain_above needs uncertainties"):
        given_labels.plot(uncertain_above=0.1)
