"""oneDAL's em_gmm: one fit from a given start; and, as a script, a worker that makes such fits.

Needs only NumPy and daal4py, so that it can run in an interpreter of its own:

    python onedal_worker.py FOLDER      # problems in FOLDER/*.npy, requests and answers by line

em_gmm has no option for the number of threads: daalinit sets it for the process. At accuracy
threshold 0 (it takes none below) it still stops once the log-likelihood no longer changes, so the
number of iterations made is told too.
"""

import json
import sys
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np


class Start(NamedTuple):
    """Weights (K,), means (K, d), covariances (K, d, d) or (K, d)."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray


def fit(
    daal4py: Any, rows: np.ndarray, start: Start, iterations: int, threads: int
) -> tuple[float, float, int]:
    """Seconds of one fit, log-likelihood per row at its last iteration, iterations made."""
    full = start.covariances.ndim == 3
    covariances = [np.ascontiguousarray(c if full else c[None]) for c in start.covariances]
    daal4py.daalinit(threads)
    algorithm = daal4py.em_gmm(
        nComponents=len(start.weights),
        maxIterations=iterations,
        accuracyThreshold=0.0,
        covarianceStorage="full" if full else "diagonal",
    )
    begin = perf_counter()
    result = algorithm.compute(rows, start.weights[None], start.means, covariances)
    seconds = perf_counter() - begin
    return seconds, float(result.goalFunction.item()) / len(rows), int(result.nIterations.item())


def _serve(folder: Path) -> None:
    import daal4py  # noqa: PLC0415

    print("ready", flush=True)
    rows, start = np.empty(0), Start(np.empty(0), np.empty(0), np.empty(0))
    for line in sys.stdin:
        request = json.loads(line)
        if request["new"]:
            arrays = [np.load(folder / f"{name}.npy") for name in ("rows", "weights", "means", "covariances")]
            rows, start = arrays[0], Start(*arrays[1:])
        try:
            answer: dict[str, Any] = {"timed": fit(daal4py, rows, start, *request["settings"])}
        except (RuntimeError, ValueError) as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
