"""E-step of rows that nearly all lack other columns: little is made anew for each row.

In units of each component's standard deviations, y = (x − μ_k) / σ_k, what is missing is filled in with its
conditional mean ŷ (holes.py), and

    log N(x_o; μ_o, Σ_oo) = −½ y_oᵀ R_oo⁻¹ y_o − ½ log |R_oo| − Σ_o log σ_j − ½ q log 2π,
    sum = Σ w r ŷ,   scatter = Σ w r (ŷ ŷᵀ + Cov[y | y_o]).

Where marginals.py has Σ_oo, slopes and residuals of each pattern, here are products with matrices that all
rows share, and one small matrix that is factored for each row. Correlations must be well conditioned.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from softmix.blocks.patterns import PatternedRows
from softmix.e_step.correlations import Correlations
from softmix.e_step.holes import ByCorrelation, ByPrecision
from softmix.kernels import kernel
from softmix.parameters import FactorShape, GaussianParameters
from softmix.parameters.gaussian import LOG_2PI
from softmix.statistics import GaussianStatistics, StatisticsLayout
from softmix.statistics.gaussian import lower_triangle

# Numbers in a stack (K, rows, d), and in the small matrices that go with it.
_ELEMENTS = 1 << 18
# Patterns of more rows are cheaper one by one: the more columns, the more rows; without matrices fewer. So
# are few rows, all patterns together, unless their number times the columns squared reaches this.
_CHEAP_COLUMNS, _MOST_ROWS = 4, 32
_CHEAP_COLUMNS_OF_VARIANCES, _MOST_ROWS_OF_VARIANCES = 10, 12
_LEAST = 12_800
# Columns of the small matrices at most.
_MOST_COLUMNS = 96
# A smaller membership counts as 0, as in the kernel.
_NEGLIGIBLE = float(np.exp(-48.0))


class _Seen(NamedTuple):
    """Some rows as the components see them."""

    absent: np.ndarray  # (n, d), 1 where a value is missing
    columns: np.ndarray  # (n, m), those of the small matrices
    deviations: np.ndarray  # (K, n, d), ŷ
    log_joint: np.ndarray  # (n, K)
    residuals: list[np.ndarray]  # for each matrix


class OwnPatterns:
    """The E-step for fixed parameters, of rows of many patterns.

    Parameters
    ----------
    parameters : GaussianParameters
    """

    def __init__(self, parameters: GaussianParameters) -> None:
        self._parameters, self._kernel = parameters, kernel()
        self._layout = StatisticsLayout(parameters.shape, *parameters.means.shape)
        self._by_precision: list[ByPrecision | ByCorrelation] = []
        self._by_correlation: list[ByPrecision | ByCorrelation] = []
        self._is_possible = True
        if parameters.shape.is_matrix:
            correlations = Correlations.of(parameters)
            self._is_possible = correlations.are_well_conditioned
            self._by_precision = [ByPrecision(factor) for factor in correlations.factors]
            if correlations.are_very_well_conditioned:
                self._by_correlation = [ByCorrelation(root) for root in correlations.roots]
            scale = correlations.scale
        else:
            scale = 1.0 / parameters.factors.reshape(len(parameters.factors), -1)
        self._scale = np.broadcast_to(scale, parameters.means.shape)

    def split(self, group: PatternedRows) -> tuple[PatternedRows, PatternedRows]:
        """The patterns that are for others, and those of few rows, which are for this E-step."""
        q, d = group.columns.shape[1], self._layout.n_features
        first = group.n_patterns
        if self._is_possible and 0 < q < d and self._size(q) <= _MOST_COLUMNS:
            first = int(np.searchsorted(-np.diff(group.starts), -self._most_rows))
        if (group.starts[-1] - group.starts[first]) * d * d < _LEAST:
            first = group.n_patterns
        return group.subset(0, first), group.subset(first, group.n_patterns)

    @property
    def _most_rows(self) -> int:
        """Of a pattern."""
        d = self._layout.n_features
        if self._layout.shape.is_matrix:
            return min(max(d - _CHEAP_COLUMNS, 0), _MOST_ROWS)
        return min(max(d - _CHEAP_COLUMNS_OF_VARIANCES, 0), _MOST_ROWS_OF_VARIANCES)

    def statistics(self, group: PatternedRows) -> GaussianStatistics:
        """The statistics of the rows, about the means of the parameters."""
        out = GaussianStatistics(self._parameters.means, self._layout, np.zeros(self._layout.size))
        d = self._layout.n_features
        scatters = np.zeros((len(out.scatter), *([d, d] if self._layout.shape.is_matrix else [d])))
        added = np.zeros_like(scatters)
        for part in self._parts(group):
            seen = self._look(part)
            log_norm, resp = _memberships(seen.log_joint)
            resp[resp < _NEGLIGIBLE] = 0.0
            if part.weights is not None:
                resp *= part.weights[:, None]
            out.count[...] += resp.sum(axis=0)
            out.sum[...] += self._scale * (resp.T[:, None] @ seen.deviations)[:, 0]
            self._add_scatters(scatters, added, seen, resp)
            log_likelihood = log_norm.sum() if part.weights is None else part.weights @ log_norm
            out.values[-3:] += log_likelihood, part.total_weight, len(part.rows)
        self._store(out, scatters, added, group.columns.shape[1])
        return out

    def evaluate(self, group: PatternedRows, outputs: dict[str, np.ndarray]) -> None:
        """Fill in what is asked for, each row at its place in the block; see MissingEStep.evaluate."""
        for part in self._parts(group):
            log_joint = self._look(part).log_joint
            log_norm, resp = _memberships(log_joint)
            found = {
                "log_norm": log_norm,
                "resp": resp,
                "labels": resp.argmax(axis=1),
                "log_joint": log_joint,
            }
            for name, out in outputs.items():
                out[part.places] = found[name]

    def conditional_means(self, group: PatternedRows, out: np.ndarray) -> None:
        """Fill in Σ_k r_k E[x_m | x_o, k], each row at its place in `out` (n, d)."""
        for part in self._parts(group):
            seen = self._look(part)
            _, resp = _memberships(seen.log_joint)
            filled = np.einsum("nk,knj,kj->nj", resp, seen.deviations, self._scale, optimize=True)
            filled += resp @ self._parameters.means
            missing = seen.absent.astype(bool)
            out[part.places[:, None], np.arange(out.shape[1])] = np.where(missing, filled, out[part.places])

    def _matrices(self, n_observed: int) -> list[ByPrecision | ByCorrelation]:
        """Those that are the smaller for rows with so many values; none for variances."""
        fewer_observed = 2 * n_observed < self._layout.n_features
        return self._by_correlation if fewer_observed and self._by_correlation else self._by_precision

    def _size(self, n_observed: int) -> int:
        """Columns of the small matrices."""
        matrices = self._matrices(n_observed)
        if not matrices:
            return 0
        return n_observed if matrices is self._by_correlation else self._layout.n_features - n_observed

    def _parts(self, group: PatternedRows) -> Iterator[PatternedRows]:
        """The rows, some patterns at a time."""
        K, d = self._parameters.means.shape
        m = self._size(group.columns.shape[1])
        wanted = max(_ELEMENTS // (K * max(d, m * (m + 1) // 2)), 1)
        first = 0
        while first < group.n_patterns:
            last = int(np.searchsorted(group.starts, group.starts[first] + wanted, side="right")) - 1
            last = max(last, first + 1)
            yield group.subset(first, last)
            first = last

    def _look(self, part: PatternedRows) -> _Seen:
        n, d, q = len(part.rows), self._layout.n_features, part.columns.shape[1]
        columns = np.repeat(part.columns, np.diff(part.starts), axis=0)
        rows, absent = np.zeros((n, d)), np.ones((n, d))
        np.put_along_axis(rows, columns, part.rows, axis=1)
        np.put_along_axis(absent, columns, 0.0, axis=1)
        deviations = rows - self._parameters.means[:, None]
        deviations *= 1.0 / self._scale[:, None]
        deviations *= 1.0 - absent
        log_volumes = np.log(self._scale)
        log_joint = absent @ log_volumes.T
        log_joint += self._parameters.log_weights - log_volumes.sum(axis=1) - 0.5 * q * LOG_2PI
        residuals = []
        if matrices := self._matrices(q):
            columns = matrices[0].columns(absent)
            for matrix, side in zip(matrices, self._sides, strict=True):
                filled = matrix.fill(deviations[side], absent, columns)
                log_joint[:, side] += filled.heights.T
                residuals.append(filled.residuals)
        else:
            log_joint -= 0.5 * np.einsum("knj,knj->nk", deviations, deviations)
        return _Seen(absent, columns, deviations, log_joint, residuals)

    @property
    def _sides(self) -> list[slice]:
        """The components that have one matrix, for each matrix."""
        K = self._layout.n_components
        return (
            [slice(0, K)] if self._layout.shape is FactorShape.SHARED else [slice(k, k + 1) for k in range(K)]
        )

    def _add_scatters(self, scatters: np.ndarray, added: np.ndarray, seen: _Seen, resp: np.ndarray) -> None:
        """Add Σ w r ŷ ŷᵀ of each component to `scatters`, and residual covariances to `added`."""
        if not self._layout.shape.is_matrix:
            scatters += (resp.T[:, None] @ np.square(seen.deviations))[:, 0]
            added += resp.T @ seen.absent
            return
        for matrix, side in enumerate(self._sides):
            for k in range(side.start, side.stop):
                y = seen.deviations[k]
                scatters[matrix] += (y * resp[:, k, None]).T @ y
            counted = resp[:, side].sum(axis=1)
            self._kernel.add_residuals(seen.columns, seen.residuals[matrix], counted, added[matrix])

    def _store(
        self, out: GaussianStatistics, scatters: np.ndarray, added: np.ndarray, n_observed: int
    ) -> None:
        scale = self._scale[: len(scatters)]
        if not self._layout.shape.is_matrix:
            scatters = scale**2 * (scatters + added)
            scalar = self._layout.shape is FactorShape.SCALAR
            out.scatter[...] = scatters.sum(axis=1) if scalar else scatters
            return
        for number, (matrix, side) in enumerate(zip(self._matrices(n_observed), self._sides, strict=True)):
            scatters[number] += matrix.residual_scatter(added[number], out.count[side].sum())
        rows, columns = lower_triangle(self._layout.n_features)
        out.scatter[...] = (scale[:, :, None] * scale[:, None, :] * scatters)[:, rows, columns]


def _memberships(log_joint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log p(x_o), (n,), and memberships, (n, K); 0 where every density overflows."""
    top = log_joint.max(axis=1)
    shift = np.where(np.isfinite(top), top, 0.0)
    resp = np.exp(log_joint - shift[:, None])
    sums = resp.sum(axis=1)
    with np.errstate(divide="ignore"):
        log_norm = shift + np.log(sums)
    return log_norm, resp / np.where(sums > 0, sums, 1.0)[:, None]
