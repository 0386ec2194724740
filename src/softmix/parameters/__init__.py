"""Frozen values: what the M-step gives and the E-step takes."""

from softmix.parameters.draw import draw
from softmix.parameters.drift import Drift, Reference
from softmix.parameters.gaussian import FactorShape, GaussianParameters
from softmix.parameters.noise import Noise

__all__ = ["Drift", "FactorShape", "GaussianParameters", "Noise", "Reference", "draw"]
