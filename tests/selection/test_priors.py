"""A search over models with a prior and without."""

import pickle

import numpy as np
import pytest
from simulate_searches import Interrupting, three_clusters

from softmix import GaussianMixture, MixtureSearch

TYPES = ["EEE", "VVV", "VVI", "VEV"]
X = three_clusters(120)


def search(prior, rows=X, sizes=range(1, 4), **params):
    return MixtureSearch(sizes, covariance_type=TYPES, prior=prior, random_state=0, **params).fit(rows)


def test_each_model_with_each_prior():
    loose = {"shrinkage": 0, "scale": None}
    found = search([None, "default", loose])
    assert [r.prior for r in found.results_].count("shrinkage=0.0") == len(found.results_) / 3 == 12
    assert list(dict.fromkeys(found.table_["prior"])) == ["none", "default", "shrinkage=0.0"]
    for record, prior in zip(found.results_[:12:4], (None, "default", loose), strict=True):
        # One component: there is one maximum.
        alone = GaussianMixture(1, covariance_type="EEE", prior=prior).fit(X)
        assert record.log_likelihood == pytest.approx(alone.score(X) * len(X), abs=1e-6)
    assert found.best_params_ == {"n_components": 3, "covariance_type": "EEE", "prior": None}


@pytest.mark.parametrize("prior", ["default", {"dof": 9.0}])
def test_the_best_has_its_prior(prior):
    found = search(prior)
    assert found.best_params_["prior"] == found.best_estimator_.prior == prior
    assert found.results_[found.best_index_].bic == pytest.approx(found.best_estimator_.bic(X), abs=1e-6)
    assert "prior" not in search(None).best_params_


def test_where_a_model_is_degenerate_without_its_prior_saves_it():
    rows = np.concatenate([three_clusters(60), np.full((4, 2), 30.0) + 1e-9 * np.eye(4, 2)])
    found = search((None, "default"), rows, sizes=[4])
    ended = {(r.model, r.prior): r.is_sound for r in found.results_}
    assert not ended["VVV", "none"]
    assert ended["VVV", "default"]


def test_the_same_prior_is_tried_once():
    found = search((None, "default", {}, {"dof": None}, None))
    assert [r.prior for r in found.results_[:8]] == ["none"] * 4 + ["default"] * 4
    assert len(found.results_) == 24
    assert len(search([{"mean": [1, 2]}, {"mean": np.array([1.0, 2.0])}]).results_) == 12


def test_warm_start_keeps_what_is_fitted_in_another_process_too():
    found = search(None, warm_start=True)
    before = found.results_
    revived = pickle.loads(pickle.dumps(found))  # noqa: S301 (our own)
    revived.set_params(prior=(None, {"shrinkage": 0}), progress=Interrupting(15))
    with pytest.warns(UserWarning, match=r"\d\d of 24"):
        revived.fit(X)
    known = len(revived.results_)  # another thread may be in the midst of one
    assert 15 <= known < 24
    kept = [(r.bic, r.seconds) for r in revived.results_ if r.prior == "none"]
    assert kept == [(r.bic, r.seconds) for r in before]
    told = []
    revived.set_params(progress=lambda record, n_done, n_models: told.append((record.prior, n_done)))
    revived.fit(X)
    assert told == [("shrinkage=0.0", n) for n in range(known + 1, 25)]


def test_the_same_bits_for_any_threads():
    one, other = (search((None, "default"), n_jobs=n_jobs) for n_jobs in (1, 3))
    assert [r.bic for r in one.results_] == [r.bic for r in other.results_]


def test_besides_noise():
    found = search((None, "default"), sizes=[3], noise=(None, True))
    assert [r.name for r in found.results_] == [
        f"{name}{noise}{prior}" for noise in ("", " + noise") for prior in ("", " + prior") for name in TYPES
    ]
    # A scale that suits one shape of covariance alone, in models that share their starts.
    scaled = search({"scale": 0.5}, sizes=[3], noise=True)
    assert [str(r.status) for r in scaled.results_] == ["failed", "failed", "converged", "failed"]
    assert "prior['scale']" in scaled.results_[0].reason


def test_folds():
    found = search((None, "default"), criterion="cv", sizes=[1, 3], cv=3)
    assert found.best_params_["n_components"] == 3
    assert np.isfinite([r.cv for r in found.results_]).all()


def test_the_bar_names_the_model(capsys):
    pytest.importorskip("rich")
    search(["default"], sizes=[3], progress=True)
    assert "+ prior, 3, bic" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("prior", "said"),
    [
        ("strong", "must be None, 'default', a dict, or several"),
        (3, "Got 3"),
        ((), "prior is empty"),
        ((None, True), "Got True"),
        ({"shrink": 0}, "unknown key 'shrink'"),
        ((None, {"dof": -1}), "prior\\['dof'\\]"),
        ({"mean": [1, 2, 3]}, "prior\\['mean'\\]"),
    ],
)
def test_refusals(prior, said):
    with pytest.raises(ValueError, match=said):
        search(prior)
