"""oneDAL's em_gmm: one fit from a given start; and, as a script, a worker that makes such fits.

Needs only NumPy and daal4py, so that it can run in an interpreter of its own:

    python onedal_worker.py FOLDER      # problems in FOLDER/*.npy, requests and answers by line

em_gmm has no option for the number of threads: daalinit sets it for the process.
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


def fit(daal4py: Any, rows: np.ndarray, start: Start, iterations: int, threads: int) -> tuple[float, float]:
    """Seconds of one fit, and the log-likelihood per row at its last iteration."""
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
    made = int(result.nIterations.item())
    if made != iterations:
        raise RuntimeError(f"{made} iterations were made where {iterations} were asked for")
    return seconds, float(result.goalFunction.item()) / len(rows)


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
            seconds, log_likelihood = fit(daal4py, rows, start, request["iterations"], request["threads"])
            answer: dict[str, Any] = {"seconds": seconds, "log_likelihood": log_likelihood}
        except (RuntimeError, ValueError) as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
