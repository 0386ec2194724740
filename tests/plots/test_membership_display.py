"""The picture shows the model: right colours, right ellipses, right densities, right names."""

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from sklearn.mixture import GaussianMixture as Peer

from softmix import GaussianMixture
from softmix.data import faithful_path
from softmix.plots import MembershipDisplay
from softmix.plots.colours import blend, component_colours
from softmix.plots.marginals import marginal_covariances, standard_deviations

mpl.use("agg")

COVARIANCES = ["full", "tied", "diag", "spherical"]


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def data():
    return pd.read_csv(faithful_path())


@pytest.fixture(scope="module")
def fitted(data):
    return GaussianMixture(2, random_state=0).fit(data)


def five_columns(covariance_type, k=3):
    X = np.random.default_rng(0).normal(size=(200, 5)) * [1, 2, 3, 4, 5]
    return X, GaussianMixture(k, covariance_type=covariance_type, random_state=0, tol=1e-2).fit(X)


def dense(model):
    d = model.means_.shape[1]
    covariances = {
        "full": lambda c: c,
        "tied": lambda c: np.stack([c] * len(model.means_)),
        "diag": lambda c: np.stack([np.diag(row) for row in c]),
        "spherical": lambda c: np.stack([v * np.eye(d) for v in c]),
    }
    return covariances[model.covariance_type](model.covariances_)


@pytest.mark.parametrize("k", [3, 5])
@pytest.mark.parametrize("covariance_type", COVARIANCES)
def test_marginals_are_parts_of_the_whole_covariance(covariance_type, k):
    _, model = five_columns(covariance_type, k)
    whole = dense(model)
    assert np.allclose(marginal_covariances(model, [3, 1]), whole[:, [3, 1]][:, :, [3, 1]])
    assert np.allclose(standard_deviations(model), np.sqrt(np.diagonal(whole, axis1=1, axis2=2)))


@pytest.mark.parametrize("covariance_type", COVARIANCES)
def test_ellipses_are_at_one_and_two_standard_deviations(covariance_type):
    X, model = five_columns(covariance_type)
    display = MembershipDisplay.from_estimator(model, X, columns=(4, 1))
    precisions = np.linalg.inv(marginal_covariances(model, [4, 1]))
    for number, ellipse in enumerate(display.ellipses_):
        k, sd = number // 2, number % 2 + 1
        pixels = ellipse.get_verts()
        z = display.ax_.transData.inverted().transform(pixels) - model.means_[k, [4, 1]]
        distance = np.sqrt(np.einsum("ni,ij,nj->n", z, precisions[k], z))
        assert distance == pytest.approx(sd, rel=1e-2)


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
    X, model = five_columns("spherical", k=12)
    ax = MembershipDisplay.from_estimator(model, X).ax_
    assert ax.get_legend() is None
    assert [text.get_text() for text in ax.texts] == [str(k) for k in range(12)]


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


def test_of_many_rows_a_sample_is_drawn(data, fitted):
    display = MembershipDisplay.from_estimator(fitted, data, max_points=50)
    assert len(display.scatter_.get_offsets()) == 50


def test_it_draws_where_it_is_told(data, fitted):
    figure, ax = plt.subplots()
    display = MembershipDisplay.from_estimator(fitted, data, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure


def test_scikit_learns_own_mixture_is_welcome(data):
    X = data.to_numpy()
    display = MembershipDisplay.from_estimator(Peer(2, random_state=0).fit(X), X)
    assert len(display.ellipses_) == 4


@pytest.mark.parametrize(
    ("columns", "finding"),
    [
        ((0, 1, 0), "one or two columns"),
        ((), "one or two columns"),
        ("height", "'height'"),
        ((0, 2), "has 2;"),
    ],
)
def test_impossible_columns_are_refused(columns, finding, data, fitted):
    with pytest.raises(ValueError, match=finding):
        MembershipDisplay.from_estimator(fitted, data, columns=columns)


def test_a_constant_column_is_drawn():
    X = np.random.default_rng(0).normal(size=(50, 2)) * [1, 0]
    with pytest.warns(match="no spread"):
        model = GaussianMixture(1).fit(X)
    MembershipDisplay.from_estimator(model, X).figure_.canvas.draw()
    MembershipDisplay.from_estimator(model, X, columns=1).figure_.canvas.draw()


@given(st.integers(1, 30))
def test_colours_are_distinct_and_unmixed_rows_have_their_components(n):
    colours = component_colours(n)
    assert len(np.unique(colours.round(6), axis=0)) == n
    assert np.allclose(blend(np.eye(n), colours), colours, atol=1e-6)


def test_a_blend_lies_between_in_lightness():
    black_and_white = np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    greys = blend(np.stack([1 - np.linspace(0, 1, 9), np.linspace(0, 1, 9)], axis=1), black_and_white)[:, 0]
    assert (np.diff(greys) > 0.02).all()


def test_importing_plots_does_not_import_matplotlib():
    code = "import sys, softmix.plots; sys.exit('matplotlib' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
