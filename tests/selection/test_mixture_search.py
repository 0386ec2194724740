"""MixtureSearch: what it chooses, what it says of each model, and what it keeps."""

import warnings

import numpy as np
import pytest
from simulate_searches import FOUR, Interrupting, three_clusters
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from softmix import (
    DegenerateComponentWarning,
    GaussianMixture,
    MixtureSearch,
    SearchInterruptedWarning,
    load,
    scan,
)
from softmix.selection.starts import Starts


@pytest.mark.filterwarnings("ignore::UserWarning")  # the checks fit a few rows in many columns
@parametrize_with_checks(
    [MixtureSearch(3, covariance_type=["diag", "VEE"]), MixtureSearch((1, 2), covariance_type="all")]
)
def test_estimator_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize("criterion", ["bic", "icl", "aic", "cv"])
def test_the_truth_is_found(criterion):
    search = MixtureSearch(range(1, 7), covariance_type=FOUR, criterion=criterion, random_state=0)
    search.fit(three_clusters())
    best = search.results_[search.best_index_]
    assert search.best_score_ == getattr(best, criterion)
    assert search.best_params_ == {
        "n_components": best.n_components,
        "covariance_type": best.covariance_type,
    }
    if criterion in {"bic", "icl"}:
        assert best.n_components == 3
    scores = [getattr(r, criterion) for r in search.results_ if r.is_sound]
    assert search.best_score_ == (max(scores) if criterion == "cv" else min(scores))


def test_the_criteria_are_those_of_the_estimator():
    X = three_clusters()
    search = MixtureSearch((2, 3), random_state=0).fit(X)
    best, record = search.best_estimator_, search.results_[search.best_index_]
    assert isinstance(best, GaussianMixture)
    assert record.bic == pytest.approx(best.bic(X), rel=1e-9)
    assert record.icl == pytest.approx(best.icl(X), rel=1e-9)
    assert record.aic == pytest.approx(best.aic(X), rel=1e-9)
    assert record.log_likelihood == pytest.approx(best.score(X) * len(X), rel=1e-9)
    assert np.array_equal(search.labels_, best.predict(X))
    assert len(search.results_) == 28


def test_held_out_rows_score_the_model_that_did_not_see_them():
    X = three_clusters()
    search = MixtureSearch((1, 3), covariance_type="full", criterion="cv", random_state=0).fit(X)
    for record in search.results_:
        assert record.cv < record.log_likelihood / len(X)
        assert record.cv > record.log_likelihood / len(X) - 0.2


def test_no_structure_wins_by_a_component_of_one_row():
    X = load_iris().data
    search = MixtureSearch(range(1, 8), random_state=0).fit(X)
    assert search.best_params_ == {"n_components": 2, "covariance_type": "VEV"}
    assert -search.best_score_ >= -561.7285
    counts = search.best_estimator_.weights_ * len(X)
    assert counts.min() >= 2


def test_copies_of_few_rows_make_degenerate_models_and_a_warning():
    X = np.repeat(np.random.default_rng(0).standard_normal((5, 2)), 20, axis=0)
    search = MixtureSearch((5,), covariance_type=["VEE", "tied"], random_state=0)
    with pytest.warns(DegenerateComponentWarning, match="Every model"):
        search.fit(X)
    assert {str(r.status) for r in search.results_} == {"degenerate"}
    assert all("distinct rows" in r.reason or "spread" in r.reason for r in search.results_)


