"""A row of weight 2 is the row twice, a row of weight 0 is no row, and only ratios count."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulate import ALL_TYPES, ATTRIBUTES, clusters, start_at

from softmix import GaussianMixture

X, LABELS = clusters(n=150, d=2)
MODELS = st.builds(
    lambda covariance_type, init: GaussianMixture(
        3, covariance_type=covariance_type, init_params=init, random_state=0, max_iter=500
    ),
    st.sampled_from(ALL_TYPES),
    st.sampled_from(["auto", "hierarchical", "kmeans", "k-means++", "random", "random_from_data"]),
)


def assert_same_model(one, other, rtol=1e-6):
    for name in ATTRIBUTES[:-1]:
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol=rtol, atol=1e-8, err_msg=name
        )


@given(model=MODELS, seed=st.integers(0, 9))
def test_repeated_rows(model, seed):
    """From every start: fit, score and criteria, in any order of the rows."""
    rng = np.random.default_rng(seed)
    times = rng.integers(0, 4, len(X))
    order = rng.permutation(times.sum())
    repeated = np.repeat(X, times, axis=0)[order]
    model.fit(repeated)
    scores = [model.score(repeated), model.bic(repeated), model.aic(repeated), model.icl(repeated)]
    for criterion, expected in zip(("score", "bic", "aic", "icl"), scores, strict=True):
        assert getattr(model, criterion)(X, sample_weight=times) == pytest.approx(expected, rel=1e-11)
    weighted = type(model)(**model.get_params()).fit(X, sample_weight=times)
    assert_same_model(weighted, model)
    assert weighted.lower_bound_ == pytest.approx(model.lower_bound_, rel=1e-9)
    np.testing.assert_array_equal(np.repeat(weighted.labels_, times)[order], model.labels_)


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
@pytest.mark.parametrize("worst", [0.0, 1e300])
def test_zero_weight_leaves_a_row_out(covariance_type, worst):
    """Even a row that no double could square."""
    weights = np.ones(len(X))
    weights[::3] = 0
    dirty = X.copy()
    dirty[::3] = worst
    model = GaussianMixture(3, covariance_type=covariance_type, random_state=0)
    kept = type(model)(**model.get_params()).fit(X[weights > 0])
    assert_same_model(model.fit(dirty, sample_weight=weights), kept)
    np.testing.assert_array_equal(model.labels_[weights > 0], kept.labels_)


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
@pytest.mark.parametrize("scale", [1e-12, 1e-3, 1e12, 1e100])
def test_only_ratios_count(covariance_type, scale):
    weights = np.random.default_rng(0).uniform(0.5, 2, len(X))
    model = GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(X, sample_weight=weights)
    scaled = type(model)(**model.get_params()).fit(X, sample_weight=scale * weights)
    assert_same_model(scaled, model)
    assert abs(scaled.n_iter_ - model.n_iter_) <= 1  # the last step is rounding
    assert model.score(X, sample_weight=scale * weights) == pytest.approx(
        model.score(X, sample_weight=weights), rel=1e-12
    )


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
def test_order_of_rows(covariance_type):
    order = np.random.default_rng(0).permutation(len(X))
    model = GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(X)
    shuffled = type(model)(**model.get_params()).fit(X[order])
    assert_same_model(shuffled, model)
    np.testing.assert_array_equal(shuffled.labels_, model.labels_[order])


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
def test_relabelling(covariance_type):
    """Naming the components of a start otherwise names those of the answer otherwise."""
    order = np.array([2, 0, 1])
    model = start_at(LABELS, X, covariance_type).fit(X)
    renamed = start_at(np.argsort(order)[LABELS], X, covariance_type).fit(X)
    for name in ("weights_", "means_"):
        np.testing.assert_allclose(getattr(renamed, name), getattr(model, name)[order], rtol=1e-9)
    np.testing.assert_allclose(renamed.predict_proba(X), model.predict_proba(X)[:, order], atol=1e-9)
