"""The contestants: each fits a problem with a fixed number of EM iterations and says how long.

All begin at the same weights, means and covariances and make `iterations` iterations (tolerance
0; oneDAL may stop sooner, and says so). Each returns the log-likelihood per row that its last
iteration saw, so that the caller can check that they did the same work.
"""

import json
import subprocess
import tempfile
import warnings
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple, Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import onedal_worker
from benchmarks.cells import Problem
from benchmarks.environment import clean_environment

SOFTMIX_ALONE = "softmix, one thread"


class Timed(NamedTuple):
    """Seconds of one fit, log-likelihood per row at its last iteration, iterations made."""

    seconds: float
    log_likelihood: float
    iterations: int


class Contestant(Protocol):
    """One library at one precision."""

    name: str

    def fit(self, problem: Problem, iterations: int, threads: int) -> Timed: ...


class Softmix:
    """softmix, in float64 or float32; `alone`, on one thread where the others have more."""

    def __init__(self, dtype: str = "float64", *, alone: bool = False) -> None:
        self.name = "softmix" if dtype == "float64" else "softmix float32"
        if alone:
            self.name = SOFTMIX_ALONE
        self._dtype, self._alone = dtype, alone
        self._class = import_module("softmix").GaussianMixture

    def fit(self, problem: Problem, iterations: int, threads: int) -> Timed:
        rows = problem.in_dtype(self._dtype)
        model = self._class(**_settings(problem, iterations), n_jobs=1 if self._alone else threads)
        with threadpool_limits(1):
            return _timed(model, rows)


class ScikitLearn:
    """scikit-learn, its BLAS held to the number of threads."""

    name = "scikit-learn"

    def __init__(self, dtype: str = "float64") -> None:
        self._dtype = dtype
        self._class = import_module("sklearn.mixture").GaussianMixture

    def fit(self, problem: Problem, iterations: int, threads: int) -> Timed:
        model = self._class(**_settings(problem, iterations))
        with threadpool_limits(threads):
            return _timed(model, problem.in_dtype(self._dtype))


class OneDal:
    """oneDAL's em_gmm through daal4py, in this process."""

    name = "oneDAL"

    def __init__(self) -> None:
        self._daal4py = import_module("daal4py")

    def fit(self, problem: Problem, iterations: int, threads: int) -> Timed:
        start = onedal_worker.Start(problem.weights, problem.means, problem.covariances)
        return Timed(*onedal_worker.fit(self._daal4py, problem.rows, start, iterations, threads))


class OneDalElsewhere:
    """oneDAL in another interpreter; problems travel as .npy files, times come back as JSON."""

    name = "oneDAL"

    def __init__(self, python: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="softmix-bench-")
        self._sent: Problem | None = None
        self._worker = subprocess.Popen(
            [python, onedal_worker.__file__, self._folder.name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_without_pythonpath(),
        )  # fmt: skip
        if self._worker.stdout is None or self._worker.stdout.readline().strip() != "ready":
            raise ImportError(f"{python} cannot import daal4py")

    def fit(self, problem: Problem, iterations: int, threads: int) -> Timed:
        if self._sent is not problem:
            for name in ("rows", "weights", "means", "covariances"):
                np.save(Path(self._folder.name, name + ".npy"), getattr(problem, name))
        request = {"new": self._sent is not problem, "settings": [iterations, threads]}
        self._sent = problem
        if self._worker.stdin is None or self._worker.stdout is None:
            raise RuntimeError("The oneDAL worker has no pipes.")
        print(json.dumps(request), file=self._worker.stdin, flush=True)
        answer = json.loads(self._worker.stdout.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return Timed(*answer["timed"])


def one_dal(python: str | None) -> Contestant | str:
    """oneDAL as a contestant, or the reason why it is skipped."""
    try:
        return OneDalElsewhere(python) if python else OneDal()
    except (ImportError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        return f"skipped: {reason} (pip install scikit-learn-intelex)"


def _settings(problem: Problem, iterations: int) -> dict[str, Any]:
    return {
        "n_components": problem.cell.K,
        "covariance_type": problem.covariance,
        "tol": 0.0,
        "max_iter": iterations,
        "weights_init": problem.weights,
        "means_init": problem.means,
        "precisions_init": problem.precisions,
    }


def _timed(model: Any, rows: np.ndarray) -> Timed:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        begin = perf_counter()
        model.fit(rows)
        seconds = perf_counter() - begin
    if model.n_iter_ != model.max_iter:
        raise RuntimeError(f"{model.n_iter_} iterations were made where {model.max_iter} were asked for.")
    return Timed(seconds, float(model.lower_bounds_[-1]), model.n_iter_)


def _without_pythonpath() -> dict[str, str]:
    return {name: value for name, value in clean_environment().items() if name != "PYTHONPATH"}
