"""Import time, and the time of `softmix --help`: medians over alternating fresh processes."""

import subprocess
import sys
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.environment import clean_environment

# "No slower, within noise": this share of scikit-learn's time is noise.
NOISE = 0.05
HELP_TARGET_SECONDS = 0.5
_CODE = {
    "python alone": "pass",
    "import softmix": "import softmix",
    "import softmix; softmix.GaussianMixture": "import softmix; softmix.GaussianMixture",
    "import sklearn.mixture": "import sklearn.mixture",
    "softmix --help": "import sys; sys.argv = ['softmix', '--help']; from softmix.cli import main; main()",
}


def measure_startup(repeats: int) -> dict[str, Any]:
    """Seconds, name by name: {'median', 'fastest'}, or {'skipped': reason}."""
    times: dict[str, list[float]] = {name: [] for name in _CODE}
    failures: dict[str, str] = {}
    for repeat in range(repeats + 1):  # the first is a warm-up
        for name, code in _CODE.items():
            begin = perf_counter()
            answer = subprocess.run(
                [sys.executable, "-c", code],
                check=False, capture_output=True, text=True, env=clean_environment(),
            )  # fmt: skip
            if answer.returncode:
                failures[name] = answer.stderr.strip().rpartition("\n")[2]
            elif repeat:
                times[name].append(perf_counter() - begin)
    return {name: _summary(times[name], failures.get(name)) for name in _CODE}


def _summary(times: list[float], failure: str | None) -> dict[str, Any]:
    if failure is not None or not times:
        return {"skipped": failure or "no run"}
    return {"median": round(median(times), 4), "fastest": round(min(times), 4)}
