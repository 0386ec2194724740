"""Loops of sweeps: starting, climbing, stopping."""

from softmix.fit.checkpoint import Checkpoint, Interval
from softmix.fit.forgetting import Forgetting
from softmix.fit.mixture import fit_mixture
from softmix.fit.noise import NoiseRequest
from softmix.fit.online import Stream, learn
from softmix.fit.plan import FitPlan, FitResult, Given, Resumed, RunResult, Watcher
from softmix.fit.prior import PriorRequest

__all__ = [
    "Checkpoint",
    "FitPlan",
    "FitResult",
    "Forgetting",
    "Given",
    "Interval",
    "NoiseRequest",
    "PriorRequest",
    "Resumed",
    "RunResult",
    "Stream",
    "Watcher",
    "fit_mixture",
    "learn",
]
