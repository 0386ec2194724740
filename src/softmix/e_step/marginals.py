"""What a mixture says of rows of which some columns are observed: its marginals, and the rest given those.

For a pattern with observed columns o and missing columns m, and L_k the rows of the Cholesky factor,

    Σ_oo = L_o L_oᵀ,   F_o = its inverse Cholesky factor,   G = F_o L_o  (orthonormal rows),
    B = Σ_mo Σ_oo⁻¹ = L_m Gᵀ F_o,   H = L_m (I − Gᵀ G),   C = Σ_mm − B Σ_om = H Hᵀ.

So E[x_m | x_o, k] = μ_m + B (x_o − μ_o), with covariance C, which as a product is never indefinite. Where
every covariance is well conditioned, and C so no cancellation, it costs less without G:

    L_m Gᵀ = Σ_mo F_oᵀ = A,   B = A F_o,   C = Σ_mm − A Aᵀ.

Little & Rubin (2019), "Statistical analysis with missing data", section 11.2, by sweeps there.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from softmix.e_step.correlations import ILL_CONDITIONED, Correlations
from softmix.kernels import kernel
from softmix.parameters import FactorShape, GaussianParameters
from softmix.parameters.gaussian import invert_triangular


@dataclass(frozen=True, eq=False)
class Marginals:
    """A mixture seen by P patterns, each with q columns observed and m = d − q missing.

    Parameters
    ----------
    n_components : int
        K.
    columns, missing : ndarray of int64 of shape (P, q) and (P, m)
    observed : GaussianParameters
        Of P K components in q columns, pattern by pattern.
    slopes : ndarray of shape (P, K or 1, m, q) or None
        B; None where covariances are diagonal, and it is 0.
    residual_covariances : ndarray of shape (P, K or 1, m, m) or None
        C; None where covariances are diagonal.
    residuals : ndarray of shape (P, K or 1, m, d) or None
        H, where it is there.
    """

    n_components: int
    columns: np.ndarray
    missing: np.ndarray
    observed: GaussianParameters
    slopes: np.ndarray | None = None
    residual_covariances: np.ndarray | None = None
    residuals: np.ndarray | None = None

    @cached_property
    def order(self) -> np.ndarray:
        """Observed columns, then missing ones, (P, d)."""
        return np.concatenate([self.columns, self.missing], axis=1)

    def of_pattern(self, pattern: int) -> GaussianParameters:
        """The marginal mixture of one pattern."""
        K = self.n_components
        return self.observed.subset(np.arange(pattern * K, (pattern + 1) * K))


class _Conditionals(NamedTuple):
    """Of each pattern and component F, (P, K or 1, …), B, C and H; see `Marginals`."""

    factors: np.ndarray
    slopes: np.ndarray | None = None
    covariances: np.ndarray | None = None
    residuals: np.ndarray | None = None


class MarginalsOf:
    """The marginals of `parameters`: ask it for those of patterns with equally many columns.

    With `rooted`, they have their `residuals` whatever the covariances.
    """

    def __init__(self, parameters: GaussianParameters, *, rooted: bool = False) -> None:
        if parameters.noise is not None:  # what is left of a box along some columns is not uniform
            raise ValueError(
                "Values are missing, but the mixture has a noise component, which takes complete rows only. "
                "Leave rows with NaN out, or fit without noise."
            )
        self._parameters = parameters
        if parameters.shape.is_matrix:
            found = Correlations.of(parameters)
            self._scale, self._roots, self._correlations = found.scale, found.roots, found.matrices()
            simply = found.are_well_conditioned and not rooted
            self._of_matrices = self._by_correlations if simply else self._by_roots

    def __call__(self, columns: np.ndarray) -> Marginals:
        """What patterns with the observed `columns` (P, q) see."""
        whole, d = self._parameters, self._parameters.n_features
        n_patterns, q = columns.shape
        missing = _complements(columns, d)
        means = whole.means[:, columns].swapaxes(0, 1)
        found = self._of_shape(columns, missing)
        n, K = n_patterns * whole.n_components, whole.n_components
        each = found.factors.shape[2:]
        observed = GaussianParameters(
            np.tile(whole.weights, n_patterns),
            means.reshape(n, q),
            np.broadcast_to(found.factors, (n_patterns, K, *each)).reshape(n, *each),
            FactorShape.FULL if whole.shape.is_matrix else whole.shape,
        )
        return Marginals(K, columns, missing, observed, *found[1:])

    def _of_shape(self, columns: np.ndarray, missing: np.ndarray) -> _Conditionals:
        factors = self._parameters.factors
        if self._parameters.shape is FactorShape.SCALAR:
            return _Conditionals(np.broadcast_to(factors, (len(columns), len(factors))))
        if self._parameters.shape is FactorShape.DIAGONAL:
            return _Conditionals(factors[:, columns].swapaxes(0, 1))
        return self._of_matrices(columns, missing)

    def _by_correlations(self, columns: np.ndarray, missing: np.ndarray) -> _Conditionals:
        scale, scale_missing = self._scales(columns), self._scales(missing)
        factors = _inverse_cholesky(self._between(columns, columns))
        across = self._between(missing, columns) @ factors.swapaxes(-1, -2)
        left = self._between(missing, missing) - across @ across.swapaxes(-1, -2)
        factors /= scale[..., None, :]
        slopes = scale_missing[..., None] * (across @ factors)
        return _Conditionals(factors, slopes, left * scale_missing[..., None] * scale_missing[..., None, :])

    def _by_roots(self, columns: np.ndarray, missing: np.ndarray) -> _Conditionals:
        scale, scale_missing = self._scales(columns), self._scales(missing)[..., None]
        of_observed = self._roots[:, columns].swapaxes(0, 1)
        of_missing = self._roots[:, missing].swapaxes(0, 1)
        factors = _inverse_cholesky(self._between(columns, columns), of_observed)
        axes = factors @ of_observed
        across = of_missing @ axes.swapaxes(-1, -2)
        factors /= scale[..., None, :]
        residuals = scale_missing * (of_missing - across @ axes)
        covariances = residuals @ residuals.swapaxes(-1, -2)
        return _Conditionals(factors, scale_missing * (across @ factors), covariances, residuals)

    def _scales(self, columns: np.ndarray) -> np.ndarray:
        """Standard deviations of columns, (P, K or 1, q)."""
        return self._scale[:, columns].swapaxes(0, 1)

    def _between(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Correlations of columns `rows` with `columns`, (P, K or 1, …, …)."""
        return self._correlations[:, rows[:, :, None], columns[:, None, :]].swapaxes(0, 1)


