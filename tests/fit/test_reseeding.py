"""Collapsed components are placed anew; what a fit did is told."""

import json
import warnings

import numpy as np
import pytest
from simulate import clusters

from softmix import GaussianMixture
from softmix.blocks import ArrayBlocks
from softmix.e_step import statistics_from_resp
from softmix.fit import FitPlan
from softmix.fit.climb import climb_from
from softmix.fit.maximiser import Maximiser
from softmix.fit.reseeding import reseeded
from softmix.fit.spread import measure_spread
from softmix.fit.starts.nearest import one_hot
from softmix.structures import STRUCTURES
from softmix.sweep import ThreadSweep


def _collapsing() -> tuple[np.ndarray, np.ndarray]:
    """Two clusters far apart and a row that is there five times, on which a start puts a component."""
    X, labels = clusters(n=300, d=2, k=3, separation=8.0, seed=0)
    X[:5] = X.mean(axis=0) + 100.0
    resp = np.where(np.arange(300) < 5, 2, np.minimum(labels, 1))
    return X, resp


def test_an_empty_component_is_placed_where_the_fit_is_worst():
    """Two clusters have one component, the third is empty: it is placed between them."""
    X, labels = clusters(n=600, d=2, k=3, separation=8.0, seed=0)
    structure = STRUCTURES["full"]
    plan = FitPlan(structure, 3, tol=1e-8, reg_covar=1e-10, max_iter=200, n_init=1, init_params="random")
    resp = one_hot(np.minimum(labels, 1), 3)
    with ThreadSweep(ArrayBlocks(X)) as sweep:
        spread = measure_spread(sweep, structure.shape)
        maximiser = Maximiser(structure, structure.floor(spread.factor, plan.reg_covar, spread.constant))
        start = maximiser.m_step(statistics_from_resp(structure.shape, X, resp))
        stuck = climb_from(sweep, plan, spread, maximiser, start)
        assert stuck.parameters.weights[2] == 0
        better = reseeded(sweep, plan, spread, maximiser, stuck, np.random.RandomState(0))
        known = maximiser.m_step(statistics_from_resp(structure.shape, X, one_hot(labels, 3)))
        best = climb_from(sweep, plan, spread, maximiser, known)
    assert better.report.reseeded == 1
    assert not better.degeneracies
    assert better.trace[-1] == pytest.approx(best.trace[-1], abs=1e-6)


@pytest.mark.parametrize("init_params", ["auto", "kmeans", "random", "hierarchical"])
def test_the_report_says_what_was_done(init_params):
    X, _ = clusters(n=200, d=2)
    model = GaussianMixture(3, init_params=init_params, n_init=2, random_state=0).fit(X)
    report = model.fit_report_
    assert len(report.runs) == 2
    assert [run.start for run in report.runs] == [init_params] * 2
    (chosen,) = [run for run in report.runs if run.chosen]
    assert chosen.sweeps == model.n_iter_
    assert chosen.log_likelihood == model.lower_bounds_[-1]
    assert chosen.stopped == report.stopped
    assert report.sweeps > sum(run.sweeps for run in report.runs)
    assert report.starts_tried >= 2
    assert report.rows_touched >= report.sweeps * 200
    assert report.degenerate == ()
    assert json.loads(json.dumps(report.as_dict()))["stopped"] == report.stopped
    assert str(report).startswith(f"stopped by {report.stopped}")


def test_a_given_start_is_not_moved():
    """The user's own parameters are where EM begins and goes on, even if a component collapses."""
    X, labels = _collapsing()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = GaussianMixture(3, resp_init=labels, random_state=0).fit(X)
    assert model.fit_report_.runs[0].reseeded == 0
    assert model.fit_report_.degenerate
