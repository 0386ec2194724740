"""Who makes and adds the statistics."""

from softmix.sweep.crew import helpers
from softmix.sweep.read_ahead import ReadAhead
from softmix.sweep.threads import SweepState, ThreadSweep
from softmix.sweep.tree_sum import TreeSum
from softmix.sweep.workers import one_blas_thread, resolve_n_jobs

__all__ = [
    "ReadAhead",
    "SweepState",
    "ThreadSweep",
    "TreeSum",
    "helpers",
    "one_blas_thread",
    "resolve_n_jobs",
]
