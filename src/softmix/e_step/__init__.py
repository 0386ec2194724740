"""Block and parameters give statistics, or memberships and densities."""

from softmix.e_step.candidates import Candidates
from softmix.e_step.completion import conditional_draws, conditional_means
from softmix.e_step.expected import expected_statistics
from softmix.e_step.gaussian import GaussianEStep
from softmix.e_step.given import statistics_about, statistics_from_resp
from softmix.e_step.grouped import GroupedEStep
from softmix.e_step.missing import MissingEStep
from softmix.e_step.negligible import ALLOWED, needed_components, rules

__all__ = [
    "ALLOWED",
    "Candidates",
    "GaussianEStep",
    "GroupedEStep",
    "MissingEStep",
    "conditional_draws",
    "conditional_means",
    "expected_statistics",
    "needed_components",
    "rules",
    "statistics_about",
    "statistics_from_resp",
]