def test_more_components_than_rows_are_said_to_be_impossible():
    X = three_clusters(6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search = MixtureSearch((1, 5, 9), covariance_type="spherical", random_state=0).fit(X)
    assert [str(r.status) for r in search.results_][2] == "not possible"
    assert "9 components need as many rows; there are 6." in search.results_[2].reason
    with pytest.raises(ValueError, match="No model of the grid could be fitted"):
        MixtureSearch(9, covariance_type="spherical").fit(X)


def test_one_column_has_two_structures():
    x = three_clusters()[:, :1]
    search = MixtureSearch((1, 2), random_state=0).fit(x)
    assert [r.covariance_type for r in search.results_] == ["E", "V", "E", "V"]
    both = MixtureSearch(2, covariance_type=["full", "V", "spherical", "tied"], random_state=0).fit(x)
    assert [r.covariance_type for r in both.results_] == ["full", "tied"]


@pytest.mark.parametrize("criterion", ["bic", "cv"])
def test_the_same_for_any_number_of_threads(criterion):
    X = three_clusters()
    one, three = (
        MixtureSearch(range(1, 4), criterion=criterion, random_state=3, n_jobs=n).fit(X) for n in (1, 3)
    )
    for mine, other in zip(one.results_, three.results_, strict=True):
        assert (mine.bic, mine.icl, mine.model) == (other.bic, other.icl, other.model)
        assert mine.cv == other.cv or np.isnan([mine.cv, other.cv]).all()
    assert np.array_equal(one.best_estimator_.means_, three.best_estimator_.means_)


def test_a_weight_is_the_row_repeated():
    X = three_clusters(120)
    weights = np.arange(120) % 3
    weighted, repeated = MixtureSearch((2, 3), random_state=0), MixtureSearch((2, 3), random_state=0)
    weighted.fit(X, sample_weight=weights)
    repeated.fit(np.repeat(X, weights, axis=0))
    assert weighted.best_params_ == repeated.best_params_
    assert weighted.best_score_ == pytest.approx(repeated.best_score_, rel=1e-6)


def test_a_scan_gives_what_its_array_gives(tmp_path):
    X = three_clusters()
    np.save(tmp_path / "rows.npy", X)
    rows = scan(tmp_path / "rows.npy")
    search, of_array = (
        MixtureSearch((2, 3), covariance_type=FOUR, random_state=0).fit(data) for data in (rows, X)
    )
    assert search.best_params_ == of_array.best_params_
    assert search.best_score_ == of_array.best_score_
    assert np.array_equal(search.predict(rows), of_array.labels_)
    with pytest.raises(ValueError, match="criterion='cv' draws folds"):
        MixtureSearch(2, criterion="cv").fit(rows)


def test_what_is_fitted_before_ctrl_c_is_kept_and_gone_on_from():
    X = three_clusters()
    search = MixtureSearch(range(1, 5), covariance_type=FOUR, random_state=0, n_jobs=1, warm_start=True)
    search.set_params(progress=Interrupting(6))
    with pytest.warns(SearchInterruptedWarning, match="6 of 16 models fitted"):
        search.fit(X)
    kept = search.results_
    assert len(kept) == 6
    assert search.predict(X).shape == (300,)
    seen = []
    search.set_params(progress=lambda record, _n, _all: seen.append(record)).fit(X)
    assert len(seen) == 10
    assert search.results_[:6] == kept
    whole = clone(search).set_params(progress=False).fit(X)
    assert [r.bic for r in whole.results_] == [r.bic for r in search.results_]


def test_ctrl_c_before_anything_is_fitted_changes_nothing(monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("softmix.selection.cell_fits.CellFits.find", interrupted)
    search = MixtureSearch(2, covariance_type="full")
    with pytest.raises(KeyboardInterrupt):
        search.fit(three_clusters())
    assert not hasattr(search, "results_")


def test_other_rows_are_not_gone_on_from():
    search = MixtureSearch((1, 2), covariance_type="full", random_state=0, warm_start=True)
    search.fit(three_clusters())
    other = three_clusters(seed=1)
    search.fit(other)
    assert search.results_[0].bic == pytest.approx(
        GaussianMixture(1, random_state=0).fit(other).bic(other), rel=1e-9
    )


def test_every_failure_has_its_reason():
    X = np.c_[three_clusters(), np.ones(300)]
    search = MixtureSearch((1, 2), covariance_type="full", reg_covar=0.0, random_state=0)
    with pytest.raises(ValueError, match=r"failed: .*ill-defined empirical covariance"):
        search.fit(X)


def test_a_constant_column_is_no_fault_of_a_model():
    X = np.c_[three_clusters(), np.ones(300)]
    search = MixtureSearch(range(1, 5), covariance_type=FOUR, random_state=0).fit(X)
    assert search.best_params_["n_components"] == 3


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_components": 0}, "n_components.*Got 0"),
        ({"n_components": []}, r"n_components.*Got \[\]"),
        ({"n_components": [1, 2.5]}, "n_components.*Got 2.5"),
        ({"covariance_type": "round"}, "covariance_type.*Got 'round'"),
        ({"covariance_type": ["full", "V"]}, "'V' is mclust's name for data of one column"),
        ({"covariance_type": []}, "covariance_type is empty"),
        ({"criterion": "best"}, "criterion"),
        ({"criterion": "cv", "cv": 200}, "at least 400 rows"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        MixtureSearch(**parameters).fit(three_clusters())


def test_the_table_is_tidy():
    search = MixtureSearch((1, 2), covariance_type=FOUR, random_state=0).fit(three_clusters())
    table = search.table_
    assert {len(column) for column in table.values()} == {8}
    assert table["status"].tolist() == ["converged"] * 8
    frame = search.set_output(transform="pandas").table_
    assert frame.loc[search.best_index_, "bic"] == search.best_score_
    assert (
        search.transform(three_clusters()).columns.tolist()
        == ["mixturesearch0", "mixturesearch1"][: len(search.best_estimator_.weights_)]
    )


def test_it_works_in_a_pipeline_and_its_best_is_saved(tmp_path):
    X = three_clusters()
    pipeline = make_pipeline(StandardScaler(), MixtureSearch((2, 3), covariance_type=FOUR, random_state=0))
    assert pipeline.fit(X).predict_proba(X).shape == (300, 3)
    best = pipeline[-1].best_estimator_
    best.save(tmp_path / "best.softmix")
    assert np.array_equal(load(tmp_path / "best.softmix").means_, best.means_)


@pytest.mark.parametrize("init_params", ["kmeans", "hierarchical"])
def test_other_starts_and_settings_reach_each_fit(init_params):
    X = three_clusters()
    search = MixtureSearch(
        3, covariance_type="full", init_params=init_params, prior="default", weights="equal", random_state=0
    ).fit(X)
    assert np.array_equal(search.best_estimator_.weights_, np.full(3, 1 / 3))
    assert search.best_estimator_.prior == "default"


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_best_model_gets_a_search_of_its_own(seed):
    """What all models share leads to −8552 at best here; a search for one K to −8565 and less."""
    X = load_breast_cancer().data[:, :10]
    search = MixtureSearch((4, 5), covariance_type="full", random_state=seed).fit(X)
    assert search.best_score_ < -8565


def test_models_whose_shared_climbs_fail_climb_alone(monkeypatch):
    X = three_clusters()
    search = MixtureSearch((1, 2, 3), covariance_type=FOUR, random_state=0)
    together = clone(search).fit(X)
    lead = Starts.lead

    def fails(self, structure, sizes, *how_far):
        if len(sizes) > 1:
            raise ValueError("too many")
        lead(self, structure, sizes, *how_far)

    monkeypatch.setattr(Starts, "lead", fails)
    alone = clone(search).fit(X)
    assert [r.bic for r in alone.results_] == [r.bic for r in together.results_]
