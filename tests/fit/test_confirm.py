"""A fit that goes on from a top is over after one look at all rows; from anywhere else EM climbs."""

from dataclasses import replace

import numpy as np
import pytest
from simulate import TYPES, clusters

from softmix.blocks import ArrayBlocks
from softmix.fit import FitPlan, Resumed, fit_mixture
from softmix.fit.confirm import confirmed
from softmix.fit.prior import PriorRequest
from softmix.fit.spread import measure_spread
from softmix.structures import STRUCTURES
from softmix.sweep import ThreadSweep

ROWS, _ = clusters(n=600, d=3, k=3, separation=3.0)
RNG = np.random.RandomState(0)


def _plan(covariance_type, **asked):
    settings = {"tol": 1e-6, "reg_covar": 1e-14, "max_iter": 200, "n_init": 1, "init_params": "kmeans"}
    return FitPlan(structure=STRUCTURES[covariance_type], n_components=3, **{**settings, **asked})


def _resumed(sweep, plan, max_iter=5000):
    """Where plain EM is after `max_iter` sweeps, with the log-likelihoods on the way and there."""
    run = fit_mixture(sweep, replace(plan, max_iter=max_iter, acceleration=None), RNG).best
    height = sweep.log_likelihood(run.parameters) / sweep.source.total_weight
    return Resumed(run.parameters, [*run.trace, height], is_within=True)


def _floor(sweep, plan):
    spread = measure_spread(sweep, plan.structure.shape)
    return plan.structure.floor(spread.factor, plan.reg_covar, spread.constant)


@pytest.fixture(params=[None, "weighted"])
def sweep(request):
    weights = None if request.param is None else np.random.default_rng(0).uniform(0.5, 1.5, len(ROWS))
    with ThreadSweep(ArrayBlocks(ROWS, weights)) as opened:
        yield opened


@pytest.mark.parametrize("covariance_type", [*TYPES, "EVE", "VEV"])
def test_a_top_is_what_em_would_end_at(sweep, covariance_type):
    plan = _plan(covariance_type)
    plan = replace(plan, resumed=_resumed(sweep, plan))
    found = confirmed(sweep, plan, _floor(sweep, plan))
    assert found is not None
    best = found.result.best
    assert best.parameters is plan.resumed.parameters
    assert (best.n_iter, best.converged, best.sound, found.result.report.sweeps) == (
        1,
        True,
        True,
        sweep.n_sweeps,
    )
    assert found.log_likelihood == sweep.log_likelihood(best.parameters)
    assert found.classification_log_likelihood == sweep.classification_log_likelihood(best.parameters)
    by_em = fit_mixture(sweep, plan, RNG)
    assert by_em.best.n_iter == 1
    assert by_em.best.report.stopped == best.report.stopped
    assert by_em.best.trace == pytest.approx(best.trace, rel=1e-12)
    gain = sweep.log_likelihood(by_em.best.parameters) - found.log_likelihood
    assert -1e-9 * abs(found.log_likelihood) <= gain <= plan.tol * sweep.source.total_weight


def test_what_is_no_top_is_left_to_em(sweep):
    plan = _plan("VVV", tol=1e-9)
    floor, top = _floor(sweep, plan), _resumed(sweep, _plan("VVV", tol=1e-11))
    assert confirmed(sweep, replace(plan, resumed=top), floor) is not None
    others = {
        "nothing": None,
        "still climbing": _resumed(sweep, plan, max_iter=5),
        "of other rows": replace(top, history=[height + 1.0 for height in top.history]),
        "without a history": replace(top, history=[]),
        "not known to be of the structure": replace(top, is_within=False),
    }
    for what, resumed in others.items():
        assert confirmed(sweep, replace(plan, resumed=resumed), floor) is None, what
    asked = {"max_iter": 0, "tol": 0.0, "equal_weights": True, "prior": PriorRequest()}
    for name, value in asked.items():
        assert confirmed(sweep, replace(plan, resumed=top, **{name: value}), floor) is None, name
