"""Stopping: on the projected rest, seen twice; on rounding; on a crawl; never on a plateau."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softmix.fit.stopping import Stopping, projected_gain


def run(bounds, tol=1e-3, max_iter=10_000, history=()):
    """How many of `bounds` a fit would look at, and whether it then says it converged."""
    stopping, bounds = Stopping(tol, max_iter, history), iter(bounds)
    for _ in stopping:
        stopping.saw(next(bounds))
    return stopping


def geometric(rate, limit=-1.0, gap=1.0):
    return (limit - gap * rate**t for t in range(10**9))


@given(rate=st.floats(0.1, 0.95), tol=st.sampled_from([1e-2, 1e-4, 1e-6]))
def test_what_remains_is_within_tol(rate, tol):
    """Also where EM is slow and every step is far smaller than what is still to come."""
    stopping = run(geometric(rate), tol)
    assert stopping.converged
    remaining = -1.0 - stopping.trace[-1]
    assert remaining <= tol * 1.01
    # No later than when nine steps are within tol, and once more to see it twice.
    assert stopping.n_iter <= np.ceil(np.log(tol / 9) / np.log(rate)) + 4


@given(first=st.floats(-9, 9), step=st.floats(1e-3, 1), rate=st.floats(0.9, 0.99))
def test_projection_is_exact_for_a_geometric_sequence(first, step, rate):
    values = first, first + step, first + step + step * rate
    assert projected_gain(*values) == pytest.approx(step * rate**2 / (1 - rate), rel=1e-6)


def test_a_steep_end_of_a_climb_is_no_convergence():
    """Ratios of 0.04 and 0.15, and then the steps grow again: increments of a real fit."""
    steps = [1.5e-1, 6.2e-2, 2.6e-3, 4.0e-4, 2.6e-4, 2.6e-4, 2.9e-4, 3.3e-4, 3.8e-4, 4.6e-4]
    assert not run(np.cumsum([-9.0, *steps]), max_iter=len(steps) + 1).converged


def test_growing_steps_promise_more():
    assert projected_gain(0.0, 1.0, 3.0) == np.inf
    assert not run([0, 1e-6, 3e-6, 9e-6, 3e-5, 9e-5], max_iter=6).converged


def test_one_small_projection_is_not_enough():
    """Leaving a plateau: one step falls to almost nothing, and the next ones grow again."""
    plateau = [-9.0, -8.5, -8.49999, -8.49997, -8.49, -8.0, -7.0]
    assert projected_gain(*plateau[1:4]) == np.inf
    assert projected_gain(*plateau[:3]) < 1e-3
    assert run(plateau, max_iter=7).n_iter == 7


@pytest.mark.parametrize("value", [0.0, -3.5, 1e9])
def test_standing_still_is_convergence_after_three_sweeps(value):
    assert run([value] * 9).n_iter == 3


def test_a_crawl_ends():
    """A ridge: each step below tol, more than tol still to come."""
    tol = 1e-6
    stopping = run((-5 + 0.9e-6 * t - 1e-14 * t * t for t in range(10**6)), tol)
    assert stopping.converged
    assert stopping.n_iter == 101


def test_tol_0_never_stops():
    stopping = run([1.0] * 50, tol=0, max_iter=50)
    assert (stopping.n_iter, stopping.converged) == (50, False)


def test_max_iter_0_sweeps_nothing():
    assert run([], max_iter=0).n_iter == 0


def test_history_counts_if_the_rows_are_the_same():
    bounds = list(np.fromiter(geometric(0.5), float, 30))
    whole = run(bounds)
    for split in (1, 2, 3, 6):
        earlier = run(bounds[:split], max_iter=split)
        later = run(bounds[split:], history=[*earlier.recent, bounds[split]])
        assert split + later.n_iter == whole.n_iter
    # Other rows: their likelihood is another, lower here, and nothing has converged.
    assert run([v - 100 for v in bounds], history=[*bounds, bounds[-1]]).n_iter == whole.n_iter


def test_the_watcher_hears_each_sweep():
    heard = []
    stopping = Stopping(1e-3, 3, watch=lambda *said: heard.append(said))
    for _, value in zip(stopping, [1.0, 3.0, 9.0], strict=True):
        stopping.saw(value)
    assert heard == [(1, 1.0, np.inf), (2, 3.0, 2.0), (3, 9.0, 6.0)]
