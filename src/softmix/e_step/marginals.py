"""What a mixture says of rows of which some columns are observed: its marginals, and the rest given those.

For a pattern with observed columns o and missing columns m, and L_k the rows of the Cholesky factor,

    Σ_oo = L_o L_oᵀ,   F_o = its inverse Cholesky factor,   G = F_o L_o  (orthonormal rows),
    B = Σ_mo Σ_oo⁻¹ = L_m Gᵀ F_o,   H = L_m (I − Gᵀ G),   C = Σ_mm − B Σ_om = H Hᵀ.

So E[x_m | x_o, k] = μ_m + B (x_o − μ_o), with covariance C, which as a product is never indefinite.
Little & Rubin (2019), "Statistical analysis with missing data", section 11.2, by sweeps there.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from softmix.kernels import kernel
from softmix.parameters import FactorShape, GaussianParameters
from softmix.parameters.gaussian import invert_triangular

# Correlations of which the inverse has a larger trace are not factored as they are: with Cholesky's
# method, an E-step would be wrong by more than a millionth of a millionth.
_ILL_CONDITIONED = 1e4


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
    residuals : ndarray of shape (P, K or 1, m, d) or None
        H; None where covariances are diagonal.
    """

    n_components: int
    columns: np.ndarray
    missing: np.ndarray
    observed: GaussianParameters
    slopes: np.ndarray | None
    residuals: np.ndarray | None

    @cached_property
    def order(self) -> np.ndarray:
        """Observed columns, then missing ones, (P, d)."""
        return np.concatenate([self.columns, self.missing], axis=1)

    @cached_property
    def residual_covariances(self) -> np.ndarray:
        """C, (P, K or 1, m, m)."""
        assert self.residuals is not None  # noqa: S101 (matrices have them)
        return self.residuals @ self.residuals.swapaxes(-1, -2)

    def of_pattern(self, pattern: int) -> GaussianParameters:
        """The marginal mixture of one pattern."""
        K = self.n_components
        return self.observed.subset(np.arange(pattern * K, (pattern + 1) * K))


class MarginalsOf:
    """The marginals of `parameters`: ask it for those of patterns with equally many columns."""

    def __init__(self, parameters: GaussianParameters) -> None:
        self._parameters = parameters
        if parameters.shape.is_matrix:
            d = parameters.n_features
            roots = parameters.cholesky_factors().reshape(-1, d, d)
            self._scale = np.linalg.norm(roots, axis=2)
            self._roots = roots / self._scale[:, :, None]
            self._correlations = self._roots @ self._roots.swapaxes(1, 2)

    def __call__(self, columns: np.ndarray) -> Marginals:
        """What patterns with the observed `columns` (P, q) see."""
        whole, d = self._parameters, self._parameters.n_features
        n_patterns, q = columns.shape
        missing = _complements(columns, d)
        means = whole.means[:, columns].swapaxes(0, 1)
        factors, slopes, residuals = self._of_shape(columns, missing)
        n, K = n_patterns * whole.n_components, whole.n_components
        stacked = np.broadcast_to(factors, (n_patterns, K, *factors.shape[2:]))
        shape = FactorShape.FULL if whole.shape.is_matrix else whole.shape
        observed = GaussianParameters(
            np.tile(whole.weights, n_patterns),
            means.reshape(n, q),
            stacked.reshape(n, *factors.shape[2:]),
            shape,
        )
        return Marginals(K, columns, missing, observed, slopes, residuals)

    def _of_shape(
        self, columns: np.ndarray, missing: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
        """F (P, K or 1, …), B and H."""
        factors = self._parameters.factors
        if self._parameters.shape is FactorShape.SCALAR:
            return np.broadcast_to(factors, (len(columns), len(factors))), None, None
        if self._parameters.shape is FactorShape.DIAGONAL:
            return factors[:, columns].swapaxes(0, 1), None, None
        return self._of_matrices(columns, missing)

    def _of_matrices(
        self, columns: np.ndarray, missing: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        of_observed = self._roots[:, columns].swapaxes(0, 1)
        of_missing = self._roots[:, missing].swapaxes(0, 1)
        scale = self._scale[:, columns].swapaxes(0, 1)
        scale_missing = self._scale[:, missing].swapaxes(0, 1)[..., None]
        within = self._correlations[:, columns[:, :, None], columns[:, None, :]].swapaxes(0, 1)
        factors = _inverse_cholesky(within, of_observed)
        axes = factors @ of_observed
        loadings = of_missing @ axes.swapaxes(-1, -2)
        factors = factors / scale[..., None, :]
        return factors, scale_missing * (loadings @ factors), scale_missing * (of_missing - loadings @ axes)


def _inverse_cholesky(matrices: np.ndarray, roots: np.ndarray) -> np.ndarray:
    """Inverse Cholesky factors of correlations (…, q, q), from their roots (…, q, d) where they are ill."""
    q = matrices.shape[-1]
    if q == 0:
        return matrices
    factors, squared_norms = kernel().inverse_cholesky(np.ascontiguousarray(matrices).reshape(-1, q, q))
    ill = np.flatnonzero(~(squared_norms <= _ILL_CONDITIONED * q))
    if ill.size:
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
