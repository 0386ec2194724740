"""Estimators and scans: what is remembered of the columns, what is refused, what is left out."""

import numpy as np
import pyarrow as pa
import pytest
from simulate import clusters
from simulate_sources import table_of

from softmix import GaussianMixture, scan

X, _ = clusters(n=300, d=2)


def test_names_and_number_of_columns_are_remembered():
    model = GaussianMixture(2, random_state=0).fit(scan(table_of(X)))
    assert list(model.feature_names_in_) == ["x0", "x1"]
    assert model.n_features_in_ == 2
    assert not hasattr(model.fit(scan(X)), "feature_names_in_")


def test_labels_of_an_earlier_fit_do_not_outlive_it():
    model = GaussianMixture(2, random_state=0).fit(X)
    assert hasattr(model, "labels_")
    assert not hasattr(model.fit(scan(X)), "labels_")


def test_a_scan_and_an_array_can_take_turns():
    of_scan, of_array = (
        GaussianMixture(2, random_state=0).fit(rows) for rows in (scan(table_of(X)), table_of(X))
    )
    np.testing.assert_array_equal(
        of_scan.predict_proba(table_of(X)), of_array.predict_proba(scan(table_of(X)))
    )
    resumed = (m.set_params(warm_start=True, max_iter=3, tol=0) for m in (of_scan, of_array))
    with pytest.warns(UserWarning, match="converge"):
        one, two = (m.fit(rows) for m, rows in zip(resumed, (scan(table_of(X)), table_of(X)), strict=True))
    np.testing.assert_array_equal(one.means_, two.means_)


def test_transform_gives_the_container_that_is_asked_for():
    model = GaussianMixture(2, random_state=0).fit(scan(table_of(X))).set_output(transform="pandas")
    assert list(model.transform(scan(table_of(X))).columns) == ["gaussianmixture0", "gaussianmixture1"]


def test_weights_of_a_scan_are_weights_of_rows():
    weights = np.arange(300) % 3
    table = table_of(X).append_column("w", pa.array(weights))
    rows = scan(table, weights="w")
    one = GaussianMixture(2, random_state=0).fit(rows)
    two = GaussianMixture(2, random_state=0).fit(table_of(X), sample_weight=weights)
    np.testing.assert_array_equal(one.means_, two.means_)
    assert one.bic(rows) == two.bic(table_of(X), sample_weight=weights)


@pytest.mark.parametrize(
    ("rows", "options", "finding"),
    [
        (X[:1], {}, "a minimum of 2 is required"),
        (X[:3], {}, "Expected n_samples >= n_components but got n_components = 4, n_samples = 3"),
        (np.c_[X[:9], np.r_[np.ones(3), np.zeros(6)]], {"weights": 2}, "n_samples = 3 with positive weight"),
        (np.c_[X, np.zeros(300)], {"weights": 2}, "weights of the scan are zero for every row"),
        (np.c_[X, np.full(300, 1e308)], {"weights": 2}, "weights of the scan sum to infinity"),
        (np.repeat([[1.0, 2e304]], 40_000, 0), {"weights": 1}, "weights of the scan sum to infinity"),
    ],
)
def test_rows_that_cannot_be_fitted(rows, options, finding):
    with pytest.raises(ValueError, match=finding):
        GaussianMixture(4).fit(scan(rows, **options))


def test_sample_weight_does_not_go_with_a_scan():
    with pytest.raises(ValueError, match=r"scan\(..., weights=\)"):
        GaussianMixture(2).fit(scan(X), sample_weight=np.ones(300))


def test_a_failed_fit_changes_nothing():
    model = GaussianMixture(2, random_state=0).fit(table_of(X))
    before = dict(model.__dict__)
    with pytest.raises(ValueError, match="missing value"):
        model.fit(scan(np.where(np.arange(300)[:, None] == 200, np.nan, X)))
    assert model.__dict__ == before


def test_columns_must_be_those_of_the_fit():
    model = GaussianMixture(2, random_state=0).fit(table_of(X))
    with pytest.raises(
        ValueError, match=r"feature names should match .* columns=list\(model.feature_names_in_\)"
    ):
        model.predict(scan(table_of(X), columns=["x1", "x0"]))
    with pytest.raises(
        ValueError, match="has 1 features, but GaussianMixture is expecting 2 features as input"
    ):
        model.predict(scan(X, columns=[0]))
