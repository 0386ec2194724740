"""`noise=`: what it finds, what it is called, and what it refuses."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from simulate import clusters
from sklearn.base import clone

from softmix import GaussianMixture, scan


def with_noise(K, d, share, n, seed):
    """Clusters well apart in a box of uniform noise; the truth."""
    rng = np.random.default_rng(seed)
    means = 9.0 * np.eye(max(K, d))[:K, :d] + (9.0 * np.arange(K)[:, None] if d < K else 0.0)
    roots = 0.4 * np.tril(rng.standard_normal((K, d, d)), -1) + np.eye(d) * rng.uniform(0.5, 1.2, (K, 1, d))
    weights = (1.0 - share) * rng.dirichlet(np.full(K, 8.0))
    labels = rng.choice([*range(K), -1], n, p=[*weights, share])
    X = means[labels] + np.einsum("nij,nj->ni", roots[labels], rng.standard_normal((n, d)))
    lowest, highest = means.min(axis=0) - 6.0, means.max(axis=0) + 6.0
    X[labels < 0] = rng.uniform(lowest, highest, ((labels < 0).sum(), d))
    return X, labels, means, np.bincount(labels + 1, minlength=K + 1) / n


X, LABELS, _, _ = with_noise(3, 2, 0.2, 600, 0)


@pytest.mark.parametrize("K", [2, 3, 5])
@pytest.mark.parametrize("d", [2, 5, 8])
@pytest.mark.parametrize("share", [0.05, 0.3])
def test_it_finds_clusters_and_noise(K, d, share):
    X, labels, means, weights = with_noise(K, d, share, 2000, K + d)
    model = GaussianMixture(K, noise=True, random_state=0).fit(X)
    distances = np.linalg.norm(model.means_[:, None] - means, axis=2)
    order = distances.argmin(axis=0)
    assert sorted(order) == list(range(K))
    assert distances.min(axis=0).max() < 0.5
    np.testing.assert_allclose(model.weights_[order], weights[1:], atol=0.02)
    assert model.noise_weight_ == pytest.approx(weights[0], abs=0.02)
    # Noise amid a cluster cannot be told from it: as good as EM from the truth is as good as can be.
    truth = GaussianMixture(K, noise=True, resp_init=labels).fit(X)
    assert model.lower_bound_ >= truth.lower_bound_ - 1e-4
    right = (model.labels_ == np.append(order, -1)[labels]).mean()
    assert right >= (truth.labels_ == labels).mean() - 0.002


@pytest.mark.parametrize(
    "noise", [True, 0.2, LABELS < 0, list(LABELS < 0)], ids=["True", "share", "mask", "list"]
)
def test_every_way_to_ask(noise):
    model = GaussianMixture(3, noise=noise, random_state=0).fit(X)
    assert model.noise_weight_ == pytest.approx(0.2, abs=0.04)
    assert ((model.labels_ < 0) == (LABELS < 0)).mean() > 0.95


def test_a_mask_is_what_em_begins_with():
    """max_iter=0 leaves the start: the Gaussians know nothing of the rows that are marked."""
    mask = LABELS < 0
    far = X.copy()
    far[mask] *= 100.0
    begun, other = (GaussianMixture(3, noise=mask, random_state=0, max_iter=0).fit(rows) for rows in (X, far))
    assert begun.noise_weight_ == pytest.approx(mask.mean())
    np.testing.assert_allclose(begun.means_, other.means_, rtol=1e-9)


@pytest.mark.parametrize("equal", [False, True])
@pytest.mark.parametrize("tied", [False, True])
def test_em_takes_mclusts_steps(equal, tied):
    """From the same memberships, with V of mclust's hypvol: the definition, step by step."""
    X, labels = clusters(n=200, d=2, k=2, seed=1)
    rng = np.random.default_rng(0)
    X[:30], labels[:30] = rng.uniform(-15, 15, (30, 2)), -1
    density = 1.0 / np.prod(np.ptp(X, axis=0))
    z = np.eye(3)[labels]
    steps = 8
    for _ in range(steps):
        counts = z.sum(axis=0)
        weights = counts / len(X)
        if equal:
            weights[:2] = weights[:2].mean()
        means = z.T[:2] @ X / counts[:2, None]
        scatters = [((X - means[k]).T * z[:, k]) @ (X - means[k]) for k in range(2)]
        pooled = sum(scatters) / counts[:2].sum()
        covariances = [pooled if tied else scatters[k] / counts[k] for k in range(2)]
        densities = [multivariate_normal(means[k], covariances[k]).pdf(X) for k in range(2)]
        joint = weights * np.column_stack([*densities, np.full(len(X), density)])
        z = joint / joint.sum(axis=1, keepdims=True)
    model = GaussianMixture(
        2,
        covariance_type="tied" if tied else "full",
        weights="equal" if equal else "free",
        noise=True,
        resp_init=labels,
        acceleration=None,
        tol=0,
        max_iter=steps - 1,
    )
    with pytest.warns(match="did not converge"):
        model.fit(X)
    assert model.noise_log_density_ == pytest.approx(np.log(density))
    np.testing.assert_allclose([*model.weights_, model.noise_weight_], weights, rtol=1e-9)
    np.testing.assert_allclose(model.means_, means, rtol=1e-9)
    np.testing.assert_allclose(model.covariances_, pooled if tied else covariances, rtol=1e-8)
    np.testing.assert_allclose(model.predict_proba(X), z, atol=1e-9)
    assert model.lower_bound_ == pytest.approx(np.log(joint.sum(axis=1)).mean(), rel=1e-12)


