"""A clean environment for every contestant: no variable that steers BLAS, OpenMP or NumPy.

Some machines set such variables (OPENBLAS_CORETYPE, say, costs scikit-learn 40 %), and libraries
read them when they are loaded. So the process starts itself again without them, before NumPy.
"""

import os
import sys

_STEERING = (
    "BLIS_", "DAAL_", "GOMP_", "GOTO_", "KMP_", "MKL_", "NPY_", "NUMEXPR_", "NVPL_", "OMP_", "OPENBLAS_",
    "TBB_", "VECLIB_", "SKLEARN_", "SKLEARNEX_",
)  # fmt: skip


def clean_environment() -> dict[str, str]:
    """The environment of this process without the variables that steer the contestants."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_STEERING)}


def ensure_clean() -> None:
    """Start this process again without steering variables, if there are any. Call before NumPy."""
    clean = clean_environment()
    if len(clean) < len(os.environ):
        os.execve(sys.executable, sys.orig_argv, clean)  # noqa: S606
