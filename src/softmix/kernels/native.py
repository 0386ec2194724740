"""The native kernel: the signatures of `reference`, one fused pass in C++.

The fastest instruction set that the machine has is used; the environment variable SOFTMIX_ISA
forces one (avx512, avx2, baseline; neon on Arm).
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from threading import local

import numpy as np

from softmix.kernels import _native, reference
from softmix.kernels.clusters import ClusterCost
from softmix.kernels.groups import RowGroups
from softmix.kernels.rotations import planes
from softmix.kernels.team import current
from softmix.parameters import FactorShape, GaussianParameters

available: list[str] = _native.available()


def _choose() -> str:
    wanted = os.environ.get("SOFTMIX_ISA", "")
    if wanted and wanted not in available:
        raise ValueError(
            f"SOFTMIX_ISA={wanted!r} is not one of the instruction sets of this machine and build: "
            f"{', '.join(available)}. Unset it to use the fastest."
        )
    return wanted or available[0]


isa = _choose()


def team(n_helpers: int) -> _native.Team:
    """What helpers wait in, to share the work of `accumulate_all` without the lock of Python."""
    return _native.Team(n_helpers)


# As native/tied_m_step.hpp numbers them.
_TIES = {
    name: code
    for code, name in enumerate(("", "EII", "EEI", "VEI", "EVI", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV"))
}
_SHAPE_CODES = {
    FactorShape.FULL: 0,
    FactorShape.SHARED: 1,
    FactorShape.DIAGONAL: 2,
    FactorShape.SCALAR: 3,
}
Gaussian = _native.GaussianFloat64 | _native.GaussianFloat32
_CLASSES: dict[np.dtype, type[Gaussian]] = {
    np.dtype(np.float64): _native.GaussianFloat64,
    np.dtype(np.float32): _native.GaussianFloat32,
}
_scratch = local()
# Beyond this many columns LAPACK inverts faster.
_LAPACK = 256
# Elements of a stack of matrices, times its columns: some tenths of a millisecond of work.
_SHARED_WORK = 1 << 19


@dataclass(frozen=True, eq=False)
class Prepared:
    """Parameters packed for one instruction set and dtype; `centers` are those of the statistics."""

    kernel: Gaussian
    packed: np.ndarray
    centers: np.ndarray
    workspace_size: int


@dataclass(frozen=True, eq=False)
class PreparedGroups:
    """Parameters of which each group of rows will take some components; `centers` as of `Prepared`."""

    kernel: Gaussian
    parameters: tuple[np.ndarray, np.ndarray, np.ndarray]
    centers: np.ndarray


def prepare(parameters: GaussianParameters, dtype: np.dtype, isa: str = isa) -> Prepared:
    """Ready `parameters` for blocks of `dtype`, once a sweep."""
    dtype = np.dtype(dtype)
    kernel = _CLASSES[dtype](isa, _SHAPE_CODES[parameters.shape], *parameters.means.shape)
    packed = np.empty(kernel.packed_size, dtype)
    centers = np.empty(parameters.means.shape)
    means, factors = _doubles(parameters.means), _doubles(parameters.factors)
    kernel.pack(means, factors, _doubles(parameters.log_constants), packed, centers)
    return Prepared(kernel, packed, centers, kernel.workspace_size)


def accumulate(prepared: Prepared, rows: np.ndarray, row_weights: np.ndarray | None, out: np.ndarray) -> None:
    """Add the statistics of one block to the flat vector `out` (see StatisticsLayout)."""
    weights = None if row_weights is None else _doubles(row_weights)
    prepared.kernel.accumulate(prepared.packed, rows, weights, out, _workspace(prepared))


def accumulate_all(  # noqa: PLR0913, PLR0917 (all that a sweep has)
    prepared: Prepared,
    rows: np.ndarray,
    row_weights: np.ndarray | None,
    block: int,
    at_once: int,
    out: np.ndarray,
    team: _native.Team,
) -> None:
    """Write the statistics of all rows, in blocks that `team` shares, to the flat vector `out`.

    The kernel takes at most `at_once` rows of a block in one go. The bits are those of `accumulate` block by
    block, and of their sum in the order of the tree.
    """
    weights = None if row_weights is None else _doubles(row_weights)
    prepared.kernel.accumulate_all(team, prepared.packed, rows, weights, block, at_once, out)


def prepare_groups(parameters: GaussianParameters, dtype: np.dtype, isa: str = isa) -> PreparedGroups:
    """Ready `parameters` for rows of `dtype` that come in groups, once a sweep."""
    dtype = np.dtype(dtype)
    kernel = _CLASSES[dtype](isa, _SHAPE_CODES[parameters.shape], *parameters.means.shape)
    arrays = parameters.means, parameters.factors, parameters.log_constants
    centers = parameters.means.astype(dtype).astype(np.float64)
    means, factors, log_constants = map(_doubles, arrays)
    return PreparedGroups(kernel, (means, factors, log_constants), centers)


def accumulate_groups(
    prepared: PreparedGroups,
    rows: np.ndarray,
    row_weights: np.ndarray | None,
    groups: RowGroups,
    out: np.ndarray,
) -> None:
    """Add the statistics of rows that see their group's components alone to the flat vector `out`."""
    weights = None if row_weights is None else _doubles(row_weights)
    most = groups.most_components
    workspace = _scratch_memory(np.dtype(np.float64), prepared.kernel.groups_workspace_size(most))
    lists = groups.row_starts, groups.component_starts, groups.components
    prepared.kernel.accumulate_groups(*prepared.parameters, rows, weights, *lists, most, out, workspace)


