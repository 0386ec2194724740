"""What adds up: the sufficient statistics of a sweep."""

from softmix.statistics.gaussian import GaussianStatistics, StatisticsLayout

__all__ = ["GaussianStatistics", "StatisticsLayout"]
