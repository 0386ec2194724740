"""A conjugate prior for means and covariances: moments give the moments of a penalised M-step.

    μ_k | Σ_k ~ N(μ_P, Σ_k / κ),   Σ_k ~ inverse Wishart(ν, Λ),

and, where covariances are diagonal or spherical, each variance ~ inverse gamma(ν / 2, ς² / 2).
Its logarithm has the form of the expected log-likelihood itself, so that the posterior is at its
maximum where the M-step is given

    μ_k = (n_k m_k + κ μ_P) / (n_k + κ),
    W_k + κ n_k / (κ + n_k) (m_k − μ_P)(m_k − μ_P)ᵀ + Λ   for the scatter, and
    n_k + 1 + ν + d + 1   for the count

(diagonal: n_k + 1 + ν + 2; spherical: n_k d + d + ν + 2 in all columns together). The first 1 is
the mean's and falls away with κ = 0. Where one covariance serves all components (EII, EEI, EEE) it
has one prior, else every component has its own; structures between (VEI, EVV, …) are the same
prior, restricted to them. Thereby every structure has one, and the log-posterior never falls.

Fraley & Raftery (2007), whose formulas these are for the structures that they treat.
"""

from dataclasses import dataclass

import numpy as np

from softmix.m_step.moments import Moments
from softmix.parameters import FactorShape, GaussianParameters


@dataclass(frozen=True, eq=False)
class ConjugatePrior:
    """The prior of a fit.

    Parameters
    ----------
    shrinkage : float
        κ ≥ 0; 0 leaves the means without a prior.
    mean : ndarray of shape (d,)
        μ_P.
    dof : float
        ν.
    scale : ndarray of shape (d, d), (d,) or ()
        Λ for full and shared covariances; ς² for diagonal ones, of each column or of all; ς² for
        spherical ones.
    shape : FactorShape
        Of the structure that the prior is for.
    shared : bool
        Whether one covariance serves all components.
    """

    shrinkage: float
    mean: np.ndarray
    dof: float
    scale: np.ndarray
    shape: FactorShape
    shared: bool

    def over(self, found: Moments) -> Moments:
        """The moments of the penalised M-step: its weights are those of `found`."""
        count = found.count
        offset = found.means - self.mean
        pull = self.shrinkage / np.maximum(self.shrinkage + count, np.finfo(np.float64).tiny)
        extra_count, extra_scatter = self._pseudo_rows(len(count))
        return Moments(
            found.weights,
            found.means - pull[:, None] * offset,
            count + extra_count,
            found.scatter + self._outer(count * pull, offset) + extra_scatter,
        )

    def log_density(self, parameters: GaussianParameters) -> float:
        """The log-prior of `parameters`, up to a constant."""
        K = parameters.n_components
        extra_count, extra_scatter = self._pseudo_rows(K)
        pulled = self._outer(np.full(K, self.shrinkage), parameters.means - self.mean) + extra_scatter
        factors = parameters.factors
        products = factors @ pulled if self.shape.is_matrix else factors * pulled
        return float(extra_count * parameters.log_det_factors.sum() - 0.5 * (products * factors).sum())

    def _pseudo_rows(self, n_components: int) -> tuple[float, np.ndarray]:
        """What the prior adds to each component's count, and to the scatters as they are stored."""
        d = len(self.mean)
        of_covariance = {
            FactorShape.FULL: self.dof + d + 1.0,
            FactorShape.SHARED: self.dof + d + 1.0,
            FactorShape.DIAGONAL: self.dof + 2.0,
            FactorShape.SCALAR: (self.dof + 2.0) / d,
        }[self.shape]
        share = 1.0 / n_components if self.shared else 1.0
        # The scatter of SHARED is that of all components.
        scale = self.scale if self.shape is FactorShape.SHARED else self.scale * share
        return float(self.shrinkage > 0) + of_covariance * share, scale

    def _outer(self, weights: np.ndarray, offset: np.ndarray) -> np.ndarray:
        """w_k (m_k − μ_P)(m_k − μ_P)ᵀ, as scatters are stored."""
        weighted = weights[:, None] * offset
        return {
            FactorShape.FULL: lambda: weighted[:, :, None] * offset[:, None, :],
            FactorShape.SHARED: lambda: weighted.T @ offset,
            FactorShape.DIAGONAL: lambda: weighted * offset,
            FactorShape.SCALAR: lambda: (weighted * offset).sum(axis=1),
        }[self.shape]()
