"""How many threads a sweep may use."""

import os

from joblib import cpu_count, effective_n_jobs


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
