"""Peak memory of one fit above the data, in a process of its own. Prints JSON.

    python -m benchmarks.memory_probe softmix 2000000 8 16 --threads 1 --start default

The data is made first and the libraries are imported; then the high-water mark of resident
memory is reset, and what it reaches during `fit` counts, less what was resident before. Whatever
`fit` itself loads or allocates for good (thread pools, BLAS buffers, results) counts too.
"""

from benchmarks.environment import ensure_clean

if __name__ == "__main__":
    ensure_clean()

import argparse
import gc
import json
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from benchmarks.cells import Cell, make_problem

_ITERATIONS = 3
_MIB = 1024.0


def main() -> None:
    """Fit once and print the peak."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory_probe", description=main.__doc__)
    parser.add_argument("library", choices=("softmix", "sklearn.mixture"))
    for name in ("n", "d", "K"):
        parser.add_argument(name, type=int)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--start", choices=("given", "default"), default="given")
    given = parser.parse_args()

    problem = make_problem(Cell(given.n, given.d, given.K), "full", "overlapping")
    settings: dict[str, Any] = {"n_components": given.K, "max_iter": _ITERATIONS, "random_state": 0}
    if given.start == "given":
        settings |= {
            "weights_init": problem.weights,
            "means_init": problem.means,
            "precisions_init": problem.precisions,
        }
    if given.library == "softmix":
        settings["n_jobs"] = given.threads
    model = import_module(given.library).GaussianMixture(**settings)
    warnings.simplefilter("ignore")
    gc.collect()
    with threadpool_limits(given.threads):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        before = _status("VmRSS")
        model.fit(problem.rows)
        peak = _status("VmHWM")
    print(json.dumps({"above_mib": round((peak - before) / _MIB, 1), "before_mib": round(before / _MIB, 1)}))


def _status(key: str) -> int:
    """A value of /proc/self/status, in KiB."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1])
    raise KeyError(key)


if __name__ == "__main__":
    main()