def group_rows(  # noqa: PLR0913, PLR0917 (a mixture, its bounds, rows and rules)
    parameters: GaussianParameters,
    bounds: Sequence[np.ndarray],
    rules: Sequence[float],
    source: np.ndarray,
    at: np.ndarray,
    labels: np.ndarray,
    most: int,
) -> tuple[np.ndarray, tuple[list[int], list[int], list[float], list[int], list[int], list[bool]]] | None:
    """See the reference; the groups are those of `Grouper` in Python (sweep/grouping.py)."""
    if not _is_plain(source, source.dtype):
        return None
    kernel = _CLASSES[source.dtype](isa, _SHAPE_CODES[parameters.shape], *parameters.means.shape)
    reference = [
        _doubles(array) for array in (parameters.means, parameters.factors, parameters.log_constants, *bounds)
    ]
    order = np.empty(len(at), np.int64)
    return order, kernel.group_rows(reference, rules, source, at, labels, most, order)


def evaluate(
    prepared: Prepared,
    rows: np.ndarray,
    log_norm: np.ndarray | None = None,
    resp: np.ndarray | None = None,
    labels: np.ndarray | None = None,
    log_joint: np.ndarray | None = None,
) -> None:
    """Write, for one block, what is asked for of log p(x), memberships, labels, log p(x, k).

    Each output has one entry (or one row of K) for each row of the block.
    """
    dtype = prepared.packed.dtype
    given = (log_norm, resp, labels, log_joint)
    wanted = (dtype, dtype, np.dtype(np.int64), dtype)
    written = [_writable(out, kind) for out, kind in zip(given, wanted, strict=True)]
    norms, memberships, best, joint = written
    prepared.kernel.evaluate(prepared.packed, rows, norms, memberships, best, joint, _workspace(prepared))
    for out, buffer in zip(given, written, strict=True):
        if out is not None and buffer is not out:
            out[...] = buffer


