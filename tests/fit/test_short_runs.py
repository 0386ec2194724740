"""Short runs of EM on a sample: tempering, climbing, and merging down."""

import numpy as np
import pytest
from simulate import TYPES, clusters
from simulate import parameters as random_parameters

from softmix.fit.moves import Components, halves, split
from softmix.fit.short_runs import ShortRuns, tempered
from softmix.fit.stopping import projected_gain
from softmix.parameters import FactorShape
from softmix.structures import STRUCTURES
from softmix.sweep import helpers

ROWS, LABELS = clusters(n=400, d=2, k=3, separation=6.0)
ROWS = (ROWS - ROWS.mean(axis=0)) / ROWS.std(axis=0)


def runs(covariance_type="full", weights=None):
    weights = np.ones(len(ROWS)) if weights is None else weights
    return ShortRuns(ROWS, weights, STRUCTURES[covariance_type], 1e-14, np.float64)


@pytest.mark.parametrize("beta", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("shape", list(FactorShape))
def test_tempered_memberships(shape, beta):
    """They are (π_k N_k)^β, and sum to one."""
    parameters = random_parameters(shape, k=4, d=2)
    short = runs()
    resp, log_norm = short.memberships(parameters)
    joint = resp * np.exp(log_norm)[:, None]
    expected = joint**beta / (joint**beta).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(short.memberships(tempered(parameters, beta))[0], expected, atol=1e-10)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_climb_never_falls_and_gives_its_height(covariance_type, weighted):
    weights = np.random.default_rng(0).uniform(0.2, 1.8, len(ROWS)) if weighted else None
    short = runs(covariance_type, weights)
    parameters = short.from_labels(np.random.default_rng(1).integers(0, 3, len(ROWS)), 3, 0.0)
    heights = []
    for _ in range(30):
        before = short.sweep(parameters)
        parameters, height = short.climb(parameters, 0.0, 1)
        heights += [before.log_likelihood / before.total_weight, height]
    assert (np.diff(heights) >= -1e-12).all()


def test_a_climb_ends_near_the_top():
    short = runs()
    start = short.from_labels(np.random.default_rng(1).integers(0, 3, len(ROWS)), 3, 0.0)
    _, height = short.climb(start, 1e-6, 10_000)
    _, top = short.climb(start, 0.0, 3000)
    assert top - height < 1e-4


@pytest.mark.parametrize("covariance_type", TYPES)
def test_parameters_of_labels_are_the_clusters_moments(covariance_type):
    weights = np.random.default_rng(0).uniform(0.2, 1.8, len(ROWS))
    found = runs(covariance_type, weights).from_labels(LABELS, 3, 0.0)
    np.testing.assert_allclose(found.weights, np.bincount(LABELS, weights) / weights.sum())
    for k in range(3):
        own = np.flatnonzero(k == LABELS)
        np.testing.assert_allclose(found.means[k], np.average(ROWS[own], axis=0, weights=weights[own]))
    own = LABELS == 1
    covariance = np.cov(ROWS[own].T, aweights=weights[own], bias=True)
    if covariance_type == "full":
        np.testing.assert_allclose(found.covariances()[1], covariance)
    if covariance_type == "diag":
        np.testing.assert_allclose(found.covariances()[1], np.diag(covariance))
    if covariance_type == "spherical":
        np.testing.assert_allclose(found.covariances()[1], np.trace(covariance) / 2)


def test_labels_that_name_no_row_are_left_out():
    assert runs().from_labels(2 * LABELS, 6, 0.0).n_components == 3


@pytest.mark.parametrize("covariance_type", ["full", "diag"])
def test_pseudo_rows_hold_a_thin_component_up(covariance_type):
    """A component on one row is as wide as its pseudo-rows; that is nothing here. On two it is round."""
    short = runs(covariance_type)
    labels = np.zeros(len(ROWS), dtype=int)
    labels[[np.argmin(ROWS[:, 0]), np.argmax(ROWS[:, 0])]] = 1
    free, held = (short.from_labels(labels, 2, pseudo_rows) for pseudo_rows in (0.0, 2.0))
    if covariance_type == "full":
        assert np.linalg.cond(free.covariances()[1]) > 1e9
        assert np.linalg.cond(held.covariances()[1]) < 10
    assert held.weights[1] == pytest.approx(4 / (len(ROWS) + 4))


@pytest.mark.parametrize("covariance_type", TYPES)
def test_reducing_merges_those_that_share_a_cluster(covariance_type):
    short = runs(covariance_type)
    three, _ = short.climb(short.from_labels(LABELS, 3, 0.0), 1e-9, 500)
    structure, floor = short.structure, short.floor
    for k in range(3):
        more = split(Components.of(three), np.array([k]), halves, np.random.RandomState(0))
        more, _ = short.climb(more.parameters(structure, floor), 0.0, 4)
        fewer, _ = short.climb(short.reduce_to(more, 3), 1e-9, 500)
        order, before = fewer.means[:, 0].argsort(), three.means[:, 0].argsort()
        np.testing.assert_allclose(fewer.means[order], three.means[before], atol=1e-2)


def test_reducing_by_many_merges_no_component_twice_in_a_round():
    short = runs()
    start = short.from_labels(np.arange(len(ROWS)) % 20, 20, 1.0)
    one = short.reduce_to(start, 1)
    assert one.n_components == 1
    np.testing.assert_allclose(one.means[0], ROWS.mean(axis=0), atol=1e-10)
    np.testing.assert_allclose(one.weights, 1.0)


def assert_same_bits(one, other):
    for name in ("weights", "means", "factors"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def starts_of(short):
    """Clusters, a random start, and one with two rows in a cluster, held at the floor by some."""
    few = np.where(np.arange(len(ROWS)) < 2, 2, LABELS % 2)
    drawn = np.random.default_rng(0).integers(0, 3, len(ROWS))
    return [short.from_labels(labels, 3, 0.0) for labels in (LABELS, drawn, few)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("covariance_type", [*TYPES, "EVE", "VEV", "EII"])
def test_several_climbs_are_each_what_it_is_alone(covariance_type, dtype):
    short = ShortRuns(ROWS, np.ones(len(ROWS)), STRUCTURES[covariance_type], 1e-14, dtype)
    starts = [*starts_of(short), short.from_labels(LABELS % 2, 2, 0.0)]
    for start, (parameters, height) in zip(starts, short.climb_each(starts, 1e-4, 12), strict=True):
        alone, expected = short.climb(start, 1e-4, 12)
        assert height == expected
        assert_same_bits(parameters, alone)


@pytest.mark.parametrize("covariance_type", [*TYPES, "EVE", "VEV"])
def test_a_traced_climb_ends_with_exact_heights(covariance_type):
    short = ShortRuns(ROWS, np.ones(len(ROWS)), STRUCTURES[covariance_type], 1e-14)
    starts = [*starts_of(short), short.from_labels(LABELS % 2, 2, 0.0)]
    limits = [200, 30, 4, 200]
    for start, limit, climb in zip(starts, limits, short.climb_traced(starts, 1e-5, limits), strict=True):
        ((alone, _),) = short.climb_traced([start], 1e-5, [limit])
        parameters, heights = climb
        assert_same_bits(parameters, alone)
        exact = short.memberships(parameters)[1].mean()
        assert heights[-1] == pytest.approx(exact, rel=1e-14)
        assert np.diff(heights).min() >= -1e-12


@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_traced_climb_has_two_projections_that_agree(covariance_type):
    short = ShortRuns(ROWS, np.ones(len(ROWS)), STRUCTURES[covariance_type], 1e-14)
    start = short.from_labels(np.random.default_rng(1).integers(0, 3, len(ROWS)), 3, 0.0)
    ((_, heights),) = short.climb_traced([start], 1e-5, [200])
    assert projected_gain(*heights[-3:]) <= 1e-5
    assert projected_gain(*heights[-4:-1]) <= 2e-5


@pytest.mark.parametrize("n_helpers", [1, 3])
@pytest.mark.parametrize("covariance_type", [*TYPES, "VVE", "VEV"])
def test_helpers_change_no_bit(covariance_type, n_helpers):
    short = ShortRuns(ROWS, np.ones(len(ROWS)), STRUCTURES[covariance_type], 1e-14)
    starts = [*starts_of(short)[:2], *(short.from_labels(LABELS % K, K, 0.0) for K in (1, 2, 3))]
    alone = short.climb_traced(starts, 1e-6, [100] * 5)
    with helpers(n_helpers):
        together = short.climb_traced(starts, 1e-6, [100] * 5)
    for (one, heights), (other, other_heights) in zip(alone, together, strict=True):
        assert_same_bits(one, other)
        assert heights == other_heights
