"""How many threads: the user's number, or all that every limit allows."""

import pytest
from joblib import Parallel, cpu_count, delayed, effective_n_jobs, parallel_config
from threadpoolctl import threadpool_info

from softmix.sweep import one_blas_thread, resolve_n_jobs


def test_numbers_mean_what_they_mean_to_joblib():
    assert resolve_n_jobs(1) == 1
    assert resolve_n_jobs(7) == 7
    assert resolve_n_jobs(-1) == effective_n_jobs(-1)


@pytest.mark.parametrize(
    ("limit", "expected"), [("1", 1), ("1,4", 1), ("", None), ("many", None), ("0", None)]
)
def test_none_heeds_omp_num_threads(monkeypatch, limit, expected):
    monkeypatch.setenv("OMP_NUM_THREADS", limit)
    assert resolve_n_jobs(None) == (expected or cpu_count())


def test_none_in_a_worker_is_that_workers_share():
    assert Parallel(n_jobs=2)(delayed(resolve_n_jobs)(None) for _ in range(2)) <= [cpu_count()] * 2
    with parallel_config(backend="sequential"):
        assert resolve_n_jobs(None) == 1


def _threads_of_blas():
    return [pool["num_threads"] for pool in threadpool_info()]


def test_of_overlapping_fits_the_last_lifts_the_limit_on_blas():
    before = _threads_of_blas()
    first, second = one_blas_thread(), one_blas_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert set(_threads_of_blas()) == {1}
    second.__exit__(None, None, None)
    assert _threads_of_blas() == before
