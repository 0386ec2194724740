"""Rows in Parquet that are never all in memory: peak of a fit, and a sweep beside its two bounds.

Three fresh processes (see out_of_core_probe.py): one makes the file, one fits it and says how much
memory it ever had, one times sweeps. The bound of a sweep is 1.5 times the sweep over the same rows
in memory, or reading the file with pyarrow alone, whichever takes longer.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.cells import Cell
from benchmarks.environment import clean_environment

CELL = Cell(20_000_000, 8, 16)
TARGET_MIB = 500.0
TARGET_RATIO = 1.5
_ROOT = Path(__file__).parents[1]


def measure_out_of_core(cell: Cell) -> dict[str, Any]:
    """Figures of one file, or the reason why there are none."""
    try:
        with tempfile.TemporaryDirectory(prefix="softmix-") as folder:
            path = str(Path(folder) / "rows.parquet")
            sizes = [str(size) for size in cell]
            made = _probe("make", path, *sizes)
            fits = [_probe("fit", path, *sizes, "--threads", str(threads)) for threads in (1, 2)]
            sweeps = [_probe("sweeps", path, *sizes, "--threads", str(threads)) for threads in (1, 2)]
    except subprocess.CalledProcessError as error:
        return {"skipped": error.stderr.strip().rpartition("\n")[2]}
    return {"n": cell.n, "d": cell.d, "K": cell.K, **made, "fits": fits, "sweeps": sweeps}


def bound(sweep: dict[str, Any]) -> float:
    """The longest that a sweep of the file should take, in seconds."""
    return max(TARGET_RATIO * sweep["in_memory_s"], sweep["pyarrow_s"])


def _probe(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.out_of_core_probe", *arguments]
    answer = subprocess.run(
        command, check=True, capture_output=True, text=True, env=clean_environment(), cwd=_ROOT
    )
    figures: dict[str, Any] = json.loads(answer.stdout)
    return figures
