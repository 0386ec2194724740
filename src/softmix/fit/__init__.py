"""Loops of sweeps: starting, climbing, stopping."""

from softmix.fit.mixture import FitPlan, FitResult, Given, Watcher, fit_mixture

__all__ = ["FitPlan", "FitResult", "Given", "Watcher", "fit_mixture"]
