"""The kernel in NumPy: readable, slow, and the oracle that native code must agree with.

    z = F_k (x − c_k) − b_k,   b_k = F_k (μ_k − c_k)
    log p(x, k) = log π_k + log |F_k| − ½ d log 2π − ½ |z|²

c_k is μ_k rounded to the dtype of the rows. In float64 b_k is zero; in float32 it restores
what rounding the mean would lose.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from softmix.kernels import clusters, rotations, triangles
from softmix.kernels.groups import RowGroups
from softmix.parameters import FactorShape, GaussianParameters

isa = "reference"

inverse_cholesky = triangles.inverse_cholesky
scatters_about = triangles.scatters_about
factors_of_scatters = triangles.factors_of_scatters
unit_rows, moved_rows = triangles.unit_rows, triangles.moved_rows
product_norms = triangles.product_norms
agglomerate, cluster_moments = clusters.agglomerate, clusters.cluster_moments
rotate_axes = rotations.rotate_axes

# Of a pair that is merged: a row with a smaller share in both is no row of theirs; a row's log-density
# gains no more than this; and it keeps this share of its density, so that its log is finite.
_PART, _MOST, _LEAST = 1e-3, 50.0, 1e-15


@dataclass(frozen=True, eq=False)
class Prepared:
    """Parameters as the kernel wants them; `centers` are those of the statistics."""

    parameters: GaussianParameters
    centers: np.ndarray


def prepare(parameters: GaussianParameters, dtype: np.dtype) -> Prepared:
    """Ready `parameters` for blocks of `dtype`, once a sweep."""
    return Prepared(parameters, parameters.means.astype(dtype).astype(np.float64))


def team(n_helpers: int) -> None:
    """None: threads of NumPy share blocks in Python."""


def accumulate(prepared: Prepared, rows: np.ndarray, row_weights: np.ndarray | None, out: np.ndarray) -> None:
    """Add the statistics of one block to the flat vector `out` (see StatisticsLayout)."""
    parameters = prepared.parameters
    K, d = parameters.means.shape
    rows = rows.astype(np.float64)
    log_joint = _log_joint(prepared, rows)
    log_norm = logsumexp(log_joint, axis=1)
    weights = np.ones(len(rows)) if row_weights is None else row_weights
    resp = np.exp(log_joint - log_norm[:, None]) * weights[:, None]
    out[:K] += resp.sum(axis=0)
    scatters = []
    for k in range(K):
        y = rows - prepared.centers[k]
        out[K + k * d : K + (k + 1) * d] += resp[:, k] @ y
        scatters.append(_scatter(parameters.shape, resp[:, k], y))
    scatter = np.stack(scatters)
    if parameters.shape is FactorShape.SHARED:
        scatter = scatter.sum(axis=0)
    out[K * (1 + d) : -3] += scatter.ravel()
    # A row of weight 0 does not count, even where its density underflows.
    out[-3:] += (weights[weights > 0] @ log_norm[weights > 0], weights.sum(), len(rows))


def prepare_groups(parameters: GaussianParameters, dtype: np.dtype) -> Prepared:
    """Ready `parameters` for rows of `dtype` that come in groups, once a sweep."""
    return prepare(parameters, dtype)


def accumulate_groups(
    prepared: Prepared,
    rows: np.ndarray,
    row_weights: np.ndarray | None,
    groups: RowGroups,
    out: np.ndarray,
) -> None:
    """Add the statistics of rows that see their group's components alone to the flat vector `out`."""
    K, d = prepared.parameters.means.shape
    shared = prepared.parameters.shape is FactorShape.SHARED
    scatter = out[K * (1 + d) : -3].reshape(1 if shared else K, -1)
    for span, chosen in groups:
        some = Prepared(prepared.parameters.subset(chosen), prepared.centers[chosen])
        L = len(chosen)
        part = np.zeros(L * (1 + d) + (1 if shared else L) * scatter.shape[1] + 3)
        accumulate(some, rows[span], None if row_weights is None else row_weights[span], part)
        out[:K][chosen] += part[:L]
        out[K : K * (1 + d)].reshape(K, d)[chosen] += part[L : L * (1 + d)].reshape(L, d)
        scatter[[0] if shared else chosen] += part[L * (1 + d) : -3].reshape(-1, scatter.shape[1])
        out[-3:] += part[-3:]


def group_rows(*_: object) -> None:
    """None: groups are made in Python, by `Grouper` (sweep/grouping.py)."""


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
    joint = _log_joint(prepared, rows.astype(np.float64))
    norm = logsumexp(joint, axis=1)
    if log_norm is not None:
        log_norm[...] = norm
    if resp is not None:
        resp[...] = np.exp(joint - norm[:, None])
    if labels is not None:
        labels[...] = joint.argmax(axis=1)
    if log_joint is not None:
        log_joint[...] = joint


