"""GaussianMixture beyond the laws: criteria, sampling, known parameters, warm starts, runs."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from simulate import TYPES, clusters, start_at
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.pipeline import make_pipeline

from softmix import GaussianMixture
from softmix.sweep import ThreadSweep

X, LABELS = clusters(n=300, d=3)
each_type = pytest.mark.parametrize("covariance_type", TYPES)
ALIASES = {"VVV": "full", "EEE": "tied", "VVI": "diag", "VII": "spherical"}


def _covariances(model):
    k, d = model.means_.shape
    if model.covariance_type == "tied":
        return np.broadcast_to(model.covariances_, (k, d, d))
    if model.covariance_type == "full":
        return model.covariances_
    return np.einsum("kj,ij->kij", np.broadcast_to(model.covariances_.reshape(k, -1), (k, d)), np.eye(d))


@each_type
def test_density_is_the_mixture_of_its_components(covariance_type):
    model = GaussianMixture(3, covariance_type=covariance_type, random_state=0, max_iter=500).fit(X)
    density = sum(
        w * multivariate_normal(m, C).pdf(X)
        for w, m, C in zip(model.weights_, model.means_, _covariances(model), strict=True)
    )
    np.testing.assert_allclose(model.score_samples(X), np.log(density), rtol=1e-10)


@each_type
def test_precisions_invert_covariances(covariance_type):
    model = GaussianMixture(3, covariance_type=covariance_type, random_state=0, max_iter=500).fit(X)
    P, root, C = model.precisions_, model.precisions_cholesky_, model.covariances_
    if covariance_type in ("full", "tied"):
        np.testing.assert_allclose(C @ P, np.broadcast_to(np.eye(3), C.shape), atol=1e-12)
        np.testing.assert_allclose(root @ np.swapaxes(root, -1, -2), P, rtol=1e-12)
        assert not np.tril(root, -1).any()
    else:
        np.testing.assert_allclose(C * P, 1.0)
        np.testing.assert_allclose(root**2, P)


@pytest.mark.parametrize(("name", "alias"), ALIASES.items())
def test_names_of_mclust(name, alias):
    model, twin = (
        GaussianMixture(3, covariance_type=t, random_state=0, max_iter=500).fit(X) for t in (name, alias)
    )
    np.testing.assert_array_equal(model.precisions_cholesky_, twin.precisions_cholesky_)
    assert model.bic(X) == twin.bic(X)


@each_type
def test_criteria_by_their_definitions(covariance_type):
    model = GaussianMixture(3, covariance_type=covariance_type, random_state=0, max_iter=500).fit(X)
    free = {"full": 3 * 6, "tied": 6, "diag": 3 * 3, "spherical": 3}[covariance_type] + 3 * 3 + 2
    weights = np.random.default_rng(0).uniform(0, 3, 300)
    scores, resp = model.score_samples(X), model.predict_proba(X)
    for w, given in ((np.ones(300), None), (weights, weights)):
        log_likelihood, n = w @ scores, w.sum()
        bic = -2 * log_likelihood + free * np.log(n)
        assert model.score(X, sample_weight=given) == pytest.approx(log_likelihood / n, rel=1e-12)
        assert model.bic(X, sample_weight=given) == pytest.approx(bic, rel=1e-12)
        assert model.aic(X, sample_weight=given) == pytest.approx(-2 * log_likelihood + 2 * free, rel=1e-12)
        doubt = 2 * (w @ np.log(resp.max(axis=1)))
        assert model.icl(X, sample_weight=given) == pytest.approx(bic - doubt, rel=1e-12)


@each_type
def test_sample_has_the_moments_of_the_model(covariance_type):
    model = GaussianMixture(3, covariance_type=covariance_type, random_state=0, max_iter=500).fit(X)
    n = 60_000
    rows, labels = model.sample(n)
    assert rows.shape == (n, 3)
    np.testing.assert_allclose(np.bincount(labels) / n, model.weights_, atol=0.01)
    for k, C in enumerate(_covariances(model)):
        own = rows[labels == k]
        scale = np.sqrt(np.diagonal(C))
        np.testing.assert_allclose((own.mean(axis=0) - model.means_[k]) / scale, 0, atol=0.05)
        np.testing.assert_allclose(
            np.cov(own.T) / np.outer(scale, scale), C / np.outer(scale, scale), atol=0.06
        )
    assert model.score(rows) == pytest.approx(model.score(model.sample(n)[0]))
    with pytest.raises(ValueError, match="at least one sample"):
        model.sample(0)


@each_type
@pytest.mark.parametrize("root", ["upper", "lower"])
def test_a_model_from_known_parameters(covariance_type, root):
    """Users set three attributes; any root of the precisions will do, np.linalg.cholesky's too."""
    fitted = GaussianMixture(3, covariance_type=covariance_type, random_state=0, max_iter=500).fit(X)
    model = GaussianMixture(3, covariance_type=covariance_type)
    with pytest.raises(NotFittedError):
        model.predict(X)
    model.weights_, model.means_ = fitted.weights_, fitted.means_.tolist()
    model.precisions_cholesky_ = fitted.precisions_cholesky_
    if root == "lower" and covariance_type in ("full", "tied"):
        model.precisions_cholesky_ = np.linalg.cholesky(fitted.precisions_)
    np.testing.assert_allclose(model.predict_proba(X), fitted.predict_proba(X), atol=1e-12)
    assert model.bic(X) == pytest.approx(fitted.bic(X), rel=1e-12)
    assert model.get_feature_names_out().tolist() == fitted.get_feature_names_out().tolist()
    model.means_ = np.asarray(model.means_)
    assert model.sample(4)[0].shape == (4, 3)
    with pytest.raises(ValueError, match="X has 2 features"):
        model.predict(X[:, :2])
    model.weights_ = [0.5, 0.5]
    with pytest.raises(ValueError, match=r"weights_ must have the shape \(3,\)"):
        model.predict(X)


