"""The less sure a label, the larger and darker its point."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from softmix import GaussianMixture
from softmix.plots import UncertaintyDisplay
from softmix.plots.colours import to_oklab


def test_points_grow_and_darken_with_uncertainty(iris, of_iris):
    display = UncertaintyDisplay.from_estimator(of_iris, iris, columns=[0, 2])
    uncertainty = 1 - of_iris.predict_proba(iris).max(axis=1)
    drawn = np.asarray(display.scatter_.get_array())
    assert drawn.tolist() == sorted(uncertainty)
    rows = {tuple(row) for row in np.column_stack([iris.to_numpy()[:, [0, 2]], uncertainty])}
    assert {tuple(row) for row in np.column_stack([display.scatter_.get_offsets(), drawn])} == rows
    assert (np.diff(display.scatter_.get_sizes()) >= 0).all()
    display.scatter_.update_scalarmappable()
    lightness = to_oklab(display.scatter_.cmap(np.linspace(0, 1, 100))[:, :3])[:, 0]
    assert (np.diff(lightness) < 0).all()
    assert display.scatter_.get_clim() == pytest.approx((0.0, 2 / 3))
    assert "1 − largest membership" in display.colorbar_.ax.get_ylabel()


def test_of_one_component_every_row_is_sure(iris):
    display = UncertaintyDisplay.from_estimator(GaussianMixture(1).fit(iris), iris)
    assert display.colorbar_ is None
    assert "no row is uncertain" in display.ax_.get_title(loc="left")
    assert len(display.ellipses_) == 1


def test_one_column_has_a_stem_a_row(data, fitted):
    display = UncertaintyDisplay.from_estimator(fitted, data, columns=["waiting"])
    uncertainty = 1 - fitted.predict_proba(data).max(axis=1)
    found = {tuple(row) for row in np.asarray(display.scatter_.get_offsets())}
    assert found == {tuple(row) for row in np.column_stack([data["waiting"], uncertainty])}
    stems = display.ax_.collections[0].get_segments()
    assert {(stem[1, 0], stem[1, 1]) for stem in stems} == found
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("waiting", "uncertainty")


def test_memberships_may_be_any_classifiers(iris):
    X, y = iris.to_numpy(), np.repeat([0, 1, 2], 50)
    resp = LogisticRegression(max_iter=1000).fit(X, y).predict_proba(X)
    display = UncertaintyDisplay.from_predictions(X, resp, columns=[1, 3], max_points=60)
    assert display.largest == pytest.approx(2 / 3)
    assert len(display.scatter_.get_offsets()) == 60
    assert display.ellipses_ == []
    with pytest.raises(ValueError, match=r"shape \(150, n_components\). Got \(3, 150\)"):
        UncertaintyDisplay.from_predictions(X, resp.T)