def _log_joint(prepared: Prepared, rows: np.ndarray) -> np.ndarray:
    parameters = prepared.parameters
    joint = np.empty((len(rows), parameters.n_components))
    for k, constant in enumerate(parameters.log_constants):
        z = _whiten(parameters, k, rows - prepared.centers[k])
        z -= _whiten(parameters, k, (parameters.means[k] - prepared.centers[k])[None])
        joint[:, k] = constant - 0.5 * (z * z).sum(axis=1)
    return joint


def _whiten(parameters: GaussianParameters, k: int, y: np.ndarray) -> np.ndarray:
    if parameters.shape is FactorShape.SHARED:
        return y @ parameters.factors.T
    if parameters.shape is FactorShape.FULL:
        return y @ parameters.factors[k].T
    return y * parameters.factors[k]


def _scatter(shape: FactorShape, resp: np.ndarray, y: np.ndarray) -> np.ndarray:
    if shape is FactorShape.SCALAR:
        return np.asarray(resp @ (y * y).sum(axis=1))
    if shape is FactorShape.DIAGONAL:
        return resp @ (y * y)
    return ((resp[:, None] * y).T @ y)[np.tril_indices(y.shape[1])]


class Tie(NamedTuple):
    """What ties covariances beside their shape.

    Parameters
    ----------
    structure : str
        mclust's name, or nothing where nothing does.
    axes : ndarray of shape (d, d), optional
        For EVE and VVE: the axes that the covariances share, in columns.
    """

    structure: str
    axes: np.ndarray | None = None


FREE = Tie("")


class Begin(NamedTuple):
    """Where a climb of several in one call begins.

    Parameters
    ----------
    parameters : GaussianParameters
        Of the same shape as those of the others, with as many components as it likes.
    tie : Tie
        Of the same structure as that of the others.
    steps : int
        The most that it takes: no more than are scheduled.
    """

    parameters: GaussianParameters
    tie: Tie
    steps: int


class Ending(NamedTuple):
    """Where a climb ends before its last step; it is asked every four steps.

    Parameters
    ----------
    tol : float
        Nats a row: it ends when no more are to come.
    wanted : float
        The log-likelihood a row that it climbs for: it ends where steps no longer than the last would not
        lead there.
    total : float
        The weight of all rows; 0 takes every step.
    rounding : float
        Gains below this share of the log-likelihood are rounding.
    as_swept : bool
        Whether it ends at the mixture that the last log-likelihood is of, and not a step beyond.
    before : float
        What the projection before the last may say is to come, at most.
    """

    tol: float
    wanted: float
    total: float
    rounding: float = 1e-14
    as_swept: bool = False
    before: float = np.inf


ALL_STEPS = Ending(0.0, -np.inf, 0.0)


def em_steps(  # noqa: PLR0913, PLR0917 (all that a step has)
    begins: Sequence[Begin],
    rows: np.ndarray,  # noqa: ARG001
    row_weights: np.ndarray | None,  # noqa: ARG001
    schedule: np.ndarray,  # noqa: ARG001
    lowest: float,  # noqa: ARG001
    ending: Ending = ALL_STEPS,  # noqa: ARG001
    taken: Sequence[float] = (),  # noqa: ARG001
) -> list[tuple[GaussianParameters, np.ndarray]]:
    """Steps of EM on `rows`, of each of several climbs: moments are sums of float64, whatever the dtype.

    Here none is taken: the caller's own loop is the readable twin (fit/short_runs.py). Natively, helpers that
    are there take some of the climbs.

    Parameters
    ----------
    begins : sequence of Begin
    rows : ndarray of shape (n, d)
    row_weights : ndarray of shape (n,) or None
    schedule : ndarray of shape (steps, 2)
        See `ShortRuns.anneal`.
    lowest : float
        No variance in any direction may be lower.
    ending : Ending
    taken : sequence of float
        The log-likelihoods before the steps of `schedule` that every climb has taken.

    Returns
    -------
    climbs : list of (GaussianParameters, ndarray)
        Of each the parameters after as many steps as could be taken: fewer where the climb ended, covariances
        must be held at `lowest`, or a component became empty; and the log-likelihood before each step taken
        here.
    """
    return [(begin.parameters, np.empty(0)) for begin in begins]