@each_type
def test_a_warm_start_goes_on(covariance_type):
    """Ten fits of one iteration of EM are one fit of ten, and convergence is seen across fits."""
    rows, labels = clusters(n=300, d=3, separation=2.0)
    cold = start_at(labels, rows, covariance_type, max_iter=10, tol=0, acceleration=None)
    warm = start_at(labels, rows, covariance_type, max_iter=1, tol=0, warm_start=True, acceleration=None)
    with pytest.warns(ConvergenceWarning):
        cold.fit(rows)
    for _ in range(10):
        with pytest.warns(ConvergenceWarning):
            warm.fit(rows)
    np.testing.assert_allclose(warm.means_, cold.means_, rtol=1e-10)
    warm.set_params(tol=1e-9)
    with pytest.warns(ConvergenceWarning):
        fits = next(i for i in range(500) if warm.fit(rows).converged_)
    assert fits > 0
    best = start_at(labels, rows, covariance_type, tol=1e-12, max_iter=5000).fit(rows)
    assert warm.lower_bound_ == pytest.approx(best.lower_bound_, abs=1e-8)


def test_a_warm_start_on_other_rows_does_not_stop_at_once():
    """Their likelihood may be lower; that is no sign of convergence."""
    model = GaussianMixture(2, warm_start=True, random_state=0, max_iter=500).fit(X)
    other = clusters(n=300, d=3, k=2, seed=5, separation=4.0)[0] * 7
    model.fit(other)
    assert model.converged_
    assert model.lower_bounds_[-1] > model.lower_bounds_[0] + 1
    assert model.n_iter_ >= 4


def test_a_warm_start_needs_the_same_shapes():
    model = GaussianMixture(2, warm_start=True, random_state=0).fit(X)
    for change in ({"n_components": 3}, {"covariance_type": "diag"}):
        with pytest.raises(ValueError, match="warm_start=True goes on from the last fit"):
            model.set_params(**{"n_components": 2, "covariance_type": "full"} | change).fit(X)


@pytest.mark.parametrize("seed", [2, 6, 9])  # of these, rounding takes something from the last step
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_fit_that_stands_still_is_looked_at_once(dtype, seed, monkeypatch):
    rows, labels = clusters(n=2000, d=8, seed=seed, separation=30.0)
    rows, looks = rows.astype(dtype), []
    look = ThreadSweep.log_likelihood
    monkeypatch.setattr(
        ThreadSweep, "log_likelihood", lambda *args, **outputs: looks.append(1) or look(*args, **outputs)
    )
    means = [rows[labels == k].mean(axis=0) for k in range(3)]
    with pytest.warns(ConvergenceWarning):
        model = GaussianMixture(3, means_init=means, tol=0.0, max_iter=12).fit(rows)
    assert len(looks) == 1
    assert model.score(rows) == model.lower_bound_
    np.testing.assert_array_equal(model.predict(rows), model.labels_)


