"""A search over models with noise and without."""

import json

import numpy as np
import pandas as pd
import pytest
from simulate import clusters

from softmix import GaussianMixture, MixtureSearch


def in_a_box():
    X, labels = clusters(n=300, d=2, k=2, separation=10.0)
    X[:60] = np.random.default_rng(0).uniform(-15, 25, (60, 2))
    labels[:60] = -1
    return X, labels


X, LABELS = in_a_box()
TYPES = ["EEI", "VVV", "VVE", "VII"]


def search(noise, **params):
    return MixtureSearch(range(1, 4), covariance_type=TYPES, noise=noise, random_state=0, **params).fit(X)


@pytest.mark.parametrize("noise", [True, 0.2, LABELS < 0], ids=["True", "share", "mask"])
def test_the_right_number_beside_the_noise(noise):
    found = search(noise)
    assert found.best_params_["n_components"] == 2
    assert np.array_equal(found.best_params_["noise"], noise)
    assert np.array_equal(found.best_estimator_.noise, noise)
    assert ((found.labels_ < 0) == (LABELS < 0)).mean() > 0.97
    assert found.predict_proba(X).shape == (300, 3)
    assert found.set_output(transform="pandas").transform(X).columns[-1].endswith("_noise")
    best = found.results_[found.best_index_]
    assert best.noise
    assert best.bic == pytest.approx(found.best_estimator_.bic(X), abs=1e-6)


def test_with_and_without():
    found = search((None, True))
    assert [record.noise for record in found.results_].count(True) == len(found.results_) / 2 == 12
    assert found.best_params_["noise"] is True
    clean = MixtureSearch(range(1, 4), covariance_type=TYPES, noise=(None, True), random_state=0)
    assert clean.fit(X[LABELS >= 0]).best_params_["noise"] is None


def test_no_model_is_lower_than_on_its_own():
    found = MixtureSearch((1, 2), noise=True, random_state=0).fit(X)
    assert len(found.results_) == 28
    for record in found.results_:
        alone = GaussianMixture(
            record.n_components, covariance_type=record.covariance_type, noise=True, random_state=0, tol=1e-4
        ).fit(X)
        assert record.log_likelihood >= len(X) * (alone.lower_bound_ - 1e-3), record


def test_the_same_bits_for_any_threads():
    one, other = (search(noise=True, n_jobs=n_jobs) for n_jobs in (1, 3))
    assert [r.bic for r in one.results_] == [r.bic for r in other.results_]


def test_folds():
    assert search((None, True), criterion="cv").best_params_["n_components"] == 2
    with pytest.raises(ValueError, match="noise marks rows, and criterion='cv'"):
        search(LABELS < 0, criterion="cv")


def test_warm_start_keeps_what_is_fitted():
    found = MixtureSearch((2,), covariance_type=TYPES, noise=True, random_state=0, warm_start=True).fit(X)
    before = found.results_
    found.set_params(noise=(None, True)).fit(X)
    assert [record for record in found.results_ if record.noise] == before


@pytest.mark.parametrize("noise", ["yes", 1.5, (), (None, 2), np.ones(7, bool)])
def test_refusals(noise):
    with pytest.raises(ValueError, match="noise"):
        search(noise)


def test_the_command(tmp_path, monkeypatch):
    from click.testing import CliRunner  # noqa: PLC0415

    from softmix.cli.commands import cli  # noqa: PLC0415

    monkeypatch.chdir(tmp_path)
    pd.DataFrame(X, columns=["a", "b"]).to_csv("rows.csv", index=False)
    said = CliRunner().invoke(
        cli, ["fit", "rows.csv", "-k", "1:3", "--covariance", "VVV", "--table", "t.csv", "--noise"]
    )
    assert said.exit_code == 0
    assert "2 + noise" in said.output
    assert pd.read_csv("t.csv")["noise"].all()
    said = CliRunner().invoke(cli, ["fit", "rows.csv", "-k", "1:3", "--noise", "0.2", "--json"])
    assert json.loads(said.output)["search"]["best"]["noise"] == 0.2
