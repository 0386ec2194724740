"""Block and parameters give statistics, or memberships and densities."""

from softmix.e_step.gaussian import GaussianEStep
from softmix.e_step.given import statistics_from_resp

__all__ = ["GaussianEStep", "statistics_from_resp"]
