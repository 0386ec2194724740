"""Agreement with scikit-learn's GaussianMixture from the same start, without regularisation."""

import numpy as np
import pytest
from simulate import TYPES, clusters, start_at
from sklearn.mixture import GaussianMixture as Theirs

from softmix import GaussianMixture


def _theirs(model, **params):
    shared = Theirs().get_params().keys() & model.get_params().keys()
    ours = {name: model.get_params()[name] for name in shared}
    return Theirs(**ours | {"init_params": "kmeans"} | params)


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("d", [1, 2, 5])
def test_same_path(covariance_type, d):
    """The same number of steps from the same start gives the same parameters."""
    X, labels = clusters(d=d, separation=2.0)
    ours = start_at(labels, X, covariance_type, reg_covar=0, tol=0, max_iter=10, acceleration=None)
    theirs = _theirs(ours)
    with pytest.warns(UserWarning, match="did not converge"):
        ours.fit(X)
    with pytest.warns(UserWarning, match="did not converge"):
        theirs.fit(X)
    for name in ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_"):
        np.testing.assert_allclose(
            getattr(ours, name), getattr(theirs, name), rtol=1e-9, atol=1e-11, err_msg=name
        )
    np.testing.assert_allclose(ours.lower_bounds_, theirs.lower_bounds_, rtol=1e-11)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-10)
    np.testing.assert_allclose(ours.score_samples(X), theirs.score_samples(X), rtol=1e-9)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    for criterion in ("score", "bic", "aic"):
        assert getattr(ours, criterion)(X) == pytest.approx(getattr(theirs, criterion)(X), rel=1e-11)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_same_optimum(covariance_type):
    X, labels = clusters(separation=2.0)
    ours = start_at(labels, X, covariance_type, reg_covar=0, tol=1e-12, max_iter=5000).fit(X)
    theirs = _theirs(ours, tol=1e-14).fit(X)
    assert ours.lower_bound_ == pytest.approx(theirs.score(X), abs=1e-10)
    np.testing.assert_allclose(ours.means_, theirs.means_, atol=1e-4)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_read_by_scikit_learn(covariance_type):
    """The fitted attributes mean the same: scikit-learn scores with ours, and we with its."""
    X, _ = clusters()
    ours = GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(X)
    theirs = Theirs(3, covariance_type=covariance_type)
    for name in ("weights_", "means_", "precisions_cholesky_"):
        setattr(theirs, name, getattr(ours, name))
    np.testing.assert_allclose(theirs.score_samples(X), ours.score_samples(X), rtol=1e-9)


def test_same_public_face():
    """Every constructor parameter, all but four with the same default, every method and fitted attribute."""
    X, _ = clusters()
    ours, theirs = GaussianMixture(3).fit(X), Theirs(3).fit(X)
    defaults, expected = GaussianMixture().get_params(), Theirs().get_params()
    different = {name for name, value in expected.items() if defaults.get(name, "absent") != value}
    assert different == {
        "init_params",
        "tol",
        "max_iter",
        "reg_covar",
    }  # docs/coming_from_scikit_learn.md says why
    assert expected.keys() <= defaults.keys()
    missing = {name for name in dir(theirs) if not name.startswith("_")} - set(dir(ours))
    assert not missing
