"""Peak memory above the data, one fresh process per measurement (see memory_probe.py)."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.cells import Cell
from benchmarks.environment import clean_environment

CELL = Cell(2_000_000, 8, 16)
TARGET_MIB = 64.0
_PROBES = (
    ("softmix", 1, "given"),
    ("softmix", 2, "given"),
    ("softmix", 1, "default"),
    ("softmix", 2, "default"),
    ("scikit-learn", 1, "given"),
    ("scikit-learn", 2, "given"),
)
_MODULES = {"softmix": "softmix", "scikit-learn": "sklearn.mixture"}


def measure_memory(cell: Cell, *, peers: bool) -> list[dict[str, Any]]:
    """One record a probe: library, threads, start, and above_mib, or the reason why not."""
    if not Path("/proc/self/clear_refs").exists():
        return [{"skipped": "needs Linux's /proc"}]
    probes = [probe for probe in _PROBES if peers or probe[0] == "softmix"]
    return [{"n": cell.n, "d": cell.d, "K": cell.K} | _probe(cell, *probe) for probe in probes]


def _probe(cell: Cell, library: str, threads: int, start: str) -> dict[str, Any]:
    record: dict[str, Any] = {"library": library, "threads": threads, "start": start}
    sizes = [str(size) for size in cell]
    command = [sys.executable, "-m", "benchmarks.memory_probe", _MODULES[library], *sizes]
    command += ["--threads", str(threads), "--start", start]
    answer = subprocess.run(
        command, check=False, capture_output=True, text=True,
        env=clean_environment(), cwd=Path(__file__).parents[1],
    )  # fmt: skip
    if answer.returncode:
        return record | {"skipped": answer.stderr.strip().rpartition("\n")[2]}
    record.update(json.loads(answer.stdout))
    return record