def test_n_init_keeps_the_best_run():
    rows, _ = clusters(n=300, d=2, k=6, seed=3, separation=2.0)
    one = [
        GaussianMixture(
            6, random_state=np.random.RandomState(s), init_params="random_from_data", max_iter=500
        ).fit(rows)
        for s in range(5)
    ]
    best = GaussianMixture(
        6, random_state=np.random.RandomState(0), init_params="random_from_data", max_iter=500, n_init=8
    ).fit(rows)
    bounds = [model.lower_bound_ for model in one]
    assert max(bounds) - min(bounds) > 1e-3
    assert best.lower_bound_ >= one[0].lower_bound_
    assert best.lower_bound_ == pytest.approx(best.score(rows))


@each_type
def test_no_iterations_is_the_start(covariance_type):
    model = start_at(LABELS, X, covariance_type, max_iter=0).fit(X)
    np.testing.assert_allclose(model.means_, model.means_init, rtol=1e-12)
    np.testing.assert_allclose(model.weights_, model.weights_init, rtol=1e-12)
    np.testing.assert_allclose(model.precisions_, model.precisions_init, rtol=1e-9, atol=1e-12)
    assert model.n_iter_ == 0
    assert not model.converged_
    assert model.lower_bounds_ == []
    assert model.lower_bound_ == model.score(X)


def test_given_means_choose_the_clusters():
    """Weights and covariances that are not given come from the rows nearest to each given mean."""
    means = np.stack([X[k == LABELS].mean(axis=0) for k in (2, 0, 1)])
    model = GaussianMixture(3, means_init=means, max_iter=0).fit(X)
    np.testing.assert_array_equal(model.means_, means)
    np.testing.assert_allclose(model.weights_, np.bincount(LABELS)[[2, 0, 1]] / 300, atol=0.05)


def test_a_given_mean_that_is_nearest_to_no_row_still_lives():
    model = GaussianMixture(2, means_init=[X.mean(axis=0), X.mean(axis=0)], max_iter=0).fit(X)
    assert (model.weights_ > 0).all()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"weights_init": [0.5, 0.6]}, r"weights_init must sum to 1"),
        ({"weights_init": [-0.5, 1.5]}, r"weights_init must hold proportions"),
        ({"weights_init": [1.0]}, r"weights_init has the wrong shape"),
        ({"weights_init": [np.nan, 1.0]}, r"weights_init contains NaN"),
        ({"means_init": [[1.0, 2.0]]}, r"means_init has the wrong shape"),
        ({"precisions_init": np.eye(3)}, r"precisions_init has the wrong shape"),
        (
            {"precisions_init": -np.ones((2, 3)), "covariance_type": "diag"},
            r"precisions_init has the value -1",
        ),
        ({"precisions_init": np.stack([np.eye(3), -np.eye(3)])}, r"precisions_init\[1\] is not"),
        ({"precisions_init": np.stack([np.eye(3), np.tri(3)])}, r"precisions_init\[1\] is not"),
        ({"n_components": 0}, r"'n_components' parameter of GaussianMixture must be"),
        ({"covariance_type": "round"}, r"'covariance_type' parameter of GaussianMixture must be"),
    ],
)
def test_messages_name_the_parameter(params, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixture(**{"n_components": 2} | params).fit(X)


def test_non_convergence_warns():
    with pytest.warns(ConvergenceWarning, match=r"max_iter=2, tol=1e-09, n_iter_=2") as caught:
        GaussianMixture(3, max_iter=2, tol=1e-9, init_params="random", random_state=0).fit(X)
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("level", "words"), [(1, ["Iteration 2"]), (2, ["Iteration 2", "ll change", "time lapse"])]
)
def test_verbose(capsys, level, words):
    GaussianMixture(3, verbose=level, verbose_interval=2, n_init=2, random_state=0, max_iter=500).fit(X)
    out = capsys.readouterr().out
    assert "Initialization 0" in out
    assert "Initialization 1" in out
    assert "Initialization converged." in out
    assert all(word in out for word in words)
    GaussianMixture(3, random_state=0, max_iter=500).fit(X)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("method", ["fit", "fit_predict", "fit_transform"])
@pytest.mark.parametrize("wrapped", [False, True], ids=["", "in a pipeline"])
def test_warnings_point_at_the_users_line(method, wrapped):
    model = GaussianMixture(3, max_iter=1, tol=1e-9, random_state=0)
    model = make_pipeline(model) if wrapped else model
    with pytest.warns(ConvergenceWarning) as caught:
        getattr(model, method)(X)
    assert [w.filename for w in caught] == [__file__]