def em_steps(  # noqa: PLR0913, PLR0917 (as the reference)
    begins: Sequence[reference.Begin],
    rows: np.ndarray,
    row_weights: np.ndarray | None,
    schedule: np.ndarray,
    lowest: float,
    ending: reference.Ending = reference.ALL_STEPS,
    taken: Sequence[float] = (),
) -> list[tuple[GaussianParameters, np.ndarray]]:
    """See the reference."""
    starts, ties, most = zip(*begins, strict=True)
    shape, d, sizes = starts[0].shape, starts[0].n_features, [start.n_components for start in starts]
    weights, means, factors = (
        np.concatenate([getattr(start, name).ravel() for start in starts])
        for name in ("weights", "means", "factors")
    )
    axes = np.array([np.eye(d) if tie.axes is None else tie.axes for tie in ties])
    before, counts = np.empty((len(starts), len(schedule))), np.full(len(starts), len(taken), np.int64)
    before[:, : len(taken)] = taken
    betas, pseudo_rows = schedule.T.copy()
    helpers = current() if len(starts) > 1 else None
    _CLASSES[rows.dtype](isa, _SHAPE_CODES[shape], max(sizes), d).em_steps(
        helpers or _alone(), rows, row_weights, betas, pseudo_rows, np.array(ending, float), lowest,
        _TIES[ties[0].structure], np.array(sizes, np.int64), np.array(most, np.int64), weights, means,
        factors, axes, planes(d), counts, before,
    )  # fmt: skip
    climbed = []
    at, at_factors = 0, 0
    for number, (K, end) in enumerate(zip(sizes, counts.tolist(), strict=True)):
        form = shape.array_shape(K, d)
        last, last_factors = at + K, at_factors + prod(form)
        after = GaussianParameters(
            weights[at:last],
            means[at * d : last * d].reshape(K, d),
            factors[at_factors:last_factors].reshape(form),
            shape,
        )
        climbed.append((after, before[number, len(taken) : end]))
        at, at_factors = last, last_factors
    return climbed


