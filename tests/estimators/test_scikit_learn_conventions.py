"""The conventions around an estimator: copies, files, pipelines, searches, routing, outputs."""

import io
import os
import pickle
import subprocess
import sys

import joblib
import numpy as np
import pytest
from simulate import ATTRIBUTES, TYPES, clusters
from sklearn import config_context
from sklearn.base import clone, is_clusterer
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

from softmix import GaussianMixture

X, LABELS = clusters(n=300, d=3)
WEIGHTS = np.random.default_rng(0).integers(0, 3, 300).astype(float)


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("copy", ["pickle", "joblib"])
def test_copies_of_a_fitted_model(covariance_type, copy):
    model = GaussianMixture(3, covariance_type=covariance_type, random_state=0, warm_start=True).fit(X)
    if copy == "pickle":
        twin = pickle.loads(pickle.dumps(model))  # noqa: S301 (made here)
    else:
        file = io.BytesIO()
        joblib.dump(model, file)
        file.seek(0)
        twin = joblib.load(file)
    np.testing.assert_array_equal(twin.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(twin.sample(9)[0], model.sample(9)[0])
    np.testing.assert_array_equal(twin.fit(X).means_, model.fit(X).means_)


def test_clone_is_unfitted_and_equal():
    model = GaussianMixture(3, means_init=X[:3], reg_covar=1e-3, n_jobs=2).fit(X)
    twin = clone(model)
    assert not hasattr(twin, "means_")
    assert str(twin.get_params()) == str(model.get_params())


def test_is_a_clusterer():
    assert is_clusterer(GaussianMixture())
    assert get_tags(GaussianMixture()).estimator_type == "clusterer"


def test_agreement_of_the_methods():
    model = GaussianMixture(3, random_state=0)
    labels = model.fit_predict(X)
    np.testing.assert_array_equal(labels, model.labels_)
    np.testing.assert_array_equal(labels, model.predict(X))
    np.testing.assert_array_equal(labels, model.predict_proba(X).argmax(axis=1))
    np.testing.assert_array_equal(model.transform(X), model.predict_proba(X))
    np.testing.assert_array_equal(clone(model).fit_transform(X), model.transform(X))
    assert model.score(X) == model.lower_bound_
    assert model.score(X) == pytest.approx(model.score_samples(X).mean(), rel=1e-13)


def test_in_parallel_workers():
    models = joblib.Parallel(n_jobs=2)(
        joblib.delayed(GaussianMixture(3, random_state=s).fit)(X) for s in (0, 0)
    )
    np.testing.assert_array_equal(models[0].means_, models[1].means_)
    np.testing.assert_array_equal(models[0].means_, GaussianMixture(3, random_state=0).fit(X).means_)


def test_memberships_as_features_of_a_pipeline():
    pipeline = make_pipeline(
        StandardScaler(), PCA(2), GaussianMixture(3, random_state=0), LogisticRegression()
    )
    assert cross_val_score(pipeline, X, LABELS, cv=3).mean() > 0.8
    assert pipeline.fit(X, LABELS)[:-1].transform(X).shape == (300, 3)


def test_grid_search_by_likelihood():
    search = GridSearchCV(
        GaussianMixture(random_state=0, max_iter=500), {"n_components": [1, 2, 3]}, cv=KFold(3)
    ).fit(X)
    assert search.best_params_ == {"n_components": 3}
    np.testing.assert_array_equal(search.predict(X), search.best_estimator_.labels_)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_set_output(library):
    pytest.importorskip(library)
    model = GaussianMixture(2, random_state=0).set_output(transform=library).fit(X)
    out = model.transform(X)
    assert type(out).__module__.split(".")[0] == library
    assert (
        list(out.columns)
        == model.get_feature_names_out().tolist()
        == ["gaussianmixture0", "gaussianmixture1"]
    )
    np.testing.assert_array_equal(out.to_numpy(), model.predict_proba(X))
    assert isinstance(model.predict_proba(X), np.ndarray)


def test_routing_of_weights_through_a_pipeline():
    with config_context(enable_metadata_routing=True):
        model = GaussianMixture(3, random_state=0).set_fit_request(sample_weight=True)
        pipeline = make_pipeline(PCA(2), model.set_score_request(sample_weight=True)).fit(
            X, sample_weight=WEIGHTS
        )
        alone = GaussianMixture(3, random_state=0).fit(pipeline[0].transform(X), sample_weight=WEIGHTS)
        for name in ATTRIBUTES:
            np.testing.assert_array_equal(getattr(pipeline[-1], name), getattr(alone, name))
        assert pipeline.score(X, sample_weight=WEIGHTS) == alone.lower_bound_
        assert pipeline.score(X, sample_weight=WEIGHTS) != pipeline.score(X, sample_weight=np.ones(300))


def test_routing_of_weights_through_a_search():
    with config_context(enable_metadata_routing=True):
        model = GaussianMixture(random_state=0, max_iter=500)
        model.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        search = GridSearchCV(model, {"n_components": [2, 3]}, cv=KFold(2)).fit(X, sample_weight=WEIGHTS)
    train, test = next(KFold(2).split(X))
    alone = GaussianMixture(2, random_state=0, max_iter=500).fit(X[train], sample_weight=WEIGHTS[train])
    assert search.cv_results_["split0_test_score"][0] == alone.score(X[test], sample_weight=WEIGHTS[test])
    np.testing.assert_array_equal(
        search.best_estimator_.means_, clone(search.best_estimator_).fit(X, sample_weight=WEIGHTS).means_
    )


def test_array_api_dispatch_leaves_numpy_alone():
    """SCIPY_ARRAY_API must be set before SciPy is imported: a process of its own."""
    code = (
        "import numpy as np, sklearn; from softmix import GaussianMixture\n"
        "X = np.random.default_rng(0).standard_normal((60, 2))\n"
        "plain = GaussianMixture(2, random_state=0, tol=1).fit(X).means_\n"
        "sklearn.set_config(array_api_dispatch=True)\n"
        "assert (GaussianMixture(2, random_state=0, tol=1).fit(X).means_ == plain).all()\n"
    )
    environment = os.environ | {"SCIPY_ARRAY_API": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
