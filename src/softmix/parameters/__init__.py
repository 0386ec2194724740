"""Frozen values: what the M-step gives and the E-step takes."""

from softmix.parameters.draw import draw
from softmix.parameters.drift import Drift, Reference
from softmix.parameters.gaussian import FactorShape, GaussianParameters

__all__ = ["Drift", "FactorShape", "GaussianParameters", "Reference", "draw"]
