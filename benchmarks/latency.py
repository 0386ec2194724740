"""Small data with default settings: how long one fit takes, and what it reaches."""

import warnings
from importlib import import_module
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.datasets import load_iris

_COMPONENTS = {"iris": 3, "faithful": 2}


def measure_latency(repeats: int, *, peers: bool) -> list[dict[str, Any]]:
    """One record a data set and library: medians of milliseconds, iterations, score."""
    records: list[dict[str, Any]] = []
    modules = {"softmix": "softmix"} | ({"scikit-learn": "sklearn.mixture"} if peers else {})
    for name, n_components in _COMPONENTS.items():
        rows = _load(name)
        if isinstance(rows, str):
            records.append({"data": name, "skipped": rows})
            continue
        classes = {library: import_module(module).GaussianMixture for library, module in modules.items()}
        times: dict[str, list[float]] = {library: [] for library in classes}
        scores: dict[str, list[float]] = {library: [] for library in classes}
        iterations: dict[str, list[int]] = {library: [] for library in classes}
        for seed in range(repeats + 1):  # the first is a warm-up
            for library, kind in classes.items():
                model = kind(n_components, random_state=seed)
                seconds = _seconds(model, rows)
                scores[library].append(model.score(rows))
                iterations[library].append(model.n_iter_)
                if seed:
                    times[library].append(seconds)
        records += [
            {
                "data": f"{name}, {rows.shape[0]} × {rows.shape[1]}, K={n_components}",
                "library": library,
                "median_ms": round(1e3 * median(times[library]), 3),
                "fastest_ms": round(1e3 * min(times[library]), 3),
                "iterations": median(iterations[library]),
                "score": round(float(median(scores[library])), 6),
            }
            for library in classes
        ]
    return records


def _seconds(model: Any, rows: np.ndarray) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        begin = perf_counter()
        model.fit(rows)
        return perf_counter() - begin


def _load(name: str) -> np.ndarray | str:
    if name == "iris":
        return np.asarray(load_iris().data, dtype=np.float64)
    package = Path(import_module("softmix").__file__ or "").parent
    files = sorted(package.glob("data/**/*faithful*.csv"))
    if not files:
        return "the package does not ship it yet"
    with files[0].open(encoding="utf-8") as file:
        header = file.readline().strip().replace('"', "").split(",")
    columns = [i for i, column in enumerate(header) if column.lower() in {"eruptions", "waiting"}]
    return np.loadtxt(files[0], delimiter=",", skiprows=1, usecols=columns or None)
