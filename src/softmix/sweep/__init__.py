"""Who makes and adds the statistics."""

from softmix.sweep.threads import ThreadSweep
from softmix.sweep.tree_sum import TreeSum
from softmix.sweep.workers import resolve_n_jobs

__all__ = ["ThreadSweep", "TreeSum", "resolve_n_jobs"]
