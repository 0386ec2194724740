"""Time to solution: what a fit with defaults reaches, and how long that takes.

Every contestant fits the same rows with the same seeds, in turn, on one thread; time is the
process's CPU time. The best known height of a problem is the best that any fit here reached.
"""

import warnings
from dataclasses import dataclass
from statistics import median
from time import process_time
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture as ScikitLearnMixture
from threadpoolctl import threadpool_limits

from softmix import GaussianMixture

# A fit within this of the best known height, in nats a row, has found it.
FOUND = 0.01
# Sweeps are counted to these distances from the limit.
DISTANCES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
# Problems of so many rows take minutes a seed with the peer's ten starts: they get a third of the seeds.
LARGE = 20_000


@dataclass(frozen=True)
class Problem:
    """Rows and a number of components."""

    name: str
    n_components: int
    rows: np.ndarray


def problems() -> list[Problem]:
    """Real data that come with scikit-learn, and mixtures of several kinds."""
    digits = PCA(16, random_state=0).fit_transform(load_digits().data)
    return [
        Problem("iris", 3, load_iris().data),
        Problem("wine, 6 columns", 3, load_wine().data[:, :6]),
        Problem("breast cancer, 5 columns", 2, load_breast_cancer().data[:, [0, 1, 4, 5, 8]]),
        Problem("digits, 16 components", 10, digits),
        Problem("overlapping", 8, mixture(1_500, 5, 8, 2.0, 1)),
        Problem("many clusters", 20, mixture(2_000, 2, 20, 6.0, 2)),
        Problem(
            "unequal weights", 6, mixture(2_000, 3, 6, 3.0, 3, weights=[0.4, 0.3, 0.2, 0.08, 0.01, 0.01])
        ),
        Problem("unequal scales", 5, mixture(1_000, 3, 5, 2.0, 4, scales=np.geomspace(0.05, 5, 5))),
        Problem("many columns", 8, mixture(2_000, 30, 8, 1.0, 5)),
        Problem("20,000 rows", 5, mixture(20_000, 2, 5, 2.0, 6)),
        Problem("50,000 rows", 8, mixture(50_000, 8, 8, 1.5, 7)),
        Problem("100,000 rows", 16, mixture(100_000, 8, 16, 1.5, 8)),
    ]


def measure_solution(n_seeds: int) -> dict[str, Any]:
    """`time`: one record a problem and contestant; `sweeps`: those of EM and of SQUAREM."""
    chosen = problems() if n_seeds > 1 else problems()[:3]
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "time": [record for problem in chosen for record in _times(problem, n_seeds)],
            "sweeps": _sweeps([problem for problem in chosen if len(problem.rows) < LARGE]),
        }


def _times(problem: Problem, n_seeds: int) -> list[dict[str, Any]]:
    K = problem.n_components
    n_seeds = n_seeds if len(problem.rows) < LARGE else -(-n_seeds // 3)
    contestants = {
        "scikit-learn": lambda seed: ScikitLearnMixture(K, random_state=seed),
        "scikit-learn, n_init=10": lambda seed: ScikitLearnMixture(K, random_state=seed, n_init=10),
        "softmix": lambda seed: GaussianMixture(K, random_state=seed, n_jobs=1),
    }
    for make in contestants.values():
        make(n_seeds).fit(problem.rows[:LARGE])  # what is loaded or compiled once is not counted
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    heights: dict[str, list[float]] = {name: [] for name in contestants}
    for seed in range(n_seeds):
        for name, make in contestants.items():
            begin = process_time()
            model = make(seed).fit(problem.rows)
            seconds[name].append(process_time() - begin)
            heights[name].append(float(model.score(problem.rows)))
    best = max(max(reached) for reached in heights.values())
    return [
        {
            "problem": problem.name,
            "n": len(problem.rows),
            "d": problem.rows.shape[1],
            "K": K,
            "contestant": name,
            "seeds": n_seeds,
            "seconds": median(seconds[name]),
            "ratio": median(np.divide(seconds[name], seconds["scikit-learn"])),
            "height": median(heights[name]),
            "best": best,
            "found": float(np.mean([reached >= best - FOUND for reached in heights[name]])),
        }
        for name in contestants
    ]


def _sweeps(chosen: list[Problem]) -> list[dict[str, Any]]:
    """Sweeps from the same k-means starts until so near to the limit, EM's and SQUAREM's."""
    needed: dict[float, list[tuple[float, float]]] = {distance: [] for distance in DISTANCES}
    for problem in chosen:
        for seed in range(3):
            plain, fast = (_trace(problem, seed, acceleration) for acceleration in (None, "squarem"))
            limit = max(plain[0].max(), fast[0].max())
            if abs(plain[0].max() - fast[0].max()) > DISTANCES[-1] / 10:
                continue  # they are on two hills: nothing to compare
            for distance in DISTANCES:
                near = [np.argmax(trace >= limit - distance) + 1 for trace, _ in (plain, fast)]
                needed[distance].append((float(near[0]), float(near[1] * fast[1])))
    return [
        {
            "distance": distance,
            "em": np.mean(pairs, axis=0)[0],
            "squarem": np.mean(pairs, axis=0)[1],
            "fits": len(pairs),
        }
        for distance, pairs in needed.items()
    ]


def _trace(problem: Problem, seed: int, acceleration: str | None) -> tuple[np.ndarray, float]:
    """Heights of the sweeps that counted, and how many sweeps were made for each of them."""
    model = GaussianMixture(
        problem.n_components, random_state=seed, init_params="kmeans", tol=0, max_iter=1000,
        acceleration=acceleration,
    )  # fmt: skip
    trace = np.array(model.fit(problem.rows).lower_bounds_)
    return trace, model.n_iter_ / len(trace)


def mixture(  # noqa: PLR0913
    n: int,
    d: int,
    n_components: int,
    separation: float,
    seed: int,
    *,
    weights: list[float] | None = None,
    scales: np.ndarray | None = None,
) -> np.ndarray:
    """Rows of a mixture with random means, and covariances of condition about 10."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(n_components, 4.0)) if weights is None else np.array(weights)
    labels = rng.choice(n_components, n, p=shares)
    sizes = np.ones(n_components) if scales is None else scales
    means = separation * rng.standard_normal((n_components, d))
    roots = rng.standard_normal((n_components, d, d)) / np.sqrt(d) + 0.5 * np.eye(d)
    roots *= sizes[:, None, None]
    return means[labels] + np.einsum("nij,nj->ni", roots[labels], rng.standard_normal((n, d)))
