"""One step of the out-of-core benchmark, in a process of its own. Prints JSON.

    python -m benchmarks.out_of_core_probe make rows.parquet 20000000 8 16
    python -m benchmarks.out_of_core_probe fit rows.parquet 20000000 8 16 --threads 2
    python -m benchmarks.out_of_core_probe sweeps rows.parquet 20000000 8 16 --threads 2

The rows are float32 draws from a mixture that was fitted to a real set: the first principal
components of the 1,797 handwritten digits that come with scikit-learn.
"""

from benchmarks.environment import ensure_clean

if __name__ == "__main__":
    ensure_clean()

import argparse
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import mean, median
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from benchmarks.cells import SEED, Cell
from softmix import GaussianMixture, scan

_CHUNK = 1 << 20
_ITERATIONS = 5
_ROUNDS = 7
_PASSES = 20  # as a fit makes
_MIB = 1024.0


def main() -> None:
    """Make the file, fit it, or time sweeps over it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.out_of_core_probe", description=main.__doc__)
    parser.add_argument("step", choices=("make", "fit", "sweeps"))
    parser.add_argument("path")
    for name in ("n", "d", "K"):
        parser.add_argument(name, type=int)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    cell = Cell(given.n, given.d, given.K)
    if given.step == "make":
        figures = _make(given.path, cell)
    else:
        figures = (_fit if given.step == "fit" else _sweeps)(given.path, cell, given.threads)
    print(json.dumps(figures))


def _fitted_to_a_real_set(cell: Cell) -> GaussianMixture:
    rows = PCA(cell.d, random_state=0).fit_transform(load_digits().data)
    return GaussianMixture(cell.K, random_state=0).fit(rows)


def _make(path: str, cell: Cell) -> dict[str, Any]:
    import pyarrow as pa  # noqa: PLC0415 (no process has more loaded than it needs)
    from pyarrow import parquet  # noqa: PLC0415

    rng = np.random.RandomState(SEED % 2**32)
    model = _fitted_to_a_real_set(cell).set_params(random_state=rng)
    schema = pa.schema([(f"x{j}", pa.float32()) for j in range(cell.d)])
    with parquet.ParquetWriter(path, schema) as writer:
        for start in range(0, cell.n, _CHUNK):
            rows, _ = model.sample(min(_CHUNK, cell.n - start))
            rows = rng.permutation(rows).astype(np.float32)
            writer.write_table(pa.table(dict(zip(schema.names, rows.T.copy(), strict=True))))
    return {"file_mib": round(Path(path).stat().st_size / _MIB**2, 1)}


def _fit(path: str, cell: Cell, threads: int) -> dict[str, Any]:
    model = GaussianMixture(cell.K, random_state=0, max_iter=_ITERATIONS, tol=0, n_jobs=threads)
    begin = perf_counter()
    model.fit(scan(path))
    seconds = perf_counter() - begin
    return {"threads": threads, "peak_mib": round(_peak(), 1), "seconds": round(seconds, 2)}


def _sweeps(path: str, cell: Cell, threads: int) -> dict[str, Any]:
    from softmix.blocks import ArrayBlocks  # noqa: PLC0415
    from softmix.estimators.fitted import get_parameters  # noqa: PLC0415
    from softmix.structures import STRUCTURES  # noqa: PLC0415
    from softmix.sweep import ThreadSweep  # noqa: PLC0415

    parameters = get_parameters(_fitted_to_a_real_set(cell), STRUCTURES["full"].shape)
    streamed = scan(path, spool=False).source
    rows = np.empty((streamed.n_rows, cell.d), np.float32)
    with streamed.blocks() as blocks:
        end = 0
        for _, block in blocks:
            rows[end : end + len(block.rows)] = block.rows
            end += len(block.rows)
    with (
        ThreadSweep(ArrayBlocks(rows), threads) as in_memory,
        ThreadSweep(streamed, threads) as decoded,
        ThreadSweep(scan(path).source, threads) as out_of_core,
    ):
        # Not in turns: what pyarrow has going on after it was asked for all costs the next one.
        best = {
            "in_memory": min(_times(lambda: in_memory(parameters), _ROUNDS)),
            "decoded": min(_times(lambda: decoded(parameters), _ROUNDS)),
            "pyarrow": min(_times(lambda: _read_alone(path), _ROUNDS)),
        }
        passes = _times(lambda: out_of_core(parameters), _PASSES)
    figures = best | {
        "first_pass": passes[0],
        "second_pass": passes[1],
        "later_pass": median(passes[2:]),
        "out_of_core": mean(passes),
    }
    return {"threads": threads} | {f"{name}_s": round(seconds, 4) for name, seconds in figures.items()}


def _times(run: Callable[[], Any], rounds: int) -> list[float]:
    times = []
    for _ in range(rounds):
        begin = perf_counter()
        run()
        times.append(perf_counter() - begin)
    return times


def _read_alone(path: str) -> None:
    """All batches, decoded, and nothing done with them."""
    from pyarrow import dataset  # noqa: PLC0415

    for _ in dataset.dataset(path).to_batches():
        pass


def _peak() -> float:
    """The most memory that this process ever had resident, in MiB (Linux)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / _MIB
    raise KeyError("VmHWM")


if __name__ == "__main__":
    main()