def weigh_merges(  # noqa: PLR0913, PLR0917 (a mixture, its pairs, and the rows)
    parameters: GaussianParameters,
    covariances: np.ndarray,
    pairs: np.ndarray,
    kept: int,
    lowest: float,
    rows: np.ndarray,
    row_weights: np.ndarray | None,
    step: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """What Σ_i w_i log p(x_i) loses when two components become one with the moments of both.

    The log-likelihood is weighed where a bound that needs no rows, on the Kullback-Leibler divergence from
    the pair to the one, is lowest: π_ij log |Σ_ij| − π_i log |Σ_i| − π_j log |Σ_j| (Runnalls 2007,
    "Kullback-Leibler approach to Gaussian mixture reduction").

    Parameters
    ----------
    parameters : GaussianParameters
    covariances : ndarray of shape (K, d, d) or (K, d)
        Of its components, each its own: matrices, or variances alone.
    pairs : ndarray of int64 of shape (m, 2)
    kept : int
        So many pairs, those of the lowest bounds, are weighed: at most m.
    lowest : float
        No variance in any direction counts as lower.
    rows : ndarray of shape (n, d), float64
    row_weights : ndarray of shape (n,) or None
    step : int
        Every so manieth row is looked at.

    Returns
    -------
    chosen : ndarray of int64 of shape (kept,)
        Which pairs were weighed, ascending.
    losses : ndarray of shape (kept,)
        Rows of which neither of a pair has a thousandth are left out.
    """
    chosen = np.arange(len(pairs))
    if kept < len(pairs):
        _, volumes = _inverse_roots(covariances, lowest)
        own = parameters.weights * volumes
        weights, _, merged = clusters.merged_pairs(parameters.weights, parameters.means, covariances, pairs)
        bounds = weights * _inverse_roots(merged, lowest)[1] - own[pairs].sum(axis=1)
        chosen = np.sort(np.argsort(bounds, kind="stable")[:kept])
    pairs, rows = pairs[chosen], rows[::step]
    weights, means, merged = clusters.merged_pairs(parameters.weights, parameters.means, covariances, pairs)
    factors, _ = _inverse_roots(merged, lowest)
    shape = FactorShape.FULL if covariances.ndim == 3 else FactorShape.DIAGONAL
    ones = GaussianParameters(weights, means, factors, shape)
    log_joint = _log_joint(prepare(parameters, rows.dtype), rows)
    log_norm = logsumexp(log_joint, axis=1)
    share = np.exp(log_joint - log_norm[:, None])[:, pairs].sum(axis=2)
    together = np.exp(np.minimum(_log_joint(prepare(ones, rows.dtype), rows) - log_norm[:, None], _MOST))
    gains = np.where(share < _PART, 0.0, np.log(np.maximum(1.0 - share + together, _LEAST)))
    return chosen, -(gains.sum(axis=0) if row_weights is None else row_weights[::step] @ gains)


def _inverse_roots(covariances: np.ndarray, lowest: float) -> tuple[np.ndarray, np.ndarray]:
    """Inverse Cholesky factors and log |Σ|, at or above `lowest`."""
    if covariances.ndim == 2:
        variances = np.maximum(covariances, lowest)
        return variances**-0.5, np.log(variances).sum(axis=1)
    factors, squared_norms = inverse_cholesky(covariances)
    if (doubtful := np.flatnonzero(~(squared_norms * lowest <= 1.0))).size:
        d = covariances.shape[1]
        factors[doubtful], norms = inverse_cholesky(covariances[doubtful] + lowest * np.eye(d))
        factors[doubtful[np.isinf(norms)]] = np.eye(d) / np.sqrt(lowest)
    volumes = -2.0 * np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
    return factors, np.maximum(volumes, covariances.shape[1] * np.log(lowest))


def fill_holes(
    precision: np.ndarray, missing: np.ndarray, products: np.ndarray, deviations: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What is missing of rows given the rest of them: −S⁻¹ (P y)_m, with S = P_mm of each row.

    Parameters
    ----------
    precision : ndarray of shape (d, d)
        P, well conditioned.
    missing : ndarray of int64 of shape (n, m)
        The missing columns of each row, ascending; m is at least 1.
    products : ndarray of shape (sides, n, d)
        P y for the deviations y of the rows from each of several means.
    deviations : ndarray of shape (sides, n, d)
        y; where values are missing, it is filled in.

    Returns
    -------
    half_log_dets : ndarray of shape (n,)
        ½ log |S|.
    residuals : ndarray
        S⁻¹, the covariances of what is missing, as `add_residuals` reads them.
    """
    roots = np.linalg.inv(np.linalg.cholesky(precision[missing[:, :, None], missing[:, None, :]]))
    places = np.broadcast_to(missing, (len(products), *missing.shape))
    wanted = np.take_along_axis(products, places, axis=2)
    found = np.einsum("nba,nbc,snc->sna", roots, roots, wanted, optimize=True)
    np.put_along_axis(deviations, places, -found, axis=2)
    half_log_dets = -np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)
    return half_log_dets, roots.swapaxes(1, 2) @ roots


def add_residuals(missing: np.ndarray, residuals: np.ndarray, weights: np.ndarray, out: np.ndarray) -> None:
    """Add Σ_i weights_i S_i⁻¹, each at its row's missing columns, to the lower triangle of out (d, d)."""
    rows, columns = np.tril_indices(missing.shape[1])
    places = missing[:, rows], missing[:, columns]
    np.add.at(out, places, weights[:, None] * residuals[:, rows, columns])


def interleave(columns: Sequence[np.ndarray], start: int, rows: np.ndarray) -> None:
    """Fill `rows` (m, d) with what the d columns hold from `start` on."""
    for j, column in enumerate(columns):
        rows[:, j] = column[start : start + len(rows)]


def all_finite(values: np.ndarray) -> bool:
    """Whether no value is missing or infinite."""
    return bool(np.isfinite(values).all())
