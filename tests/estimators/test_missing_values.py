"""missing='marginal' as a user meets it: refusals, imputation, every parameter beside it."""

import pickle
import warnings
from itertools import permutations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from simulate import TYPES, clusters
from simulate_missing import completed_by_row, log_joint_by_row, with_holes

from softmix import GaussianMixture, load, scan
from softmix.estimators.fitted import get_parameters
from softmix.exceptions import TableError
from softmix.structures import STRUCTURES

X, LABELS = clusters(n=200, d=3, separation=6.0)
M = with_holes(X, 0.25)
M[3] = np.nan
FRAME = pd.DataFrame(M, columns=["height", "width", "depth"])


def mixture(k=3, **params):
    return GaussianMixture(k, **{"missing": "marginal", "random_state": 0, **params})


def parameters_of(model):
    return get_parameters(model, STRUCTURES[model.covariance_type].shape)


@pytest.mark.parametrize("data", [M, M.astype(np.float32)])
def test_refusal_says_how_many_and_where(data):
    counts = np.isnan(M).sum(axis=0)
    said = (
        rf"Input X contains NaN: {counts.sum()} missing values, {counts[0]} in column 0, "
        rf"{counts[1]} in column 1, {counts[2]} in column 2\. missing='marginal' fits"
    )
    with pytest.raises(ValueError, match=said):
        GaussianMixture(2).fit(data)
    model = GaussianMixture(2).fit(X)
    for method in (model.predict, model.predict_proba, model.score_samples, model.score, model.bic):
        with pytest.raises(ValueError, match=said):
            method(data)


def test_refusal_names_columns_that_have_names():
    with pytest.raises(ValueError, match=r"in column 'height', \d+ in column 'width'"):
        GaussianMixture(2).fit(FRAME)


@pytest.mark.parametrize("bad", [np.inf, -np.inf])
def test_infinite_values_stay_an_error(bad):
    dirty = M.copy()
    dirty[0, 0] = bad
    with pytest.raises(ValueError, match="infinity"):
        mixture().fit(dirty)
    with pytest.raises(TableError, match="infinite value"):
        mixture().fit(scan(dirty))


@pytest.mark.parametrize("wrap", [lambda table: table, scan], ids=["frame", "scan"])
def test_a_column_that_is_never_observed_is_named(wrap):
    table = pa.table({"a": X[:, 0], "empty": np.full(200, np.nan), "c": M[:, 2]})
    with pytest.raises(ValueError, match="Column 'empty' has no observed value"):
        mixture().fit(wrap(table))
    with pytest.raises(ValueError, match="Columns 0, 1 have no observed value"):
        mixture().fit(np.c_[np.full((200, 2), np.nan), X])
    weights = np.isnan(M[:, 0]).astype(float)
    with pytest.raises(ValueError, match="Column 0 has no observed value in any row that counts"):
        mixture().fit(M, sample_weight=weights)


def test_scans_of_tables_with_nulls(tmp_path):
    """Parquet and CSV: the fit of the array, and predictions that are written."""
    table = pa.table({"plant": pa.array(range(200)), **{name: M[:, j] for j, name in enumerate("abc")}})
    path = tmp_path / "rows.parquet"
    nulls = pa.table({n: pa.array(table[n].to_numpy(), from_pandas=True) for n in table.schema.names})
    assert nulls["a"].null_count == np.isnan(M[:, 0]).sum()
    pq.write_table(nulls, path)
    nulls.to_pandas().to_csv(tmp_path / "rows.csv", index=False)
    model = mixture().fit(M)
    for file in (path, tmp_path / "rows.csv"):
        rows = scan(file, ids="plant")
        again = mixture().fit(rows)
        np.testing.assert_array_equal(again.means_, model.means_)
        np.testing.assert_array_equal(again.predict_proba(rows), model.predict_proba(M))
        np.testing.assert_array_equal(again.impute(rows), model.impute(M))
        again.write_predictions(rows, tmp_path / "out.parquet")
        written = pq.read_table(tmp_path / "out.parquet")
        np.testing.assert_array_equal(written["label"], model.labels_)
        np.testing.assert_array_equal(written["log_density"], model.score_samples(M))
        with pytest.raises(TableError, match=r"column 'a' has \d+ missing values .* use missing='marginal'"):
            GaussianMixture(3).fit(rows)


def test_weights_of_a_scan_are_never_missing():
    weights = np.where(np.arange(200) == 7, np.nan, 1.0)
    with pytest.raises(TableError, match="column 3 has 1 missing value"):
        mixture().fit(scan(np.c_[M, weights], weights=3))