def test_names_of_columns():
    model = GaussianMixture(2, noise=True, random_state=0).fit(X)
    names = ["gaussianmixture0", "gaussianmixture1", "gaussianmixture_noise"]
    assert list(model.get_feature_names_out()) == names
    assert list(model.set_output(transform="pandas").transform(X).columns) == names
    plain = GaussianMixture(2, random_state=0).fit(X)
    assert list(plain.get_feature_names_out()) == names[:2]


def test_criteria_count_the_weight_and_the_volume():
    """As mclust's nMclustParams does."""
    model = GaussianMixture(3, noise=True, random_state=0).fit(X)
    n_parameters = 3 * 2 + 3 * 3 + 2 + 2
    deviance = -2.0 * model.score(X) * len(X)
    assert model.bic(X) == pytest.approx(deviance + n_parameters * np.log(len(X)))
    assert model.aic(X) == pytest.approx(deviance + 2.0 * n_parameters)
    unsure = -2.0 * np.log(model.predict_proba(X).max(axis=1)).sum()
    assert model.icl(X) == pytest.approx(model.bic(X) + unsure)


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
def test_samples_have_noise_last(covariance_type):
    model = GaussianMixture(3, covariance_type=covariance_type, noise=True, random_state=0).fit(X)
    rows, labels = model.sample(4000)
    assert (np.diff(np.where(labels < 0, 3, labels)) >= 0).all()
    assert (labels < 0).mean() == pytest.approx(model.noise_weight_, abs=0.03)
    noise = rows[labels < 0]
    coordinates = np.linalg.solve(model.noise_box_[1:].T, (noise - model.noise_box_[0]).T)
    assert coordinates.min() >= 0
    assert coordinates.max() <= 1
    np.testing.assert_allclose(coordinates.mean(axis=1), 0.5, atol=0.05)
    again = clone(model).fit(rows)
    assert again.noise_weight_ == pytest.approx(model.noise_weight_, abs=0.03)


def test_warm_start_goes_on():
    model = GaussianMixture(3, noise=True, random_state=0, warm_start=True).fit(X)
    before = model.lower_bound_, model.noise_weight_
    model.fit(X)
    assert model.lower_bound_ >= before[0]
    assert model.noise_weight_ == pytest.approx(before[1], abs=1e-3)
    assert model.n_iter_ <= 4
    with pytest.raises(ValueError, match="with a noise component, but now noise=None"):
        model.set_params(noise=None).fit(X)
    assert model.set_params(warm_start=False).fit(X).predict_proba(X).shape == (len(X), 3)
    assert not hasattr(model, "noise_weight_")


def test_the_start_may_be_given():
    model = GaussianMixture(3, noise=True, random_state=0).fit(X)
    given = {
        "weights_init": model.weights_ / model.weights_.sum(),
        "means_init": model.means_,
        "precisions_init": model.precisions_,
    }
    for some in (list(given), ["means_init"], ["weights_init", "means_init"]):
        again = GaussianMixture(3, noise=True, random_state=0, **{name: given[name] for name in some}).fit(X)
        assert again.lower_bound_ == pytest.approx(model.lower_bound_, abs=1e-4)
    resp = model.predict_proba(X)
    for resp_init in (resp, model.labels_):
        again = GaussianMixture(3, noise=True, resp_init=resp_init).fit(X)
        assert again.lower_bound_ == pytest.approx(model.lower_bound_, abs=1e-4)
        assert again.noise_weight_ == pytest.approx(model.noise_weight_, abs=1e-3)


def test_the_report_counts_what_guessing_took():
    report = GaussianMixture(3, noise=True, random_state=0, init_params="kmeans").fit(X).fit_report_
    assert report.starts_tried == 4  # empty places, one of four replaced, beside their noise, all rows
    assert report.rows_touched > report.sweeps * len(X)


def test_without_noise_its_weight_goes():
    clean = X[LABELS >= 0]
    model = GaussianMixture(3, noise=True, random_state=0).fit(clean)
    plain = GaussianMixture(3, random_state=0).fit(clean)
    assert model.noise_weight_ < 0.01
    np.testing.assert_allclose(np.sort(model.weights_), np.sort(plain.weights_), atol=0.01)
    assert model.bic(clean) > plain.bic(clean)


def test_one_component_and_one_column():
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.standard_normal(300), rng.uniform(-30, 30, 60)])[:, None]
    model = GaussianMixture(1, noise=True, random_state=0).fit(rows)
    assert model.noise_weight_ == pytest.approx(1 / 6, abs=0.03)
    assert model.covariances_[0, 0, 0] == pytest.approx(1.0, abs=0.25)


