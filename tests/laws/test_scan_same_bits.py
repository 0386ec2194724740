"""A scan has the bits of the array, whatever the kind of source: one body for all of them."""

import numpy as np
import pytest
from simulate import ATTRIBUTES, clusters
from simulate_sources import IN_DOUBLE, KINDS, table_of

from softmix import GaussianMixture, scan

X, _ = clusters(n=40_000, d=4)  # three blocks
FITTED = {*ATTRIBUTES} - {"labels_"}


def model():
    return GaussianMixture(3, random_state=0, max_iter=4, tol=0)


@pytest.fixture(scope="module", params=[np.float64, np.float32], ids=["float64", "float32"])
def expected(request):
    rows = X.astype(request.param)
    return rows, model().fit(rows)


def check(rows, of_array, scanned):
    """Everything that takes an array takes the scan and gives the same bits."""
    fitted = model()
    labels = fitted.fit_predict(scanned)
    for name in (*FITTED, "lower_bounds_", "lower_bound_", "n_iter_"):
        np.testing.assert_array_equal(getattr(fitted, name), getattr(of_array, name), err_msg=name)
    np.testing.assert_array_equal(labels, of_array.labels_)
    for method in ("predict", "predict_proba", "transform", "score_samples", "score", "bic", "aic", "icl"):
        of_scan = getattr(of_array, method)(scanned)
        np.testing.assert_array_equal(of_scan, getattr(of_array, method)(rows), err_msg=method)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_of_source(kind, expected, tmp_path):
    rows, of_array = expected
    source, options = kind(tmp_path, rows)
    scanned = scan(source, **options)
    if kind in IN_DOUBLE and rows.dtype == np.float32:
        rows = rows.astype(np.float64)
        of_array = model().fit(rows)
    assert scanned.dtype == rows.dtype
    assert not hasattr(model().fit(scanned), "labels_")
    check(rows, of_array, scanned)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "options",
    [{"spool": False}, {"spool": True}, {"keep_bytes": 1 << 30}],
    ids=lambda options: str(*options.items()),
)
def test_rows_that_are_kept(options, expected, tmp_path):
    rows, of_array = expected
    check(rows, of_array, scan(table_of(rows), **options))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_postgresql(postgresql, expected):
    rows, of_array = expected
    with postgresql.connect() as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("t", table_of(rows), mode="replace")
        connection.commit()
        check(rows, of_array, scan("SELECT * FROM t ORDER BY ctid", connection=connection))
    check(rows, of_array, scan("SELECT * FROM t ORDER BY ctid", connection=postgresql.address))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_weights_and_a_choice_of_columns(kind, tmp_path):
    rows = X[:5000].copy()
    rows[:, 2] = np.abs(rows[:, 2]).round()  # weights, zeros among them
    source, options = kind(tmp_path, rows)
    named = scan(source, **options).feature_names is not None
    columns, weights = (["x3", "x0"], "x2") if named else ([3, 0], 2)
    scanned = scan(source, **options, columns=columns, weights=weights)
    of_array = model().fit(rows[:, [3, 0]], sample_weight=rows[:, 2])
    fitted = model().fit(scanned)
    for name in FITTED:
        np.testing.assert_array_equal(getattr(fitted, name), getattr(of_array, name), err_msg=name)
    assert of_array.score(scanned) == of_array.score(rows[:, [3, 0]], sample_weight=rows[:, 2])
