"""Which components of a finished fit are doubted, and that ordinary ones are not."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulate import clusters
from sklearn.datasets import load_iris, load_wine

from softmix import DegenerateComponentWarning, GaussianMixture
from softmix.data import faithful_path
from softmix.fit.doubt import Doubt, doubts
from softmix.m_step import CovarianceFloor
from softmix.parameters import FactorShape, GaussianParameters
from softmix.structures import STRUCTURES

FLOOR = CovarianceFloor(np.eye(3), 1e-14)


def mixture(*lengths, weights=None):
    """Components with axes of these lengths along three columns."""
    factors = np.stack([np.diag(1.0 / np.array(axes)) for axes in lengths])
    K = len(lengths)
    weights = np.full(K, 1.0 / K) if weights is None else np.array(weights)
    return GaussianParameters(weights, np.zeros((K, 3)), factors, FactorShape.FULL)


def doubted(parameters, n_rows, covariance_type="full"):
    found = doubts(parameters, n_rows, FLOOR, STRUCTURES[covariance_type])
    return [(doubt.component, doubt.flat, doubt.columns) for doubt in found]


def test_too_few_rows():
    two = mixture((1, 1, 1), (1, 1, 1), weights=(0.96, 0.04))
    assert doubted(two, 100) == [(1, False, (0, 1, 2))]  # 4 rows; 5 determine a matrix
    assert doubted(two, 115) == []  # 4.6: less than half a row short
    assert doubted(two, 100, "VVI") == []
    assert doubted(two, 100, "EEE") == []


@pytest.mark.parametrize(
    ("axes", "rows", "columns"),
    [
        ((1.0, 1.0, 1e-3), 6, (2,)),
        ((1.0, 0.05, 0.05), 6, (1, 2)),
        ((1.0, 1e-3, 1e-3), 6, None),  # so near a line are six rows by no chance
        ((1e-3, 1e-3, 1e-6), 6, (2,)),  # in a cluster that is tight itself
        ((1e-3, 1e-3, 1e-3), 6, None),  # tight, and not flat
        ((1.0, 1.0, 0.2), 6, None),
        ((1.0, 1.0, 1e-4), 30, None),  # that many are no chance
    ],
)
def test_flat_ones_of_few_rows(axes, rows, columns):
    found = doubted(mixture((1, 1, 1), axes, weights=(1 - rows / 200, rows / 200)), 200)
    assert found == ([] if columns is None else [(1, True, columns)])
    # Where others share the shape, the few rows do not say it alone.
    assert doubted(mixture((1, 1, 1), axes, weights=(1 - rows / 200, rows / 200)), 200, "VEV") == []


def test_what_is_degenerate_is_not_doubted_besides():
    assert doubted(mixture((1, 1, 1), (1, 1, 1e-9), (1, 1, 1), weights=(0.99, 0.01, 0)), 100) == []


@pytest.mark.parametrize(
    ("doubt", "said"),
    [
        (
            Doubt(3, 2.9994, 4.5, (0, 1), flat=False),
            "count 2.999) has fewer rows than the 4.5 that determine its covariance in all 2 columns.",
        ),
        (Doubt(0, 1.0, 3.0, (0,), flat=False), "that determine its covariance in column 'a'."),
        (
            Doubt(1, 7.0, 6.0, (0, 1), flat=True),
            "(effective count 7) is so flat in columns 'a', 'b' as that few rows may lie by chance.",
        ),
    ],
)
def test_sentences(doubt, said):
    assert said in doubt.describe(["a", "b"])
    assert doubt.describe().endswith("or set prior='default'.")


def test_the_fit_warns_once_at_the_user_s_line_and_a_prior_ends_it():
    X = pd.DataFrame(clusters(n=200, d=2, k=2, separation=8.0)[0], columns=["length", "width"])
    # Three rows, far from all, in no line.
    X.loc[:2] = np.array([[60.0, 60.0], [60.5, 61.0], [61.5, 60.0]])
    with pytest.warns(DegenerateComponentWarning, match=r"effective count 3\) has fewer rows") as caught:
        model = GaussianMixture(3, random_state=0).fit(X)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert min(model.weights_ * 200) == pytest.approx(3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.set_params(prior="default").fit(X)


def iris():
    return load_iris().data


def wine():
    return load_wine().data


def faithful():
    return pd.read_csv(faithful_path())


@pytest.mark.parametrize(("rows", "largest"), [(iris, 4), (wine, 3), (faithful, 5)])
@pytest.mark.parametrize("covariance_type", ["full", "diag", "VEV"])
def test_ordinary_fits_do_not_warn(rows, largest, covariance_type):
    with warnings.catch_warnings():
        warnings.simplefilter("error", DegenerateComponentWarning)
        for K in range(1, largest + 1):
            GaussianMixture(K, covariance_type=covariance_type, random_state=0).fit(rows())


@settings(max_examples=25)
@given(
    d=st.integers(1, 4),
    k=st.integers(1, 4),
    tight=st.sampled_from([1.0, 1e-1, 1e-3]),
    flat=st.sampled_from([1.0, 1e-2]),
    seed=st.integers(0, 2**16),
)
def test_clusters_of_enough_rows_are_not_doubted(d, k, tight, flat, seed):
    """However tight or flat."""
    rng = np.random.default_rng(seed)
    spread = tight * np.where(np.arange(d) == 0, flat, 1.0)
    centres = [30.0 * j * np.eye(d)[j % d] for j in range(k)]
    X = np.concatenate([centre + spread * rng.standard_normal((8 * (d + 2), d)) for centre in centres])
    with warnings.catch_warnings():
        warnings.simplefilter("error", DegenerateComponentWarning)
        GaussianMixture(k, random_state=0).fit(X)
