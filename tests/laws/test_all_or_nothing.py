"""A fit that fails leaves the estimator as it was; parameters never change."""

import warnings

import numpy as np
import pandas as pd
import pytest
from simulate import TYPES, clusters
from sklearn.exceptions import ConvergenceWarning

from softmix import GaussianMixture

X, _ = clusters(n=90, d=2)
FRAME = pd.DataFrame(X, columns=["a", "b"])


def state(model):
    return {
        name: value.copy() if isinstance(value, np.ndarray) else value for name, value in vars(model).items()
    }


def assert_unchanged(model, before):
    assert vars(model).keys() == before.keys()
    for name, value in before.items():
        if name != "random_state":
            np.testing.assert_array_equal(getattr(model, name), value, err_msg=name)


BAD = {
    "NaN": lambda model: model.fit(np.where(X > 0, X, np.nan)),
    "infinite": lambda model: model.fit(np.where(X > 0, X, np.inf)),
    "too few rows": lambda model: model.fit(X[:2]),
    "one row": lambda model: model.fit(X[:1]),
    "text": lambda model: model.fit([["a", "b"]] * 9),
    "huge": lambda model: model.fit(1e200 * X),
    "other names": lambda model: model.fit(FRAME.rename(columns={"a": "z"}) * 1e200),
    "more columns": lambda model: model.fit(np.full((9, 5), np.nan)),
    "singular": lambda model: model.set_params(reg_covar=0).fit(np.zeros((9, 3))),
    "negative weight": lambda model: model.fit(X, sample_weight=np.full(len(X), -1.0)),
    "no weight": lambda model: model.fit(X, sample_weight=np.zeros(len(X))),
    "wrong weights": lambda model: model.fit(X, sample_weight=np.ones(3)),
    "bad parameter": lambda model: model.set_params(tol=-1.0).fit(X),
    "bad start": lambda model: model.set_params(weights_init=[2.0, -1.0, 0.0]).fit(X),
    "warning": lambda model: model.set_params(max_iter=1).fit(X[::-1]),
}


@pytest.mark.parametrize("good_before", [False, True])
@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_failed_fit_changes_nothing(bad, good_before):
    model = GaussianMixture(3, random_state=0)
    if good_before:
        model.fit(FRAME)
    before = state(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.simplefilter("error", ConvergenceWarning)  # a warning that raises is a failure too
        with pytest.raises((ValueError, ConvergenceWarning)):
            bad(model)
    for name in model.get_params():  # what the caller set, the caller set
        before[name] = getattr(model, name)
    assert_unchanged(model, before)
    if good_before:
        assert model.score(FRAME) == model.lower_bound_


@pytest.mark.parametrize("covariance_type", TYPES)
def test_fit_never_changes_constructor_parameters(covariance_type):
    precisions = {
        "full": np.stack([np.eye(2)] * 3),
        "tied": np.eye(2),
        "diag": np.ones((3, 2)),
        "spherical": np.ones(3),
    }
    params = {
        "weights_init": [0.2, 0.3, 0.5],
        "means_init": X[:3].tolist(),
        "precisions_init": precisions[covariance_type],
        "covariance_type": covariance_type,
        "max_iter": 500,
    }
    model = GaussianMixture(3, **params)
    held = precisions[covariance_type].copy()
    model.fit(X)
    assert all(getattr(model, name) is value for name, value in params.items())
    np.testing.assert_array_equal(precisions[covariance_type], held)
