"""How many threads a sweep may use, and how many BLAS may."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from threading import Lock

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


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """BLAS keeps to one thread inside: its matrices are small, and its own would be in the way.

    Sums in BLAS depend on its number of threads, too, and a fit's bits must not. The limit is
    the process's: of fits that overlap in several threads, the first sets it and the last
    lifts it.
    """
    _limit.enter()
    try:
        yield
    finally:
        _limit.leave()


class _SharedLimit:
    def __init__(self) -> None:
        self._lock, self._users, self._limiter = Lock(), 0, ExitStack()

    def enter(self) -> None:
        with self._lock:
            if self._users == 0:
                self._limiter.enter_context(_controller().limit(limits=1))
            self._users += 1

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._limiter.close()


_limit = _SharedLimit()


@cache
def _controller() -> ThreadpoolController:
    """Looks through the loaded libraries once; later fits reuse what it found."""
    return ThreadpoolController()
