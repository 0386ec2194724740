"""Parameters of a Gaussian mixture: weights, means and precision factors.

The covariance of component k is held as the inverse F_k of its lower Cholesky factor,

    Σ_k = L_k L_kᵀ,   F_k = L_k⁻¹,   Σ_k⁻¹ = F_kᵀ F_k,   z = F_k (x − μ_k),

because that is what the E-step multiplies with and what stays accurate when Σ_k is badly
conditioned. F_k is stored in the smallest shape that the covariance structure allows.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
from scipy.linalg import lapack

from softmix.parameters.noise import Noise

LOG_2PI = float(np.log(2.0 * np.pi))


class FactorShape(StrEnum):
    """The shape in which precision factors and scatters are stored."""

    FULL = "full"  # (K, d, d), lower triangular
    SHARED = "shared"  # (d, d), lower triangular, one for all components
    DIAGONAL = "diagonal"  # (K, d)
    SCALAR = "scalar"  # (K,)

    @property
    def is_matrix(self) -> bool:
        """Whether a factor is a triangular matrix."""
        return self in (FactorShape.FULL, FactorShape.SHARED)

    def array_shape(self, n_components: int, n_features: int) -> tuple[int, ...]:
        """The shape of the array of factors, as of scikit-learn's ``precisions_cholesky_``."""
        K, d = n_components, n_features
        return {
            FactorShape.FULL: (K, d, d),
            FactorShape.SHARED: (d, d),
            FactorShape.DIAGONAL: (K, d),
            FactorShape.SCALAR: (K,),
        }[self]


@dataclass(frozen=True, eq=False)
class GaussianParameters:
    """Weights, means and precision factors of K Gaussian components in d dimensions.

    Parameters
    ----------
    weights : ndarray of shape (K,)
        Mixture proportions; they sum to one, with that of the noise.
    means : ndarray of shape (K, d)
    factors : ndarray
        Inverse Cholesky factors, of the shape that `shape` says, in float64.
    shape : FactorShape
    noise : Noise, optional
        A component more, the last, of rows that are uniform over a box.
    """

    weights: np.ndarray
    means: np.ndarray
    factors: np.ndarray
    shape: FactorShape
    noise: Noise | None = None

    def __post_init__(self) -> None:
        # The kernels trust these shapes.
        expected = self.shape.array_shape(*self.means.shape)
        if self.weights.shape != self.means.shape[:1]:
            raise ValueError(f"Weights of shape {self.weights.shape} do not fit means of {self.means.shape}.")
        if self.factors.shape != expected:
            raise ValueError(f"Factors of shape {self.factors.shape} are not {self.shape}: {expected}.")

    @property
    def n_components(self) -> int:
        return self.means.shape[0]

    @property
    def n_memberships(self) -> int:
        """Of a row: one for each Gaussian, and one for the noise where there is one."""
        return self.n_components + (self.noise is not None)

    @property
    def n_features(self) -> int:
        return self.means.shape[1]

    @cached_property
    def log_det_factors(self) -> np.ndarray:
        """log |F_k| = −½ log |Σ_k|, shape (K,)."""
        K, d = self.means.shape
        if self.shape is FactorShape.SCALAR:
            return d * np.log(self.factors)
        if self.shape is FactorShape.DIAGONAL:
            return np.log(self.factors).sum(axis=1)
        log_det = np.log(np.diagonal(self.factors, axis1=-2, axis2=-1)).sum(axis=-1)
        return np.full(K, log_det) if self.shape is FactorShape.SHARED else log_det

    @cached_property
    def log_weights(self) -> np.ndarray:
        """log π_k, shape (K,); −inf for an empty component."""
        return np.log(self.weights, out=np.full(len(self.weights), -np.inf), where=self.weights > 0)

    @cached_property
    def log_constants(self) -> np.ndarray:
        """log π_k + log |F_k| − ½ d log 2π, shape (K,): the log-density at the mean."""
        return self.log_weights + self.log_det_factors - 0.5 * self.n_features * LOG_2PI

    def subset(self, components: np.ndarray) -> "GaussianParameters":
        """Some of the components, with the weights that they have here."""
        factors = self.factors if self.shape is FactorShape.SHARED else self.factors[components]
        return GaussianParameters(self.weights[components], self.means[components], factors, self.shape)

    def cholesky_factors(self) -> np.ndarray:
        """L_k = F_k⁻¹, in the shape of `factors`."""
        return invert_triangular(self.factors) if self.shape.is_matrix else 1.0 / self.factors

    def covariances(self) -> np.ndarray:
        """Σ_k, in the shape of scikit-learn's ``covariances_``."""
        factors = self.cholesky_factors()
        return factors @ factors.swapaxes(-1, -2) if self.shape.is_matrix else factors**2

    def precisions(self) -> np.ndarray:
        """Σ_k⁻¹, in the shape of scikit-learn's ``precisions_``."""
        factors = self.factors
        return factors.swapaxes(-1, -2) @ factors if self.shape.is_matrix else factors**2


def invert_triangular(lower: np.ndarray) -> np.ndarray:
    """Inverse of each lower triangular matrix in a stack of shape (..., d, d)."""
    d = lower.shape[-1]
    inverse = np.empty(lower.shape)
    for matrix, out in zip(lower.reshape(-1, d, d), inverse.reshape(-1, d, d), strict=True):
        # LAPACK reads columns: the transpose of our rows is an upper triangle.
        out[...] = lapack.dtrtri(matrix.T, lower=0)[0].T
    return inverse


def triangular_root(roots: np.ndarray) -> np.ndarray:
    """The lower triangular F with Fᵀ F = Bᵀ B, for each square B in a stack of shape (..., d, d).

    By QR of B with its columns reversed, so that Bᵀ B, which would round its small eigenvalues
    away, is never formed (Golub & Van Loan 2013, section 5.3.8, on squaring the condition).
    """
    lower = np.flip(np.linalg.qr(roots[..., ::-1], mode="r"), axis=(-2, -1))
    signs = np.sign(np.diagonal(lower, axis1=-2, axis2=-1))
    return lower * signs[..., None]
