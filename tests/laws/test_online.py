"""Laws of streams: what `partial_fit` must give whatever the rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulate import ALL_TYPES, clusters
from sklearn.base import clone

from softmix import GaussianMixture
from softmix.structures import STRUCTURES, Equivariance

X, _ = clusters(n=600, d=3, separation=6.0)
NAMES = ("weights_", "means_", "covariances_")
KINDS = st.sampled_from(ALL_TYPES)
CUTS = st.lists(st.integers(240, 590), max_size=4, unique=True).map(sorted)


def mixture(covariance_type, k=3, **params):
    return GaussianMixture(k, covariance_type=covariance_type, random_state=0, init_size=200, **params)


def streamed(model, rows, cuts, weights=None):
    for span in np.split(np.arange(len(rows)), cuts):
        model.partial_fit(rows[span], sample_weight=None if weights is None else weights[span])
    return model


def assert_same(one, other, rtol=1e-9):
    for name in NAMES:
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol, atol=1e-9, err_msg=name)


@given(
    covariance_type=KINDS,
    cuts=CUTS,
    weighted=st.booleans(),
    prior=st.sampled_from([None, "default"]),
)
def test_one_component_that_forgets_nothing_is_the_fit(covariance_type, cuts, weighted, prior):
    """Blocks of any sizes give what all rows give at once."""
    weights = np.random.default_rng(0).uniform(0.1, 3.0, len(X)) if weighted else None
    model = mixture(covariance_type, k=1, learning_decay=1.0, prior=prior)
    fitted = clone(model).fit(X, sample_weight=weights)
    assert_same(streamed(model, X, cuts, weights), fitted)
    assert model.n_samples_seen_ == pytest.approx(fitted.n_samples_seen_)


@given(covariance_type=KINDS, cuts=CUTS, seed=st.integers(0, 99))
def test_a_weight_is_the_row_repeated(covariance_type, cuts, seed):
    times = np.random.default_rng(seed).integers(1, 4, len(X))
    weighted = streamed(mixture(covariance_type), X, cuts, times)
    ends = np.cumsum(times)[np.array(cuts, dtype=int) - 1]
    model = streamed(mixture(covariance_type), np.repeat(X, times, axis=0), ends)
    # Where axes are sought in rounds, rounding decides when they end.
    assert_same(weighted, model, rtol=1e-4 if STRUCTURES[covariance_type].iterative else 1e-6)


@given(covariance_type=KINDS, cuts=CUTS, scale=st.sampled_from([1e-12, 1e-3, 1e12]))
def test_only_ratios_of_weights_count(covariance_type, cuts, scale):
    weights = np.random.default_rng(0).uniform(0.5, 2.0, len(X))
    model = streamed(mixture(covariance_type, half_life=300.0), X, cuts, weights)
    scaled = streamed(mixture(covariance_type, half_life=300.0 * scale), X, cuts, scale * weights)
    assert_same(scaled, model, rtol=1e-4 if STRUCTURES[covariance_type].iterative else 1e-6)
    assert scaled.lower_bound_ == pytest.approx(model.lower_bound_, rel=1e-6)


@given(
    covariance_type=KINDS,
    cuts=CUTS,
    exponents=st.tuples(*[st.integers(-8, 8)] * 3),
    offset=st.sampled_from([0.0, -1e4]),
)
def test_units_do_not_matter(covariance_type, cuts, exponents, offset):
    structure = STRUCTURES[covariance_type]
    one_unit = structure.equivariance is Equivariance.ROTATIONS
    scale = 10.0 ** np.array(exponents[:1] * 3 if one_unit else exponents)
    model = streamed(mixture(covariance_type), X, cuts)
    moved = streamed(mixture(covariance_type), (X + offset) * scale, cuts)
    # Where axes are sought in rounds, rounds end a little apart on a flat top.
    atol = 1e-4 if structure.iterative else 1e-5
    np.testing.assert_allclose(moved.predict_proba((X + offset) * scale), model.predict_proba(X), atol=atol)


@given(
    covariance_type=KINDS,
    cuts=st.lists(st.integers(201, 599), max_size=30, unique=True).map(sorted),
    half_life=st.one_of(st.none(), st.floats(5.0, 1e4)),
    decay=st.floats(0.5, 1.0, exclude_min=True),
    dtype=st.sampled_from([np.float64, np.float32]),
)
def test_memberships_are_valid_after_any_blocks(covariance_type, cuts, half_life, decay, dtype):
    """Rows come sorted: most components see none for long."""
    rows = X[np.argsort(X[:, 0])].astype(dtype)
    model = mixture(covariance_type, half_life=half_life, learning_decay=decay)
    resp = streamed(model, rows, cuts).predict_proba(rows)
    assert resp.dtype == model.means_.dtype == dtype
    np.testing.assert_allclose(resp.sum(axis=1), 1.0, rtol=1e-5)
    assert (resp >= 0).all()
    assert np.isfinite(model.score_samples(rows)).all()
    assert model.weights_.sum() == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize("covariance_type", ALL_TYPES)
def test_any_number_of_threads_gives_the_same_bits(covariance_type):
    rows = np.tile(X, (60, 1)) + np.random.default_rng(0).standard_normal((60 * len(X), 3))
    models = [streamed(mixture(covariance_type, n_jobs=n), rows, [300, 18000]) for n in (1, 2)]
    for name in NAMES:
        np.testing.assert_array_equal(getattr(models[0], name), getattr(models[1], name))
