"""How many threads a sweep may use, and how many BLAS may."""

import os
from contextlib import AbstractContextManager
from functools import cache

from joblib import cpu_count, effective_n_jobs
from threadpoolctl import ThreadpoolController


def resolve_n_jobs(n_jobs: int | None) -> int:
    """The number of threads for `n_jobs`.

    None means every core that the process may use: its affinity and container limits, an
    enclosing joblib ``parallel_config`` or worker, and OMP_NUM_THREADS. Negative numbers count
    back from all cores, as in joblib.
    """
    if n_jobs is not None:
        return max(int(effective_n_jobs(n_jobs)), 1)
    threads = min(int(effective_n_jobs(-1)), int(cpu_count()))
    limit = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if limit.isdigit() and int(limit) > 0:
        threads = min(threads, int(limit))
    return max(threads, 1)


def one_blas_thread() -> AbstractContextManager[object]:
    """BLAS keeps to one thread inside: its matrices are small, and its own would be in the way.

    Sums in BLAS depend on its number of threads, too, and a fit's bits must not.
    """
    limiter: AbstractContextManager[object] = _controller().limit(limits=1)
    return limiter


@cache
def _controller() -> ThreadpoolController:
    """Looks through the loaded libraries once; later fits reuse what it found."""
    return ThreadpoolController()
