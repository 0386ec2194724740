"""The only door to native code.

A kernel is a module with the functions `prepare`, `accumulate`, `evaluate`, for rows that see some
of the components only `prepare_groups` and `accumulate_groups`, and, for small problems, where
calls cost more than arithmetic, `em_steps`, `weigh_merges`, `agglomerate`,
`cluster_moments`, `inverse_cholesky` and `rotate_axes`; for rows that lack values, `fill_holes` and
`add_residuals`.
`kernel()` gives the native one, or the NumPy reference where the extension is absent.
"""

import warnings
from functools import cache
from types import ModuleType

from softmix.kernels import reference
from softmix.kernels.clusters import ClusterCost
from softmix.kernels.groups import RowGroups
from softmix.kernels.reference import ALL_STEPS, FREE, Begin, Ending, Tie


@cache
def kernel() -> ModuleType:
    """The kernel to use: native, or the reference (with one warning) where it cannot load."""
    try:
        from softmix.kernels import native  # noqa: PLC0415
    except ImportError as error:
        warnings.warn(
            f"softmix runs on its NumPy reference kernel, many times slower: {error}. "
            "Reinstall softmix with a C++ compiler present, or from a wheel.",
            RuntimeWarning,
            stacklevel=2,
        )
        return reference
    return native


__all__ = ["ALL_STEPS", "FREE", "Begin", "ClusterCost", "Ending", "RowGroups", "Tie", "kernel", "reference"]