@pytest.mark.parametrize("noise", [True, 0.1])
@pytest.mark.filterwarnings("ignore::softmix.DegenerateComponentWarning")
def test_a_constant_column_says_nothing(noise):
    """What the other columns say of noise stays as it was."""
    plain = GaussianMixture(3, noise=noise, random_state=0).fit(X)
    model = GaussianMixture(3, noise=noise, random_state=0).fit(np.column_stack([X, np.full(len(X), 7.0)]))
    assert model.noise_weight_ == pytest.approx(plain.noise_weight_, abs=1e-4)
    np.testing.assert_array_equal(model.labels_, plain.labels_)


def test_many_components():
    """Where sweeps of Gaussians alone would go by groups of rows."""
    rng = np.random.default_rng(0)
    means = rng.uniform(-100, 100, (30, 3))
    rows = np.concatenate([means[rng.integers(30, size=36_000)] + rng.standard_normal((36_000, 3)),
                           rng.uniform(-110, 110, (4_000, 3))])  # fmt: skip
    model = GaussianMixture(30, noise=True, random_state=0, means_init=means).fit(rows)
    assert model.noise_weight_ == pytest.approx(0.1, abs=0.005)


def test_predictions_of_a_scan_have_a_column_for_it(tmp_path):
    import pandas as pd  # noqa: PLC0415

    model = GaussianMixture(2, noise=True, random_state=0).fit(X)
    model.write_predictions(scan(X), tmp_path / "out.parquet")
    written = pd.read_parquet(tmp_path / "out.parquet")
    assert list(written.columns) == [
        *("label", "membership_0", "membership_1", "membership_noise"),
        *("uncertainty", "log_density"),
    ]
    np.testing.assert_array_equal(written["label"], model.labels_)
    np.testing.assert_array_equal(written["membership_noise"], model.predict_proba(X)[:, -1])


REFUSED = [
    ({"noise": 0.0}, "The 'noise' parameter"),
    ({"noise": 1.5}, "The 'noise' parameter"),
    ({"noise": "some"}, "The 'noise' parameter"),
    ({"noise": np.arange(5)}, "one boolean for each of the 600 rows. Got an array of int64 of shape"),
    ({"noise": np.ones(3, bool)}, r"of bool of shape \(3,\)"),
    ({"noise": np.zeros(600, bool)}, "noise marks no row of positive weight"),
    ({"noise": np.arange(600) > 1}, "leaves 2 rows that are no noise, fewer than n_components=3"),
    ({"noise": 0.999}, "noise=0.999 leaves 0.6 rows"),
    ({"noise": 0.1, "resp_init": np.zeros(600, int)}, "and so does resp_init"),
]


@pytest.mark.parametrize(("params", "message"), REFUSED)
def test_refusals(params, message):
    model = GaussianMixture(3, **params)
    with pytest.raises(ValueError, match=message):
        model.fit(X)
    assert not hasattr(model, "weights_")


@pytest.mark.parametrize("off", [None, False])
def test_off(off):
    model = GaussianMixture(2, noise=off, random_state=0).fit(X)
    assert not hasattr(model, "noise_weight_")
    assert model.predict_proba(X).shape == (600, 2)


def test_what_noise_does_not_go_with():
    model = GaussianMixture(2, noise=True, random_state=0)
    with pytest.raises(AttributeError) as refused:
        model.partial_fit(X)
    assert "does not learn a noise component" in str(refused.value.__cause__)
    with pytest.raises(ValueError, match="do not go together"):
        GaussianMixture(2, noise=True, missing="marginal").fit(X)
    lacking = X.copy()
    lacking[0, 0] = np.nan
    model.fit(X).set_params(missing="marginal")
    for call in (model.predict_proba, model.impute):
        with pytest.raises(ValueError, match="takes complete rows only"):
            call(lacking)


def test_a_checkpoint_knows_of_noise(tmp_path):
    """A fit gone on with has the bits of one that was not stopped; one without noise is another fit."""
    params = {"random_state": 0, "tol": 1e-12, "checkpoint_every": "1 sweeps"}
    whole = GaussianMixture(3, noise=True, **params).fit(X)
    stopped = GaussianMixture(3, noise=True, checkpoint=tmp_path / "c", verbose=1, **params)

    class StopError(Exception):
        pass

    def stop(self, iteration, *rest):
        if iteration == 3:
            raise StopError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("softmix.estimators.verbose.PrintingWatcher.iteration_ends", stop)
        with pytest.raises(StopError):
            stopped.fit(X)
    with pytest.raises(ValueError, match="noise"):
        GaussianMixture(3, checkpoint=tmp_path / "c", **params).fit(X)
    again = GaussianMixture(3, noise=True, checkpoint=tmp_path / "c", **params).fit(X)
    np.testing.assert_array_equal(again.means_, whole.means_)
    assert again.noise_weight_ == whole.noise_weight_
    assert again.lower_bounds_ == whole.lower_bounds_
