"""Loops of sweeps: starting, climbing, stopping."""

from softmix.fit.checkpoint import Checkpoint, Interval
from softmix.fit.mixture import fit_mixture
from softmix.fit.plan import FitPlan, FitResult, Given, Resumed, RunResult, Watcher
from softmix.fit.prior import PriorRequest

__all__ = [
    "Checkpoint",
    "FitPlan",
    "FitResult",
    "Given",
    "Interval",
    "PriorRequest",
    "Resumed",
    "RunResult",
    "Watcher",
    "fit_mixture",
]
