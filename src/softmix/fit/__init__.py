"""Loops of sweeps: starting, climbing, stopping."""

from softmix.fit.mixture import fit_mixture
from softmix.fit.plan import FitPlan, FitResult, Given, Resumed, RunResult, Watcher
from softmix.fit.prior import PriorRequest

__all__ = ["FitPlan", "FitResult", "Given", "PriorRequest", "Resumed", "RunResult", "Watcher", "fit_mixture"]
