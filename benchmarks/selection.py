"""Choosing among mixtures: the whole search beside mclust's and beside scikit-learn's grids.

Three questions, each answered in one run, on one thread in CPU time of the process:

- all fourteen structures with 1 to 9 components, beside `Mclust()` in R with its defaults; and once more on
  two threads, by the clock;
- four structures with 1 to 20 components on many rows, beside a fit of each model by scikit-learn's
  defaults, and the best BIC of both;
- four structures with 1 to 10 components on samples of mixtures that are known: how often the BIC finds the
  number of components, beside the same grid.

The many rows are of twelve overlapping clusters in eight columns: weights from a Dirichlet distribution,
means 1.2 standard normal draws apart, covariances of condition about ten in sizes between e^-0.7 and e^0.7.
"""

import json
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture as ScikitLearnMixture
from threadpoolctl import threadpool_limits

from benchmarks.environment import clean_environment
from benchmarks.solution import mixture
from softmix import MixtureSearch

FOUR = ("full", "tied", "diag", "spherical")
TARGET_MCLUST, TARGET_LARGE, TARGET_FOUND, TARGET_TIME = 20.0, 0.2, 0.97, 1.0
# A folder with samples X in NAME.npz and their truth in selection.json: {NAME.npz: {"k": …}}.
_FOLDER = "SOFTMIX_SELECTION_PROBLEMS"
_R = """
suppressMessages(library(mclust))
X <- as.matrix(read.csv(commandArgs(TRUE)[1], header = FALSE))
times <- proc.time(); fit <- Mclust(X, G = 1:9, verbose = FALSE); times <- proc.time() - times
cat(sprintf('{"seconds": %.6f, "bic": %.10f, "model": "%s", "k": %d}',
            times[["user.self"]] + times[["sys.self"]], -fit$bic, fit$modelName, fit$G))
"""


class Known(NamedTuple):
    """A sample whose mixture is known."""

    name: str
    rows: np.ndarray
    n_components: int


def measure_selection(n_rounds: int, factor: int = 1) -> dict[str, Any]:
    """Figures of the three questions; on so many times fewer rows, and models, if `factor` is not 1."""
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        MixtureSearch((1, 2), n_jobs=1).fit(np.random.default_rng(0).standard_normal((50, 2)))  # imports
        return {
            "mclust": _beside_mclust(n_rounds),
            "large": _large(100_000 // factor, 20 if factor == 1 else 4),
            "known": _known(),
        }


def _beside_mclust(n_rounds: int) -> dict[str, Any]:
    if shutil.which("Rscript") is None:
        return {"skipped": "there is no Rscript with mclust"}
    digits = PCA(6, random_state=0).fit_transform(load_digits().data)
    problems = {
        "separated clusters": mixture(2_000, 6, 5, 1.5, 11),
        "overlapping clusters": mixture(2_000, 6, 5, 0.8, 11),
        "digits, 6 principal components": digits,
    }
    try:
        return {"problems": [_grid_of_mclust(name, rows, n_rounds) for name, rows in problems.items()]}
    except subprocess.CalledProcessError as error:
        return {"skipped": error.stderr.strip().rpartition("\n")[2]}


def _grid_of_mclust(name: str, rows: np.ndarray, n_rounds: int) -> dict[str, Any]:
    theirs, ours, together = [], [], []
    for _ in range(n_rounds):
        theirs.append(_mclust(rows))
        seconds, search = _search(rows, range(1, 10), "all", 0)
        ours.append({"seconds": seconds, "bic": search.best_score_, **search.best_params_})
        begin = perf_counter()
        _search(rows, range(1, 10), "all", 0, n_jobs=2)
        together.append(perf_counter() - begin)
    mclust, softmix = (min(figures, key=lambda figure: figure["seconds"]) for figures in (theirs, ours))
    softmix["two_threads_s"] = min(together)
    return {"problem": name, "n": len(rows), "d": rows.shape[1], "mclust": mclust, "softmix": softmix}


def _mclust(rows: np.ndarray) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="softmix-") as folder:
        path = Path(folder) / "rows.csv"
        np.savetxt(path, rows, delimiter=",", fmt="%.17g")
        threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        answer = subprocess.run(
            ["Rscript", "-e", _R, str(path)],  # noqa: S607 (found on the path a moment ago)
            check=True, capture_output=True, text=True, env=clean_environment() | threads,
        )  # fmt: skip
    figures: dict[str, Any] = json.loads(answer.stdout)
    return figures


def _large(n: int, most: int) -> dict[str, Any]:
    sizes = np.exp(np.random.default_rng(3).uniform(-0.7, 0.7, 12))
    rows = mixture(n, 8, 12, 1.2, 31, scales=sizes)
    seconds, search = _search(rows, range(1, most + 1), FOUR, 0)
    grid_seconds, best = _grid(rows, most, 0)
    peer = {"seconds": grid_seconds, "bic": best[0], "n_components": best[1], "covariance_type": best[2]}
    ours = {"seconds": seconds, "bic": search.best_score_, **search.best_params_}
    return {"n": n, "d": 8, "most": most, "softmix": ours, "scikit-learn": peer}


def _known() -> dict[str, Any]:
    chosen = list(_known_mixtures())
    found: dict[str, list[bool]] = {"softmix": [], "scikit-learn": []}
    seconds = dict.fromkeys(found, 0.0)
    for _, rows, n_components in chosen:
        taken, search = _search(rows, range(1, 11), FOUR, 0)
        grid_taken, best = _grid(rows, 10, 0)
        seconds["softmix"] += taken
        seconds["scikit-learn"] += grid_taken
        found["softmix"].append(search.best_params_["n_components"] == n_components)
        found["scikit-learn"].append(best[1] == n_components)
    return {
        "problems": len(chosen),
        "found": {name: float(np.mean(hits)) for name, hits in found.items()},
        "seconds": seconds,
    }


def _known_mixtures() -> Iterator[Known]:
    if folder := os.environ.get(_FOLDER):
        truth = json.loads((Path(folder) / "selection.json").read_text())
        for name, facts in truth.items():
            yield Known(name, np.load(Path(folder) / name)["X"], facts["k"])
        return
    for seed in range(4):
        for K, d in ((1, 2), (2, 3), (3, 2), (4, 6), (6, 4), (8, 3)):
            yield Known(f"{K} in {d} columns", mixture(150 * (K + 1), d, K, 3.0, seed), K)


def _search(
    rows: np.ndarray, sizes: range, types: Any, seed: int, n_jobs: int = 1
) -> tuple[float, MixtureSearch]:
    begin = process_time()
    search = MixtureSearch(sizes, covariance_type=types, random_state=seed, n_jobs=n_jobs).fit(rows)
    return process_time() - begin, search


def _grid(rows: np.ndarray, most: int, seed: int) -> tuple[float, tuple[float, int, str]]:
    """CPU seconds of scikit-learn's default fit and BIC of every model, and the best of them."""
    begin, reached = process_time(), []
    for covariance_type in FOUR:
        for K in range(1, most + 1):
            try:
                model = ScikitLearnMixture(K, covariance_type=covariance_type, random_state=seed).fit(rows)
            except ValueError:  # a covariance collapsed
                continue
            reached.append((float(model.bic(rows)), K, covariance_type))
    return process_time() - begin, min(reached)