def inverse_cholesky(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inverse Cholesky factors of a stack of matrices, and their squared Frobenius norms.

    Where a matrix is not positive definite its norm is infinite, and its factor is nothing.
    """
    if matrices.shape[-1] > _LAPACK:
        return reference.inverse_cholesky(matrices)  # its blocks stay in the nearer caches
    matrices = _doubles(matrices)
    factors, squared_norms = np.empty(matrices.shape), np.empty(len(matrices))
    _native.inverse_cholesky(isa, matrices, factors, squared_norms)
    return factors, squared_norms


def scatters_about(triangles: np.ndarray, counts: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """See the reference."""
    K, d = shifts.shape
    scatters = np.empty((K, d, d))
    _native.scatters_about(_team(scatters), _doubles(triangles), _doubles(counts), _doubles(shifts), scatters)
    return scatters


def factors_of_scatters(
    scatters: np.ndarray, divisors: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """See the reference."""
    if scatters.shape[-1] > _LAPACK:
        return reference.factors_of_scatters(scatters, divisors, scale)
    factors, squared_norms = np.empty(scatters.shape), np.empty(len(scatters))
    given = _doubles(scatters), _doubles(divisors), _doubles(scale)
    _native.factors_of_scatters(_team(scatters), isa, *given, factors, squared_norms)
    return factors, squared_norms


def unit_rows(factors: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """See the reference."""
    K, d, _ = factors.shape
    logs, beside = np.empty((K, d)), np.empty((K, d * (d - 1) // 2))
    _native.unit_rows(_team(factors), isa, _doubles(factors), _doubles(right), logs, beside)
    return logs, beside


def moved_rows(factors: np.ndarray, inverse: np.ndarray, logs: np.ndarray, beside: np.ndarray) -> np.ndarray:
    """See the reference."""
    moved = np.empty(factors.shape)
    given = _doubles(factors), _doubles(inverse), _doubles(logs), _doubles(beside)
    _native.moved_rows(_team(factors), isa, *given, moved)
    return moved


def product_norms(factors: np.ndarray, right: np.ndarray) -> np.ndarray:
    """See the reference."""
    norms = np.empty(len(factors))
    _native.product_norms(_team(factors), isa, _doubles(factors), _doubles(right), norms)
    return norms


def weigh_merges(  # noqa: PLR0913, PLR0917 (as the reference)
    parameters: GaussianParameters,
    covariances: np.ndarray,
    pairs: np.ndarray,
    kept: int,
    lowest: float,
    rows: np.ndarray,
    row_weights: np.ndarray | None,
    step: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """See the reference."""
    kernel = _native.GaussianFloat64(isa, _SHAPE_CODES[parameters.shape], *parameters.means.shape)
    chosen, losses = np.empty(kept, np.int64), np.empty(kept)
    kernel.weigh_merges(
        _doubles(parameters.weights), _doubles(parameters.means), _doubles(parameters.factors),
        _doubles(parameters.log_constants), _doubles(covariances), np.ascontiguousarray(pairs, np.int64),
        lowest, rows, row_weights, step, chosen, losses,
    )  # fmt: skip
    return chosen, losses


def cluster_moments(
    rows: np.ndarray, shares: np.ndarray, *, matrices: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """See the reference."""
    K, d = shares.shape[1], rows.shape[1]
    counts, means, covariances = np.empty(K), np.empty((K, d)), np.empty((K, d, d) if matrices else (K, d))
    _native.cluster_moments(_doubles(rows), _doubles(shares), counts, means, covariances)
    return counts, means, covariances


def agglomerate(
    weights: np.ndarray,
    means: np.ndarray,
    covariances: np.ndarray,
    left: int,
    cost: ClusterCost,
) -> np.ndarray:
    """See the reference."""
    merges = np.empty((len(weights) - left, 2), np.int64)
    _native.agglomerate(_doubles(weights), _doubles(means), _doubles(covariances), *cost, merges)
    return merges


def fill_holes(
    precision: np.ndarray, missing: np.ndarray, products: np.ndarray, deviations: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """See the reference; the residual covariances are as `add_residuals` reads them."""
    n, m = missing.shape
    half_log_dets, residuals = np.empty(n), np.empty(_native.residuals_size(n, m))
    _native.fill_holes(isa, precision, missing, products, deviations, half_log_dets, residuals)
    return half_log_dets, residuals


def add_residuals(missing: np.ndarray, residuals: np.ndarray, weights: np.ndarray, out: np.ndarray) -> None:
    """See the reference."""
    _native.add_residuals(isa, missing, residuals, _doubles(weights), out)


def rotate_axes(
    axes: np.ndarray, rotated: np.ndarray, precisions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """See the reference."""
    axes, rotated = np.array(axes, order="C"), np.array(rotated, order="C")
    _native.rotate_axes(planes(len(axes)), _doubles(precisions), axes, rotated)
    return axes, rotated


def interleave(columns: Sequence[np.ndarray], start: int, rows: np.ndarray) -> None:
    """See the reference."""
    if rows.flags.c_contiguous and all(_is_plain(column, rows.dtype) for column in columns):
        _native.interleave(columns, start, rows)
    else:
        reference.interleave(columns, start, rows)


def all_finite(values: np.ndarray) -> bool:
    """See the reference."""
    if _is_plain(values, values.dtype):
        return _native.all_finite(values)
    return reference.all_finite(values)


def _is_plain(array: np.ndarray, dtype: np.dtype) -> bool:
    return array.dtype == dtype and array.dtype in _CLASSES and array.flags.c_contiguous


def _writable(out: np.ndarray | None, dtype: np.dtype) -> np.ndarray | None:
    """`out` itself where the kernel can write it, else a buffer of its shape."""
    if out is None or (out.dtype == dtype and out.flags.c_contiguous):
        return out
    return np.empty(out.shape, dtype)


def _doubles(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, dtype=np.float64)


def _team(stack: np.ndarray) -> _native.Team:
    """Who works on a stack of matrices: helpers too where they are there, and it is worth calling them."""
    helpers = current() if stack.size * stack.shape[-1] >= _SHARED_WORK else None
    return helpers or _alone()


def _alone() -> _native.Team:
    """The calling thread, without helpers."""
    here = vars(_scratch)
    return here.get("alone") or here.setdefault("alone", _native.Team(0))


def _workspace(prepared: Prepared) -> np.ndarray:
    return _scratch_memory(prepared.packed.dtype, prepared.workspace_size)


def _scratch_memory(dtype: np.dtype, size: int) -> np.ndarray:
    """Scratch memory of this thread, grown when a kernel needs more."""
    buffers = vars(_scratch).setdefault("buffers", {})
    if dtype not in buffers or buffers[dtype].size < size:
        buffers[dtype] = np.empty(size, dtype)
    return buffers[dtype]
