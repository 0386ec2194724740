"""Choosing among mixtures: the number of components and the covariance structure."""

from softmix.selection.mixture_search import MixtureSearch
from softmix.selection.record import SearchRecord, Status

__all__ = ["MixtureSearch", "SearchRecord", "Status"]
