"""The covariance floor: no component may be thinner than a share of the data's own spread.

With S the covariance of all rows under the same structure (its one-component fit) and a
share ρ (`reg_covar`), every Σ_k is kept in

    Σ_k ⪰ ρ S.

The maximiser of the expected log-likelihood in that set has a closed form: write
M = S^{-1/2} (W_k / n_k) S^{-T/2} and raise its eigenvalues below ρ to ρ. So the floor is a
constrained M-step: the likelihood still never falls, and nothing depends on units.
Theobald (1975), Anderson & Olkin (1985) for the clipped maximiser; Ingrassia (2004) and
García-Escudero et al. (2008) for eigenvalue constraints in mixtures.
"""

from dataclasses import dataclass

import numpy as np

from softmix.exceptions import IllDefinedCovarianceError
from softmix.parameters.gaussian import invert_triangular

# Below this share of the data's spread, a variance is rounding noise: singular.
SINGULAR = 1e-15


@dataclass(frozen=True, eq=False)
class CovarianceFloor:
    """The data's spread, as an inverse Cholesky factor, and the share of it that is the floor.

    Parameters
    ----------
    factor : ndarray of shape (d, d), (d,) or ()
        F with S⁻¹ = Fᵀ F: lower triangular, diagonal, or scalar, as the structure.
    share : float
        ρ ≥ 0; 0 forbids the floor, and a singular covariance is then an error.
    """

    factor: np.ndarray
    share: float

    def variances(self, raw: np.ndarray) -> np.ndarray:
        """`raw` variances, (K, d) or (K,), raised to the floor."""
        spread = 1.0 / self.factor**2
        if self.share == 0:
            _refuse(raw <= SINGULAR * spread)
            return raw
        return np.maximum(raw, self.share * spread)

    def inverse_cholesky(self, covariances: np.ndarray) -> np.ndarray:
        """Inverse Cholesky factors of a (K, d, d) stack of covariances, raised to the floor.

        The Cholesky factors are taken in whitened coordinates, so that badly scaled or nearly
        collinear columns cost no accuracy: L_k = L_S C_k, F_k = C_k⁻¹ F_S.
        """
        whitened = self.factor @ covariances @ self.factor.T
        whitened = 0.5 * (whitened + whitened.swapaxes(1, 2))
        try:
            inverses = invert_triangular(np.linalg.cholesky(whitened))
        except np.linalg.LinAlgError:
            inverses = np.full_like(whitened, np.inf)
        # 1 / |C⁻¹|_F² bounds the smallest eigenvalue from below: eigenvalues are seldom needed.
        norms = np.einsum("kij,kij->k", inverses, inverses)
        doubtful = ~(norms * max(self.share, SINGULAR) <= 1.0)
        if doubtful.any():
            inverses[doubtful] = self._inverse_cholesky_clipped(whitened[doubtful], np.flatnonzero(doubtful))
        return inverses @ self.factor

    def _inverse_cholesky_clipped(self, whitened: np.ndarray, components: np.ndarray) -> np.ndarray:
        eigenvalues, axes = np.linalg.eigh(whitened)
        if self.share == 0:
            _refuse(eigenvalues[:, :1] <= SINGULAR, components)
        raised = np.maximum(eigenvalues, max(self.share, SINGULAR))
        # B = Λ^{-1/2} Vᵀ has Bᵀ B = M⁻¹, so the lower factor of B = Q F is an inverse Cholesky
        # factor; QR with both axes reversed gives it without rebuilding M, which would round
        # its small eigenvalues away.
        roots = axes.swapaxes(1, 2) / np.sqrt(raised)[:, :, None]
        lower = np.linalg.qr(roots[:, :, ::-1], mode="r")[:, ::-1, ::-1]
        signs = np.sign(np.diagonal(lower, axis1=1, axis2=2))
        return lower * signs[:, :, None]


def _refuse(singular: np.ndarray, components: np.ndarray | None = None) -> None:
    hit = np.flatnonzero(singular.reshape(len(singular), -1).any(axis=1))
    if hit.size:
        raise IllDefinedCovarianceError((hit if components is None else components[hit]).tolist())
