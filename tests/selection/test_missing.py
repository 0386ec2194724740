"""MixtureSearch(missing="marginal"): models of rows that lack values, compared by what is observed."""

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulate_missing import with_holes
from simulate_searches import FOUR, three_clusters

from softmix import GaussianMixture, MixtureSearch, scan
from softmix.structures import STRUCTURES

X = three_clusters()
M = with_holes(X, 0.15)
M[7] = np.nan


def search(k=(1, 2, 3, 4), **params):
    return MixtureSearch(k, **{"covariance_type": FOUR, "missing": "marginal", "random_state": 0, **params})


def without_seconds(fitted):
    return repr([replace(record, seconds=0.0) for record in fitted.results_])


@pytest.mark.parametrize("criterion", ["bic", "icl", "aic", "cv"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_without_missing_values_it_finds_the_same(criterion, dtype):
    params = {"criterion": criterion, "covariance_type": ["EII", "VVI", "VEE", "VVV"]}
    with_option, without = search(**params), search(**params, missing=None)
    assert without_seconds(with_option.fit(X.astype(dtype))) == without_seconds(without.fit(X.astype(dtype)))
    np.testing.assert_array_equal(with_option.best_estimator_.means_, without.best_estimator_.means_)


def test_without_missing_values_a_scan_finds_the_same():
    with_option, without = search(), search(missing=None)
    assert without_seconds(with_option.fit(scan(X))) == without_seconds(without.fit(scan(X)))


@pytest.mark.parametrize("criterion", ["bic", "icl", "aic", "cv"])
def test_the_clusters_are_found(criterion):
    found = search(criterion=criterion).fit(M)
    assert found.best_params_ == {"n_components": 3, "covariance_type": "tied"}
    seen = ~np.isnan(M).any(axis=1)
    labels = np.arange(len(X))[seen] % 3
    assert pd.crosstab(found.labels_[seen], labels).max(axis=1).sum() == seen.sum()


@given(
    criterion=st.sampled_from(["bic", "icl", "aic"]),
    rate=st.sampled_from([0.05, 0.3, 0.6]),
    weighted=st.booleans(),
    seed=st.integers(0, 99),
)
@settings(max_examples=8)
def test_criteria_are_of_what_is_observed(criterion, rate, weighted, seed):
    """Those that the best mixture itself gives to the rows."""
    rows = with_holes(X, rate, seed)
    weights = np.random.default_rng(seed).integers(0, 3, len(rows)) if weighted else None
    found = search((2, 3), criterion=criterion, max_iter=30).fit(rows, sample_weight=weights)
    record, best = found.results_[found.best_index_], found.best_estimator_
    assert best.missing == "marginal"
    total = len(rows) if weights is None else weights.sum()
    assert record.log_likelihood == pytest.approx(best.score(rows, sample_weight=weights) * total, rel=1e-9)
    for name in ("bic", "icl", "aic"):
        assert getattr(record, name) == pytest.approx(getattr(best, name)(rows, weights), rel=1e-9)


def test_every_covariance_type_is_fitted():
    found = search((3,), covariance_type="all").fit(M)
    assert {record.model for record in found.results_} == {s.name for s in STRUCTURES.values()} - {"E", "V"}
    assert {str(record.status) for record in found.results_} == {"converged"}


def test_rows_held_out_are_scored_by_what_is_observed():
    """One fold, done by hand."""
    train, test = np.arange(0, 300, 2), np.arange(1, 300, 2)
    found = search((3,), covariance_type=["tied"], criterion="cv", cv=[(train, test)], tol=1e-8).fit(M)
    model = GaussianMixture(3, covariance_type="tied", missing="marginal", random_state=0, tol=1e-8)
    assert found.best_score_ == pytest.approx(model.fit(M[train]).score(M[test]), abs=1e-5)


def test_outputs_are_those_of_the_best_mixture():
    frame = pd.DataFrame(M, columns=["a", "b"])
    found = search().fit(frame)
    best = found.best_estimator_
    for name in (
        "predict",
        "predict_proba",
        "transform",
        "score_samples",
        "score",
        "bic",
        "icl",
        "aic",
        "impute",
    ):
        np.testing.assert_array_equal(getattr(found, name)(frame), getattr(best, name)(frame), err_msg=name)
    np.testing.assert_array_equal(found.labels_, found.predict(frame))
    filled = found.impute(frame)
    np.testing.assert_array_equal(filled[~np.isnan(M)], M[~np.isnan(M)])
    assert np.isfinite(filled).all()
    assert found.impute(frame, draws=2).shape == (2, *M.shape)


def test_a_scan_is_searched_as_an_array_is():
    of_scan, of_array = search().fit(scan(M)), search().fit(M)
    assert without_seconds(of_scan) == without_seconds(of_array)


def test_any_number_of_threads_has_the_same_bits():
    assert without_seconds(search(n_jobs=3).fit(M)) == without_seconds(search(n_jobs=1).fit(M))


def test_warm_start_fits_what_is_new():
    first = search((2, 3), warm_start=True).fit(M)
    grown = pickle.loads(pickle.dumps(first)).set_params(n_components=(2, 3, 4)).fit(M)  # noqa: S301
    assert repr(grown.results_[: len(first.results_)]) == repr(first.results_)
    assert len(grown.results_) == 12


def test_refusals():
    with pytest.raises(ValueError, match=r"Input X contains NaN: .* missing='marginal'"):
        search(missing=None).fit(M)
    with pytest.raises(ValueError, match="noise=True and missing='marginal' do not go together"):
        search(noise=True).fit(M)
    with pytest.raises(ValueError, match="Column 1 has no observed value"):
        search().fit(np.c_[X[:, 0], np.full(len(X), np.nan)])
    with pytest.raises(ValueError, match="infinity"):
        search().fit(np.where(np.isnan(M), np.inf, M))
    with pytest.raises(ValueError, match="'missing' parameter"):
        search(missing="drop").fit(M)
