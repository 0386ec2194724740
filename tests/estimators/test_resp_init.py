"""resp_init: a fit that begins with labels or memberships of all rows."""

import numpy as np
import pytest
from simulate import ALL_TYPES, TYPES, clusters

import softmix
from softmix import GaussianMixture

X, LABELS = clusters(n=300, d=3)
ONE_HOT = np.eye(3)[LABELS]
ATTRIBUTES = ("weights_", "means_", "covariances_")
each_type = pytest.mark.parametrize("covariance_type", ALL_TYPES)


def begun(rows=X, weights=None, **params):
    """The parameters before the first step of EM."""
    return GaussianMixture(3, max_iter=0, **params).fit(rows, sample_weight=weights)


def assert_same(one, other, rtol=1e-10):
    for name in ATTRIBUTES:
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol=rtol, atol=1e-12, err_msg=name
        )


@each_type
def test_labels_are_memberships_of_one(covariance_type):
    one = begun(covariance_type=covariance_type, resp_init=LABELS)
    assert_same(one, begun(covariance_type=covariance_type, resp_init=ONE_HOT), rtol=0)
    np.testing.assert_allclose(one.weights_, np.bincount(LABELS) / len(X))
    np.testing.assert_allclose(one.means_, [X[k == LABELS].mean(axis=0) for k in range(3)])


def test_the_first_covariances_are_the_clusters():
    covariances = begun(resp_init=LABELS.tolist()).covariances_
    for k in range(3):
        np.testing.assert_allclose(covariances[k], np.cov(X[k == LABELS].T, bias=True))


@pytest.mark.parametrize("covariance_type", TYPES)
def test_memberships_of_a_fit_are_an_m_step(covariance_type):
    """They lead where the next iteration of plain EM leads."""
    how = {"covariance_type": covariance_type, "acceleration": None, "tol": 0, "random_state": 0}
    with pytest.warns(match="did not converge"):
        two, three = (GaussianMixture(3, max_iter=n, **how).fit(X) for n in (2, 3))
    assert_same(begun(covariance_type=covariance_type, resp_init=two.predict_proba(X)), three, rtol=1e-7)


def test_rows_without_a_label_are_left_out_of_the_first_step_only():
    labels = np.where(np.arange(len(X)) % 3 == 0, -1, LABELS)
    known = labels >= 0
    one, other = begun(resp_init=labels), begun(X[known], resp_init=labels[known])
    np.testing.assert_allclose(one.means_, other.means_)
    np.testing.assert_allclose(one.weights_, other.weights_)
    assert_same(one, begun(resp_init=np.eye(4)[labels][:, :3]), rtol=0)
    fitted = GaussianMixture(3, resp_init=labels).fit(X)
    assert len(fitted.labels_) == len(X)
    assert (fitted.labels_ == LABELS).mean() > 0.9  # the components are those of the labels


def test_weights_multiply_in():
    times = np.random.default_rng(0).integers(0, 4, len(X))
    rows = np.where(times[:, None] > 0, X, 1e300)  # what does not count may be anything
    weighted = begun(rows, weights=times, resp_init=LABELS)
    assert_same(weighted, begun(np.repeat(X, times, axis=0), resp_init=np.repeat(LABELS, times)))


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_many_blocks_far_from_the_origin(n_jobs):
    rows, labels = clusters(n=60_000, d=3)
    near, far = (begun(r, resp_init=labels, n_jobs=n_jobs) for r in (rows, rows + 1e7))
    np.testing.assert_allclose(far.covariances_, near.covariances_, rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(
        far.covariances_, begun(rows + 1e7, resp_init=labels, n_jobs=1).covariances_
    )


def test_a_scan_has_the_same_bits():
    rows, labels = clusters(n=50_000, d=3)
    assert_same(begun(softmix.scan(rows), resp_init=labels), begun(rows, resp_init=labels), rtol=0)


def test_what_else_is_given_takes_the_place():
    means = np.zeros((3, 3)) + np.arange(3)[:, None]
    model = begun(resp_init=LABELS, means_init=means)
    np.testing.assert_array_equal(model.means_, means)
    np.testing.assert_allclose(model.weights_, np.bincount(LABELS) / len(X))


def test_one_start_whatever_n_init():
    model = GaussianMixture(3, resp_init=LABELS, n_init=5).fit(X)
    assert model.fit_report_.starts_tried == 1


@pytest.mark.parametrize(
    ("resp", "message"),
    [
        (
            LABELS[:-1],
            r"resp_init has the shape \(299,\)\. It holds labels, of shape \(300,\), or memberships",
        ),
        (ONE_HOT[:, :2], r"resp_init has the shape \(300, 2\)"),
        (np.where(np.arange(300) == 7, 3, LABELS), r"resp_init\[7\] is 3\. Labels are .* 0 to 2, or -1"),
        (np.where(np.arange(300) == 7, -2, LABELS), r"resp_init\[7\] is -2"),
        (np.where(np.arange(300) == 7, 0.5, LABELS), r"resp_init\[7\] is 0\.5"),
        (np.array(["a", "b", "c"])[LABELS], r"resp_init has labels of type <U1"),
        (np.where(np.arange(300) == 7, np.nan, LABELS), "resp_init contains NaN"),
        (np.where(LABELS == 1, 0, LABELS), "resp_init gives no row of positive weight to component 1"),
        (ONE_HOT * [1.0, 1.0, 0.0], "resp_init gives no row of positive weight to component 2"),
        (ONE_HOT - 0.1, r"resp_init\[\d+, \d\] is -0\.1\. Memberships lie between 0 and 1"),
        (ONE_HOT * 0.9, r"resp_init\[0\] sums to 0\.9"),
    ],
)
def test_refusals(resp, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixture(3, resp_init=resp).fit(X)


def test_a_component_whose_rows_have_no_weight_is_refused():
    with pytest.raises(ValueError, match="no row of positive weight to component 1"):
        GaussianMixture(3, resp_init=LABELS).fit(X, sample_weight=(LABELS != 1).astype(float))


def test_nothing_is_left_to_say_where_all_parameters_are_given():
    given = {
        "weights_init": np.ones(3) / 3,
        "means_init": X[:3],
        "precisions_init": np.stack([np.eye(3)] * 3),
    }
    with pytest.raises(ValueError, match="resp_init is given, but so are weights_init"):
        GaussianMixture(3, resp_init=LABELS, **given).fit(X)
