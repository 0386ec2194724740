"""The picture shows the model: right colours, right ellipses, right densities, right names."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from sklearn.mixture import GaussianMixture as Peer

from softmix import GaussianMixture, MixtureSearch
from softmix.plots import MembershipDisplay
from softmix.plots.colours import blend, component_colours, noise_colour
from softmix.plots.marginals import Marginal, marginal_covariances

COVARIANCES = ["full", "tied", "diag", "spherical"]


def five_columns(covariance_type, k=3):
    X = np.random.default_rng(0).normal(size=(200, 5)) * [1, 2, 3, 4, 5]
    return X, GaussianMixture(k, covariance_type=covariance_type, random_state=0, tol=1e-2).fit(X)


@pytest.mark.parametrize("covariance_type", COVARIANCES)
def test_ellipses_are_at_one_and_two_standard_deviations(covariance_type, distances):
    X, model = five_columns(covariance_type)
    display = MembershipDisplay.from_estimator(model, X, columns=(4, 1))
    covariances = marginal_covariances(model, [4, 1])
    for number, ellipse in enumerate(display.ellipses_):
        k, sd = number // 2, number % 2 + 1
        found = distances(display.ax_, ellipse, model.means_[k, [4, 1]], covariances[k])
        assert found == pytest.approx(sd, rel=1e-2)


def test_points_are_the_rows_in_their_blended_colours(data, fitted):
    display = MembershipDisplay.from_estimator(fitted, data)
    assert np.array_equal(display.scatter_.get_offsets(), data)
    resp = fitted.predict_proba(data)
    assert np.allclose(display.scatter_.get_facecolors()[:, :3], blend(resp, component_colours(2)))


def test_axes_are_named_after_the_columns(data, fitted):
    ax = MembershipDisplay.from_estimator(fitted, data).ax_
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("eruptions", "waiting")
    swapped = MembershipDisplay.from_estimator(fitted, data, columns=("waiting", 0)).ax_
    assert (swapped.get_xlabel(), swapped.get_ylabel()) == ("waiting", "eruptions")


def test_columns_without_names_are_numbered():
    X, model = five_columns("diag")
    ax = MembershipDisplay.from_estimator(model, X, columns=(0, -1)).ax_
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("column 0", "column 4")


def test_the_legend_gives_each_component_its_share(data, fitted):
    legend = MembershipDisplay.from_estimator(fitted, data).ax_.get_legend()
    shares = [f"{k}  ({weight:.0%})" for k, weight in enumerate(fitted.weights_)]
    assert [text.get_text() for text in legend.get_texts()] == shares


def test_many_components_are_numbered_in_the_picture_instead():
    X, model = five_columns("spherical", k=17)
    ax = MembershipDisplay.from_estimator(model, X).ax_
    assert ax.get_legend() is None
    assert [text.get_text() for text in ax.texts] == [str(k) for k in range(17)]


def test_one_column_shows_densities_that_integrate_to_the_weights(data):
    X = data[["eruptions"]]
    model = GaussianMixture(2, random_state=0).fit(X)
    display = MembershipDisplay.from_estimator(model, X)
    *components, mixture = display.lines_
    for line, weight in zip(components, model.weights_, strict=True):
        assert np.trapezoid(line.get_ydata(), line.get_xdata()) == pytest.approx(weight, rel=2e-2)
    grid = mixture.get_xdata()
    named = pd.DataFrame({"eruptions": grid})
    assert mixture.get_ydata() == pytest.approx(np.exp(model.score_samples(named)))


def test_the_histogram_has_area_one_divided_by_membership(data, fitted):
    display = MembershipDisplay.from_estimator(fitted, data, columns="waiting")
    areas = [
        sum(bar.get_width() * bar.get_height() for bar in container) for container in display.ax_.containers
    ]
    assert areas == pytest.approx(fitted.predict_proba(data).mean(axis=0))
    tallest = max(bar.get_y() + bar.get_height() for container in display.ax_.containers for bar in container)
    assert display.ax_.get_ylim()[1] > tallest


def test_of_many_rows_a_sample_is_drawn_and_the_title_says_so(data, fitted):
    display = MembershipDisplay.from_estimator(fitted, data, max_points=50)
    assert len(display.scatter_.get_offsets()) == 50
    assert display.ax_.get_title(loc="left") == "a sample of 50 of 272 rows"
    assert MembershipDisplay.from_estimator(fitted, data).ax_.get_title(loc="left") == ""


def test_it_draws_where_it_is_told(data, fitted):
    figure, ax = plt.subplots()
    display = MembershipDisplay.from_estimator(fitted, data, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure


def test_scikit_learns_own_mixture_is_welcome(data):
    X = data.to_numpy()
    display = MembershipDisplay.from_estimator(Peer(2, random_state=0).fit(X), X)
    assert len(display.ellipses_) == 4


def test_of_a_search_the_best_model_is_drawn(data):
    search = MixtureSearch((1, 2), covariance_type="EEE", random_state=0).fit(data)
    assert len(MembershipDisplay.from_estimator(search, data).ellipses_) == 4


@pytest.mark.parametrize("columns", [[0], [0, 1]])
def test_noise_is_neutral_grey(columns, texts):
    mixture = Marginal(
        np.array([0.5, 0.4]), np.array([[0.0, 0.0], [3.0, 3.0]]), np.stack([np.eye(2)] * 2), ["a", "b"], 0.1
    )
    resp = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    points = np.array([[0.0, 0.0], [3.0, 3.0], [9.0, -9.0]])
    display = MembershipDisplay(points=points[:, columns], resp=resp, mixture=mixture.within(columns)).plot()
    assert texts(display.legend_) == ["0  (50%)", "1  (40%)", "noise  (10%)"]
    if len(columns) == 2:
        assert display.scatter_.get_facecolors()[2, :3] == pytest.approx(noise_colour(), abs=1e-6)
    else:
        assert display.ax_.containers[2][-1].get_facecolor()[:3] == pytest.approx(noise_colour())
