"""Every M-step maximises: against formulas, against other parameters, and from any centre."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulate import MCLUST_TYPES, covariance_matrices, first_step, floor_of

from softmix.e_step import statistics_from_resp
from softmix.parameters import GaussianParameters
from softmix.structures import STRUCTURES

ITERATIVE = [name for name in MCLUST_TYPES if STRUCTURES[name].iterative]


def _case(seed, k=2, d=3, n=40):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)) @ rng.standard_normal((d, d)), rng.dirichlet(np.ones(k), n)


def _scatters(rows, resp):
    """Counts, means and scatters about them."""
    count = resp.sum(axis=0)
    means = resp.T @ rows / count[:, None]
    y = rows[:, None, :] - means
    return count, means, np.einsum("nk,nki,nkj->kij", resp, y, y)


def expected_log_likelihood(rows, resp, parameters):
    """Σ r_ik log N(x_i; μ_k, Σ_k): what the means and covariances of an M-step maximise."""
    sigma = covariance_matrices(parameters)
    y = rows[:, None, :] - parameters.means
    distances = np.einsum("nki,kij,nkj->nk", y, np.linalg.inv(sigma), y)
    return -0.5 * (resp * (np.linalg.slogdet(sigma)[1] + distances)).sum()


@given(name=st.sampled_from(MCLUST_TYPES), seed=st.integers(0, 99))
def test_closed_forms(name, seed):
    """Weights and means of all; the covariances that need no iteration (Celeux & Govaert 1995)."""
    rows, resp = _case(seed)
    n, d = rows.shape
    found = first_step(STRUCTURES[name], rows, resp, 1e-12)
    count, means, scatter = _scatters(rows, resp)
    each, eye = count[:, None, None], np.eye(d)
    diagonal = scatter * eye
    volume, diagonal_volume = (
        np.linalg.det(matrices)[:, None, None] ** (1 / d) for matrices in (scatter, diagonal)
    )
    values, axes = np.linalg.eigh(scatter)
    expected = {
        "EII": lambda: np.trace(scatter.sum(axis=0)) / (n * d) * np.stack([eye] * 2),
        "VII": lambda: np.trace(scatter, axis1=1, axis2=2)[:, None, None] / (each * d) * eye,
        "EEI": lambda: np.stack([diagonal.sum(axis=0) / n] * 2),
        "EVI": lambda: diagonal / diagonal_volume * diagonal_volume.sum() / n,
        "VVI": lambda: diagonal / each,
        "EEE": lambda: np.stack([scatter.sum(axis=0) / n] * 2),
        "EEV": lambda: (axes * values.sum(axis=0) / n) @ axes.swapaxes(1, 2),
        "EVV": lambda: scatter / volume * volume.sum() / n,
        "VVV": lambda: scatter / each,
    }
    np.testing.assert_allclose(found.weights, count / n, rtol=1e-12)
    np.testing.assert_allclose(found.means, means, atol=1e-12)
    if name not in ITERATIVE:
        np.testing.assert_allclose(covariance_matrices(found), expected[name](), rtol=1e-9, atol=1e-12)


@given(
    name=st.sampled_from(MCLUST_TYPES),
    seed=st.integers(0, 99),
    d=st.integers(1, 4),
    share=st.sampled_from([1e-9, 0.1, 1.0]),
)
def test_no_move_within_the_structure_is_better(name, seed, d, share):
    """Nor is any covariance that the same structure gives other memberships, on the way to it.

    With a wide floor some covariances are held at it: so it is the constrained maximum.
    """
    rows, resp = _case(seed, d=d)
    structure = STRUCTURES[name]
    floor = floor_of(structure, rows, share)
    found = first_step(structure, rows, resp, share)
    best = expected_log_likelihood(rows, resp, found)
    rng = np.random.default_rng(seed)
    for step in (1e-3, 1e-2, 0.1, 1.0):
        other_resp = (1 - step) * resp + step * rng.dirichlet(np.ones(2), len(rows))
        statistics = statistics_from_resp(structure.shape, rows, other_resp)
        other = structure.m_step(statistics, floor, found)
        moved = GaussianParameters(found.weights, found.means, other.factors, other.shape)
        assert expected_log_likelihood(rows, resp, moved) <= best + 1e-7 * abs(best)


@given(name=st.sampled_from(MCLUST_TYPES), seed=st.integers(0, 99), share=st.sampled_from([1e-9, 0.1, 1.0]))
def test_the_structure_and_the_floor_are_kept(name, seed, share):
    """Volume, shape and orientation are equal, or the identity, where the name says so."""
    rows, resp = _case(seed, k=3)
    structure = STRUCTURES[name]
    sigma = covariance_matrices(first_step(structure, rows, resp, share))
    factor = floor_of(structure, rows, share).factor
    factor = factor * np.eye(3) if factor.ndim < 2 else factor
    assert np.linalg.eigvalsh(factor @ sigma @ factor.T).min() >= share * (1 - 1e-9)
    volumes = np.linalg.det(sigma) ** (1 / 3)
    unit = sigma / volumes[:, None, None]
    if name[0] == "E":
        np.testing.assert_allclose(volumes, volumes[0], rtol=1e-9)
    if name[1] == "E":
        np.testing.assert_allclose(np.linalg.eigvalsh(unit), np.linalg.eigvalsh(unit)[[0] * 3], rtol=1e-8)
    if name[1] == "I":
        np.testing.assert_allclose(unit, np.stack([np.eye(3)] * 3), atol=1e-12)
    if name[2] == "I":
        np.testing.assert_array_equal(unit, unit * np.eye(3))
    if name[2] == "E":  # they commute
        products = np.einsum("kij,ljm->klim", unit, unit)
        np.testing.assert_allclose(products, products.swapaxes(2, 3), atol=1e-8 * np.abs(products).max())


@given(name=st.sampled_from(ITERATIVE), seed=st.integers(0, 199), share=st.sampled_from([1e-9, 0.1, 1.0]))
def test_never_below_the_previous_parameters(name, seed, share):
    """Whatever sweep they come from: a generalised M-step (Dempster, Laird & Rubin 1977)."""
    rows, resp = _case(seed, k=3)
    structure = STRUCTURES[name]
    floor = floor_of(structure, rows, share)
    other_resp = np.random.default_rng(seed + 1).dirichlet(np.ones(3), len(rows))
    previous = first_step(structure, rows, other_resp, share)
    found = structure.m_step(statistics_from_resp(structure.shape, rows, resp), floor, previous)
    before = GaussianParameters(found.weights, found.means, previous.factors, previous.shape)
    after = expected_log_likelihood(rows, resp, found)
    assert after >= expected_log_likelihood(rows, resp, before) - 1e-9 * abs(after)
    # From where it ended there is nothing left to gain, or, for a common orientation, little.
    again = structure.m_step(statistics_from_resp(structure.shape, rows, resp), floor, found)
    gain = expected_log_likelihood(rows, resp, again) - after
    assert -1e-9 * abs(after) <= gain <= (1e-2 if name in {"EVE", "VVE"} else 1e-7) * abs(after)


@given(name=st.sampled_from(MCLUST_TYPES), seed=st.integers(0, 99))
def test_the_centre_does_not_matter(name, seed):
    rows, resp = _case(seed)
    structure, floor = STRUCTURES[name], floor_of(STRUCTURES[name], rows, 1e-12)
    statistics = statistics_from_resp(structure.shape, rows, resp)
    moved = statistics.recenter(statistics.centers + np.random.default_rng(seed).standard_normal((2, 3)))
    one, other = structure.m_step(statistics, floor), structure.m_step(moved, floor)
    np.testing.assert_allclose(other.means, one.means, atol=1e-12)
    np.testing.assert_allclose(other.covariances(), one.covariances(), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", MCLUST_TYPES)
@pytest.mark.parametrize("scale", [1e-250, 1.0, 1e250])
def test_an_empty_component_stays_where_it_is(name, scale):
    """With weight 0 and a finite covariance, at any scale of the row weights; the other is as ever."""
    rows, _ = _case(0)
    structure = STRUCTURES[name]
    resp = np.c_[np.ones(40), np.zeros(40)]
    statistics = statistics_from_resp(structure.shape, rows, resp, np.full(40, scale))
    found = structure.m_step(statistics, floor_of(structure, rows))
    assert found.weights.tolist() == [1.0, 0.0]
    np.testing.assert_array_equal(found.means[1], statistics.centers[1])
    assert np.isfinite(found.factors).all()
    assert np.isneginf(found.log_constants[1])
    alone = first_step(structure, rows, np.ones((40, 1)))
    np.testing.assert_allclose(
        covariance_matrices(found)[0], covariance_matrices(alone)[0], rtol=1e-8, atol=1e-10
    )


@given(name=st.sampled_from(MCLUST_TYPES), seed=st.integers(0, 99))
def test_projection_of_a_start(name, seed):
    """Parameters of the structure above the floor are left alone; others come to lie there."""
    rows, resp = _case(seed, k=3)
    structure = STRUCTURES[name]
    floor = floor_of(structure, rows, 1e-3)
    sound = first_step(structure, rows, resp, 1e-3)
    assert structure.project(sound, floor) is sound
    free = first_step(
        next(s for s in (STRUCTURES[n] for n in ("VVV", "EEE", "VVI", "VII")) if s.shape is sound.shape),
        rows,
        resp,
    )
    thin = GaussianParameters(free.weights, free.means, free.factors * 1e4, free.shape)
    raised = structure.project(thin, floor)
    assert structure.project(raised, floor) is raised
    assert any(floor.thin_columns(raised, k) for k in range(3))