@pytest.mark.parametrize("covariance_type", TYPES)
def test_imputation_is_the_conditional_mean(covariance_type):
    model = mixture(covariance_type=covariance_type, max_iter=20, tol=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(M)
    parameters = parameters_of(model)
    filled = model.impute(M)
    joint = log_joint_by_row(parameters, M)
    resp = np.exp(joint - joint.max(axis=1, keepdims=True))
    resp /= resp.sum(axis=1, keepdims=True)
    for i in range(40):
        each = [completed_by_row(parameters, M[i], k)[0] for k in range(3)]
        np.testing.assert_allclose(filled[i], resp[i] @ each, rtol=1e-9, atol=1e-9)
    observed = ~np.isnan(M)
    np.testing.assert_array_equal(filled[observed], M[observed])


@pytest.mark.parametrize("covariance_type", TYPES)
def test_draws_have_the_conditional_mean_and_covariance(covariance_type):
    model = mixture(2, covariance_type=covariance_type).fit(M)
    parameters = parameters_of(model)
    row = np.array([np.nan, X[0, 1], np.nan])
    draws = model.impute(np.tile(row, (20_000, 1)), draws=2).reshape(-1, 3)
    joint = log_joint_by_row(parameters, row[None])[0]
    resp = np.exp(joint - joint.max())
    resp /= resp.sum()
    centers, residuals = zip(*(completed_by_row(parameters, row, k) for k in range(2)), strict=True)
    mean = resp @ centers
    covariance = sum(
        r * (residual + np.outer(center - mean, center - mean))
        for r, center, residual in zip(resp, centers, residuals, strict=True)
    )
    # Four standard errors of 40,000 draws.
    scale = np.sqrt(np.diagonal(covariance))
    assert (np.abs(draws.mean(axis=0) - mean) <= 0.02 * scale + 1e-12).all()
    np.testing.assert_allclose(np.cov(draws.T), covariance, atol=0.06 * scale.max() ** 2)
    assert (draws[:, 1] == X[0, 1]).all()


def test_draws_follow_random_state():
    model = mixture().fit(M)
    drawn = model.impute(M, draws=3)
    assert drawn.shape == (3, *M.shape)
    np.testing.assert_array_equal(drawn, model.impute(M, draws=3))
    assert not np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn, model.set_params(random_state=1).impute(M, draws=3))
    for wrong in (0, -1, 1.5):
        with pytest.raises(ValueError, match=f"draws={wrong}"):
            model.impute(M, draws=wrong)


def test_a_model_of_complete_rows_imputes_and_can_be_told_to_predict():
    model = GaussianMixture(3, random_state=0).fit(X)
    assert np.isfinite(model.impute(M)).all()
    np.testing.assert_array_equal(model.impute(X), X)
    assert model.set_params(missing="marginal").predict(M).shape == (200,)


def test_float32_is_near_float64():
    single, double = mixture().fit(M.astype(np.float32)), mixture().fit(M)
    assert single.means_.dtype == np.float32
    np.testing.assert_allclose(single.means_, double.means_, atol=1e-2)
    assert single.lower_bound_ == pytest.approx(double.lower_bound_, abs=1e-4)
    assert single.impute(M.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize(
    "params",
    [
        {"n_init": 2},
        {"prior": "default"},
        {"weights": "equal"},
        {"means_init": [X[k == LABELS].mean(axis=0) for k in range(3)]},
        {"resp_init": LABELS},
        {"resp_init": np.eye(3)[LABELS]},
        {"init_params": "hierarchical"},
        {"init_params": "kmeans"},
        {"init_params": "random_from_data", "n_init": 10},
        {"acceleration": None},
        {"reg_covar": 0.0},
    ],
    ids=lambda params: " ".join(f"{name}={str(value)[:12]}" for name, value in params.items()),
)
def test_beside_the_other_parameters_it_finds_the_clusters(params):
    model = mixture(**params).fit(M)
    # The first column tells the clusters apart.
    seen = ~np.isnan(M[:, 0])
    agree = [(np.array(order)[model.labels_] == LABELS)[seen].mean() for order in permutations(range(3))]
    assert max(agree) > 0.95


def test_components_that_collapse_are_placed_anew():
    """Two components for a hundred equal rows; what is missing is completed by the mixture meanwhile."""
    rows = np.concatenate([np.tile(X[0], (100, 1)), M])
    model = mixture(4, covariance_type="full", init_params="random_from_data")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(rows)
    assert np.isfinite(model.score_samples(rows)).all()


def test_warm_start_goes_on():
    model = mixture(warm_start=True, max_iter=3, tol=1e-9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        bounds = [model.fit(M).lower_bound_ for _ in range(15)]
    assert np.diff(bounds).min() >= 0
    assert bounds[-1] == pytest.approx(mixture(tol=1e-9).fit(M).lower_bound_, abs=1e-5)


def test_saved_pickled_and_cloned(tmp_path):
    model = mixture().fit(FRAME)
    model.save(tmp_path / "model.softmix")
    for again in (load(tmp_path / "model.softmix"), pickle.loads(pickle.dumps(model))):  # noqa: S301
        assert again.missing == "marginal"
        np.testing.assert_array_equal(again.predict_proba(FRAME), model.predict_proba(FRAME))
        np.testing.assert_array_equal(again.impute(FRAME), model.impute(FRAME))


def test_transform_and_fit_transform():
    model = mixture()
    np.testing.assert_array_equal(model.fit_transform(M), model.predict_proba(M))
    np.testing.assert_array_equal(model.fit_predict(M), model.predict(M))


def test_a_failed_fit_changes_nothing():
    model = mixture().fit(M)
    before = model.means_.copy()
    with pytest.raises(ValueError, match="no observed value"):
        model.fit(np.c_[M[:, :2], np.full(200, np.nan)])
    np.testing.assert_array_equal(model.means_, before)


def test_unknown_values_of_the_parameter():
    with pytest.raises(ValueError, match="'missing' parameter"):
        GaussianMixture(missing="drop").fit(X)


def test_a_stream_of_blocks_learns_what_the_fit_knows():
    rows = np.concatenate([M] * 10)[np.random.default_rng(0).permutation(2000)]
    model = mixture()
    for _ in range(5):
        for start in range(0, 2000, 500):
            model.partial_fit(rows[start : start + 500])
    assert model.score(rows) > mixture().fit(rows).lower_bound_ - 0.02
    streamed = mixture()
    for _ in range(20):
        streamed.partial_fit(scan(rows))
    assert streamed.score(rows) > model.score(rows) - 0.02
    with pytest.raises(ValueError, match=r"Input X contains NaN: .* missing='marginal'"):
        GaussianMixture(3).partial_fit(rows)