def _inverse_cholesky(matrices: np.ndarray, roots: np.ndarray | None = None) -> np.ndarray:
    """Inverse Cholesky factors of correlations (…, q, q), from their roots (…, q, d) where they are ill.

    Without roots, all are well conditioned.
    """
    q = matrices.shape[-1]
    if q == 0:
        return matrices.copy()
    factors, squared_norms = kernel().inverse_cholesky(np.ascontiguousarray(matrices).reshape(-1, q, q))
    if roots is not None and (ill := np.flatnonzero(~(squared_norms <= ILL_CONDITIONED * q))).size:
        factors[ill] = invert_triangular(_cholesky_of_product(roots.reshape(-1, *roots.shape[-2:])[ill]))
    return factors.reshape(matrices.shape)


def _cholesky_of_product(roots: np.ndarray) -> np.ndarray:
    """The Cholesky factors of B Bᵀ for each B (q, d) in a stack, by QR, which forms no product."""
    upper = np.asarray(np.linalg.qr(roots.swapaxes(-1, -2), mode="r"))
    signs = np.where(np.diagonal(upper, axis1=-2, axis2=-1) < 0, -1.0, 1.0)
    return (upper * signs[..., None]).swapaxes(-1, -2)


def _complements(columns: np.ndarray, n_features: int) -> np.ndarray:
    """The columns that are not among those of each pattern, (P, d − q)."""
    absent = np.ones((len(columns), n_features), dtype=bool)
    np.put_along_axis(absent, columns, values=False, axis=1)
    return np.nonzero(absent)[1].reshape(len(columns), -1)
