"""Settings that cannot be fitted are refused by name; those that can be read two ways, read right."""

import numpy as np
import pytest
from simulate import TYPES, clusters

from softmix import DegenerateComponentWarning, GaussianMixture


def test_a_floor_as_wide_as_the_data_is_taken_and_named_as_the_cause():
    """scikit-learn takes any reg_covar; here it is a share, and the warning must not blame the data."""
    X, _ = clusters()
    with pytest.warns(DegenerateComponentWarning, match=r"reg_covar=1 allows.*share of the data") as caught:
        gm = GaussianMixture(2, reg_covar=1.0, random_state=0).fit(X)
    assert not any("no spread" in str(w.message) for w in caught)
    excess = gm.covariances_ - np.cov(X.T, bias=True)
    assert (np.linalg.eigvalsh(excess) > -1e-9 * X.var()).all()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_means_so_far_out_that_no_row_has_a_density_are_refused(dtype):
    X, _ = clusters(d=2)
    far = 1e200 if dtype == "float64" else 1e25
    gm = GaussianMixture(
        2, weights_init=[0.5, 0.5], means_init=np.full((2, 2), far), precisions_init=np.stack([np.eye(2)] * 2)
    )
    with pytest.raises(ValueError, match="means_init"):
        gm.fit(X.astype(dtype))
    assert not hasattr(gm, "means_")


def test_a_warm_start_from_another_structure_is_refused_even_where_the_shapes_agree():
    X, _ = clusters(d=2)
    gm = GaussianMixture(2, covariance_type="tied", warm_start=True, random_state=0).fit(X)
    with pytest.raises(ValueError, match="covariance_type='diag'"):
        gm.set_params(covariance_type="diag").fit(X)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_roots_of_the_precisions_may_have_any_sign(covariance_type):
    X, _ = clusters()
    gm = GaussianMixture(3, covariance_type=covariance_type, random_state=0).fit(X)
    score = gm.score(X)
    gm.precisions_cholesky_ = -gm.precisions_cholesky_
    assert gm.score(X) == pytest.approx(score, rel=1e-12)


def test_an_asymmetric_precision_is_refused_in_any_unit():
    X, _ = clusters(d=2)
    bad = 1e-12 * np.array([[[1.0, 0.9], [-0.9, 1.0]]])
    with pytest.raises(ValueError, match="symmetric"):
        GaussianMixture(1, precisions_init=bad).fit(X * 1e6)


def test_given_means_claim_their_rows_where_rows_are_few():
    """Rows and means are compared in the same coordinates, whatever those are."""
    rng = np.random.default_rng(3)
    X = rng.normal(0, 0.5, (6, 6)) + 30.0 * rng.normal(size=(6, 1))
    gm = GaussianMixture(6, covariance_type="tied", means_init=X, max_iter=0, random_state=0).fit(X)
    np.testing.assert_allclose(gm.weights_, [1 / 6] * 6)
