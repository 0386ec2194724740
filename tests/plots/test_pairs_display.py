"""A panel for each two columns, densities on the diagonal, names and ticks at the edges."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

from softmix import GaussianMixture
from softmix.plots import PairsDisplay
from softmix.plots.marginals import Marginal


def test_panels_have_the_marginals_ellipses(iris, of_iris, distances):
    display = PairsDisplay.from_estimator(of_iris, iris, columns=[3, 0, 2], probability=0.5)
    chosen, radius = [3, 0, 2], np.sqrt(-2 * np.log(0.5))
    assert display.axes_.shape == (3, 3)
    assert sorted(display.ellipses_) == [(i, j) for i in range(3) for j in range(3) if i != j]
    for (i, j), ellipses in display.ellipses_.items():
        pair = [chosen[j], chosen[i]]
        for k, ellipse in enumerate(ellipses):
            mean, covariance = of_iris.means_[k, pair], of_iris.covariances_[k][np.ix_(pair, pair)]
            assert distances(display.axes_[i, j], ellipse, mean, covariance) == pytest.approx(
                radius, rel=1e-2
            )


def test_every_panel_off_the_diagonal_has_every_row(iris, of_iris):
    display = PairsDisplay.from_estimator(of_iris, iris)
    X = iris.to_numpy()
    for i, j in display.ellipses_:
        drawn = np.vstack([points.get_offsets() for points in display.axes_[i, j].collections])
        assert sorted(map(tuple, drawn)) == sorted(map(tuple, X[:, [j, i]]))


def test_the_diagonal_has_the_marginal_densities(iris, of_iris):
    display = PairsDisplay.from_estimator(of_iris, iris)
    for j, lines in enumerate(display.lines_):
        x = lines[0].get_xdata()
        expected = np.exp(Marginal.of(of_iris, [j], list(iris.columns)).log_density(x[:, None]))
        assert lines[-1].get_ydata() == pytest.approx(expected)
        assert len(lines) == 4
        assert np.trapezoid(expected, x) == pytest.approx(1, abs=2e-2)


def test_names_are_at_the_edges_and_columns_share_their_scale(iris, of_iris):
    axes = PairsDisplay.from_estimator(of_iris, iris).axes_
    assert [ax.get_xlabel() for ax in axes[-1]] == list(iris.columns)
    assert [ax.get_ylabel() for ax in axes[:, 0]] == list(iris.columns)
    assert {ax.get_xlabel() for ax in axes[:-1].ravel()} == {""}
    assert {ax.get_ylabel() for ax in axes[:, 1:].ravel()} == {""}
    for j in range(4):
        assert len({ax.get_xlim() for ax in axes[:, j]}) == 1
        assert len({ax.get_ylim() for i, ax in enumerate(axes[j]) if i != j}) == 1
        assert axes[(j + 1) % 4, j].get_xlim() == pytest.approx(axes[j, (j + 1) % 4].get_ylim())


def test_the_legend_and_the_sample(iris, of_iris, texts):
    display = PairsDisplay.from_estimator(of_iris, iris, max_points=100)
    shares = [f"{k}  ({weight:.0%})" for k, weight in enumerate(of_iris.weights_)]
    assert texts(display.legend_) == [*shares, "90 % of a component"]
    assert display.axes_[0, 0].get_title(loc="left") == "a sample of 100 of 150 rows"


def test_noise_is_a_label_of_its_own(texts):
    mixture = Marginal(np.array([0.8]), np.zeros((1, 2)), np.eye(2)[None], ["a", "b"], 0.2)
    points = np.random.default_rng(0).normal(size=(50, 2))
    display = PairsDisplay(points=points, labels=np.repeat([0, -1], 25), mixture=mixture).plot()
    assert texts(display.legend_) == ["0  (80%)", "noise  (20%)", "90 % of a component"]


def test_with_many_components_the_panels_are_numbered():
    X = np.random.default_rng(0).normal(size=(300, 3))
    model = GaussianMixture(18, covariance_type="tied", random_state=0, tol=1e-2).fit(X)
    display = PairsDisplay.from_estimator(model, X)
    assert [text.get_text() for text in display.axes_[2, 0].texts] == [str(k) for k in range(18)]


def test_one_column_is_one_panel(data, fitted):
    display = PairsDisplay.from_estimator(fitted, data, columns="waiting")
    assert display.axes_.shape == (1, 1)
    assert len(display.axes_[0, 0].collections[0].get_segments()) == 272


def test_it_draws_where_it_is_told(iris, of_iris):
    figure, (left, right) = plt.subplots(1, 2)
    display = PairsDisplay.from_estimator(of_iris, iris, columns=[0, 1], ax=left)
    assert display.figure_ is figure
    place = left.get_position()
    assert all(place.x0 - 1e-9 <= ax.get_position().x0 <= place.x1 for ax in display.axes_.ravel())
    assert not right.has_data()
    _, panels = plt.subplots(2, 2)
    assert (PairsDisplay.from_estimator(of_iris, iris, columns=[0, 1], ax=panels).axes_ == panels).all()
    with pytest.raises(ValueError, match=r"or 3 × 3 of them.*Got 4"):
        PairsDisplay.from_estimator(of_iris, iris, columns=[0, 1, 2], ax=panels)
    with pytest.raises(ValueError, match="no place in a grid"):
        PairsDisplay.from_estimator(of_iris, iris, ax=plt.figure().add_axes((0, 0, 1, 1)))
