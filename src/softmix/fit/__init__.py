"""Loops of sweeps: starting, climbing, stopping."""

from softmix.fit.mixture import fit_mixture
from softmix.fit.plan import FitPlan, FitResult, Given, Resumed, Watcher

__all__ = ["FitPlan", "FitResult", "Given", "Resumed", "Watcher", "fit_mixture"]
