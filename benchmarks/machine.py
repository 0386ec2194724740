"""The machine and the libraries, and the machine's limits (see peak.cpp)."""

import os
import platform
import shutil
import subprocess
import tempfile
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from joblib import cpu_count
from threadpoolctl import threadpool_info

from benchmarks.cells import Cell

_PACKAGES = ("softmix", "numpy", "scipy", "scikit-learn", "scikit-learn-intelex", "daal")


def describe() -> dict[str, Any]:
    """Processor, instruction set of softmix's kernel, compiler, versions and BLAS."""
    return {
        "processor": _processor(),
        "cores": cpu_count(),
        "softmix_isa": _softmix_isa(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: found for name in _PACKAGES if (found := _version(name))},
        "blas": _blas(),
        "compiler": _compiler_name(),
    }


def measure_peaks() -> dict[str, Any]:
    """{'vector_bits', 'fma_per_ns', 'bytes_per_ns'} of one thread, or {'skipped': reason}."""
    compiler = _compiler()
    if compiler is None:
        return {"skipped": "no C++ compiler (set CXX)"}
    source = Path(__file__).with_name("peak.cpp")
    with tempfile.TemporaryDirectory(prefix="softmix-bench-") as folder:
        program = str(Path(folder, "peak"))
        build = [compiler, "-std=c++17", "-O3", "-march=native", str(source), "-o", program]
        try:
            subprocess.run(build, check=True, capture_output=True, text=True)
            output = subprocess.run([program], check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            return {"skipped": f"peak.cpp: {error}"}
    bits, fma, read = output.stdout.split()
    return {"vector_bits": int(bits), "fma_per_ns": float(fma), "bytes_per_ns": float(read)}


def others_seconds() -> float | None:
    """Processor seconds since boot of everything but this process and its children (Linux)."""
    try:
        first = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
    except OSError:
        return None
    user, nice, system, _idle, _wait, interrupts, soft, steal = (int(word) for word in first.split()[1:9])
    busy = (user + nice + system + interrupts + soft + steal) / os.sysconf("SC_CLK_TCK")
    return busy - sum(os.times()[:4])


def limit_ns(cell: Cell, peaks: dict[str, Any]) -> float | None:
    """The dense limit of a full cell, ns per row × component × iteration, float64, one thread.

    d² + 3d + 20 fused multiply-adds at the peak, and 8 d / K bytes at the bandwidth.
    """
    if "skipped" in peaks:
        return None
    _, d, K = cell
    return (d * d + 3 * d + 20) / float(peaks["fma_per_ns"]) + 8 * d / K / float(peaks["bytes_per_ns"])


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    name = facts.get("model name", platform.machine())
    if "model" not in facts:
        return name
    return f"{name} (family {facts.get('cpu family', '?')}, model {facts['model']})"


def _softmix_isa() -> str:
    from softmix.kernels import kernel  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        isa = getattr(kernel(), "isa", "unknown")
    isa = str(isa() if callable(isa) else isa)
    forced = os.environ.get("SOFTMIX_ISA")
    return f"{isa} (SOFTMIX_ISA={forced})" if forced else isa


def _blas() -> list[str]:
    import scipy.linalg  # noqa: F401, PLC0415  (loads SciPy's own BLAS)

    found = []
    for pool in threadpool_info():
        if pool["user_api"] == "blas":
            owner = next((part for part in Path(pool["filepath"]).parts if part.endswith(".libs")), "system")
            core = pool.get("architecture", "unknown core type")
            found.append(f"{pool['internal_api']} {pool['version']} ({core}; {owner.removesuffix('.libs')})")
    return sorted(found)


def _version(name: str) -> str | None:
    if name == "softmix":
        import softmix  # noqa: PLC0415

        return softmix.__version__
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _compiler() -> str | None:
    return shutil.which(os.environ.get("CXX", "c++"))


def _compiler_name() -> str:
    compiler = _compiler()
    if compiler is None:
        return "none"
    answer = subprocess.run([compiler, "--version"], check=False, capture_output=True, text=True)
    return answer.stdout.partition("\n")[0].strip()
