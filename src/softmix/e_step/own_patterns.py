"""E-step of rows that nearly all lack other columns: little is made anew for each row.

In units of each component's standard deviations, y = (x − μ_k) / σ_k, 0 where x is missing, and P the
inverse of its correlations, P = Fᵀ F:

    ŷ_m = −P_mm⁻¹ (P y)_m,   ŷ_o = y_o,   Cov[y_m | x_o] = P_mm⁻¹,
    log N(x_o; μ_o, Σ_oo) = log |F| − Σ_o log σ_j − ½ q log 2π − ½ log |P_mm| − ½ |F ŷ|²,
    sum = Σ w r ŷ,   scatter = Σ w r (ŷ ŷᵀ + P_mm⁻¹).

Only P_mm, of the few missing columns, is factored for a row; the rest are products with matrices that all
rows share, where marginals.py factors Σ_oo for each pattern. Correlations must be well conditioned: P is a
product.

Little & Rubin (2019), section 11.2; conditionals by precisions: Rasmussen & Williams (2006), appendix A.2.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from softmix.blocks.patterns import PatternedRows
from softmix.e_step.correlations import Correlations
from softmix.kernels import kernel
from softmix.parameters import FactorShape, GaussianParameters
from softmix.parameters.gaussian import LOG_2PI
from softmix.statistics import GaussianStatistics, StatisticsLayout
from softmix.statistics.gaussian import lower_triangle

# Numbers in a stack (K, rows, d), and in the residual covariances that go with it.
_ELEMENTS = 1 << 18
# Rows of a pattern at most, on average, and missing columns at most.
_ROWS_OF_PATTERN, _MOST_MISSING = 24, 96
# A smaller membership counts as 0, as in the kernel.
_NEGLIGIBLE = float(np.exp(-48.0))


class _Seen(NamedTuple):
    """Some rows as the components see them."""

    absent: np.ndarray  # (n, d), 1 where a value is missing
    missing: np.ndarray  # (n, m), the columns
    deviations: np.ndarray  # (K, n, d), ŷ
    log_joint: np.ndarray  # (n, K)
    residuals: list[np.ndarray]  # P_mm⁻¹ for each matrix, as the kernel has them


class OwnPatterns:
    """The E-step for fixed parameters, of rows of many patterns.

    Parameters
    ----------
    parameters : GaussianParameters
    """

    def __init__(self, parameters: GaussianParameters) -> None:
        self._parameters, self._kernel = parameters, kernel()
        self._layout = StatisticsLayout(parameters.shape, *parameters.means.shape)
        self._is_possible = True
        if parameters.shape.is_matrix:
            correlations = Correlations.of(parameters)
            self._is_possible = correlations.are_well_conditioned
            self._factors, self._precisions = correlations.factors, correlations.inverses()
            scale = correlations.scale
        else:
            scale = 1.0 / parameters.factors.reshape(len(parameters.factors), -1)
        self._scale = np.broadcast_to(scale, parameters.means.shape)

    def takes(self, group: PatternedRows) -> bool:
        """Whether these rows are for this E-step: few of each pattern, and something observed and missing."""
        q, d = group.columns.shape[1], self._layout.n_features
        few = len(group.rows) <= _ROWS_OF_PATTERN * group.n_patterns
        return self._is_possible and few and 0 < q < d <= q + _MOST_MISSING

    def statistics(self, group: PatternedRows) -> GaussianStatistics:
        """The statistics of the rows, about the means of the parameters."""
        out = GaussianStatistics(self._parameters.means, self._layout, np.zeros(self._layout.size))
        scatters = np.zeros((len(out.scatter), *self._parameters.means.shape[1:] * self._n_axes))
        for part in self._parts(group):
            seen = self._look(part)
            log_norm, resp = _memberships(seen.log_joint)
            resp[resp < _NEGLIGIBLE] = 0.0
            if part.weights is not None:
                resp *= part.weights[:, None]
            out.count[...] += resp.sum(axis=0)
            out.sum[...] += self._scale * (resp.T[:, None] @ seen.deviations)[:, 0]
            self._add_scatters(scatters, seen, resp)
            log_likelihood = log_norm.sum() if part.weights is None else part.weights @ log_norm
            out.values[-3:] += log_likelihood, part.total_weight, len(part.rows)
        out.scatter[...] = self._as_stored(scatters)
        return out

    def evaluate(self, group: PatternedRows, outputs: dict[str, np.ndarray]) -> None:
        """Fill in what is asked for, each row at its place in the block; see MissingEStep.evaluate."""
        for part in self._parts(group):
            log_joint = self._look(part).log_joint
            log_norm, resp = _memberships(log_joint)
            found = {"log_norm": log_norm, "resp": resp, "labels": resp.argmax(axis=1), "log_joint": log_joint}
            for name, out in outputs.items():
                out[part.places] = found[name]

    @property
    def _n_axes(self) -> int:
        return 2 if self._layout.shape.is_matrix else 1

    def _parts(self, group: PatternedRows) -> Iterator[PatternedRows]:
        """The rows, some patterns at a time."""
        K, d = self._parameters.means.shape
        m = d - group.columns.shape[1]
        numbers = K * max(d, m * (m + 1) // 2 if self._layout.shape.is_matrix else 0)
        wanted = max(_ELEMENTS // numbers, 1)
        first = 0
        while first < group.n_patterns:
            last = int(np.searchsorted(group.starts, group.starts[first] + wanted, side="right")) - 1
            last = max(last, first + 1)
            yield group.subset(first, last)
            first = last

    def _look(self, part: PatternedRows) -> _Seen:
        n, (K, d) = len(part.rows), self._parameters.means.shape
        columns = np.repeat(part.columns, np.diff(part.starts), axis=0)
        rows, absent = np.zeros((n, d)), np.ones((n, d))
        np.put_along_axis(rows, columns, part.rows, axis=1)
        np.put_along_axis(absent, columns, 0.0, axis=1)
        missing = np.nonzero(absent)[1].reshape(n, -1)
        deviations = rows - self._parameters.means[:, None]
        deviations /= self._scale[:, None]
        deviations *= 1.0 - absent
        log_joint = absent @ np.log(self._scale).T
        log_joint += self._parameters.log_constants + 0.5 * missing.shape[1] * LOG_2PI
        residuals = []
        for side in self._sides:
            squares, found = self._fill(deviations[side], missing, side.start)
            log_joint[:, side] -= squares.T
            residuals += found
        return _Seen(absent, missing, deviations, log_joint, residuals)

    @property
    def _sides(self) -> list[slice]:
        """The components that have one matrix, for each matrix."""
        K = self._layout.n_components
        if self._layout.shape is FactorShape.FULL:
            return [slice(k, k + 1) for k in range(K)]
        return [slice(0, K)]

    def _fill(
        self, deviations: np.ndarray, missing: np.ndarray, matrix: int
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """½ |F ŷ|² + ½ log |P_mm|, (sides, n), and P_mm⁻¹, where there are matrices; fills `deviations`."""
        if not self._layout.shape.is_matrix:
            return 0.5 * np.einsum("snj,snj->sn", deviations, deviations), []
        precision = self._precisions[matrix]
        half_log_dets, residuals = self._kernel.fill_holes(
            precision, missing, deviations @ precision, deviations
        )
        white = deviations @ self._factors[matrix].T
        return 0.5 * np.einsum("snj,snj->sn", white, white) + half_log_dets, [residuals]

    def _add_scatters(self, scatters: np.ndarray, seen: _Seen, resp: np.ndarray) -> None:
        """Add Σ w r (ŷ ŷᵀ + P_mm⁻¹) of each component, lower triangles, or the diagonals of that."""
        if not self._layout.shape.is_matrix:
            scatters += (resp.T[:, None] @ np.square(seen.deviations))[:, 0] + resp.T @ seen.absent
            return
        for matrix, side in enumerate(self._sides):
            for k in range(side.start, side.stop):
                y = seen.deviations[k]
                scatters[matrix] += (y * resp[:, k, None]).T @ y
            counted = resp[:, side].sum(axis=1)
            self._kernel.add_residuals(seen.missing, seen.residuals[matrix], counted, scatters[matrix])

    def _as_stored(self, scatters: np.ndarray) -> np.ndarray:
        if self._layout.shape is FactorShape.SCALAR:
            return self._scale[:, 0] ** 2 * scatters.sum(axis=1)
        if self._layout.shape is FactorShape.DIAGONAL:
            return self._scale**2 * scatters
        rows, columns = lower_triangle(self._layout.n_features)
        scale = self._scale[: len(scatters)]
        return (scale[:, :, None] * scale[:, None, :] * scatters)[:, rows, columns]


def _memberships(log_joint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log p(x_o), (n,), and memberships, (n, K); 0 where every density overflows."""
    top = log_joint.max(axis=1)
    shift = np.where(np.isfinite(top), top, 0.0)
    resp = np.exp(log_joint - shift[:, None])
    sums = resp.sum(axis=1)
    with np.errstate(divide="ignore"):
        log_norm = shift + np.log(sums)
    return log_norm, resp / np.where(sums > 0, sums, 1.0)[:, None]
