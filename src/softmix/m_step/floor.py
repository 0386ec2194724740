"""The covariance floor: no component may be thinner than a share of the data's own spread.

With S the covariance of all rows under the same structure (its one-component fit) and a
share ρ (`reg_covar`), every Σ_k is kept in

    Σ_k ⪰ ρ S.

The maximiser of the expected log-likelihood in that set has a closed form: write
M = S^{-1/2} (W_k / n_k) S^{-T/2} and raise its eigenvalues below ρ to ρ. So the floor is a
constrained M-step: the likelihood still never falls, and nothing depends on units.
Theobald (1975), Anderson & Olkin (1985) for the clipped maximiser; Ingrassia (2004) and
García-Escudero et al. (2008) for eigenvalue constraints in mixtures.

Rounding leaves of a covariance no less than a share σ of each column's own variance, so that the
floor that is held is ρ S + σ D², D² the diagonal of S. Were all of S raised until its thinnest direction
is resolved instead, tight components far apart would be held along the line that joins them: the
data are thin beside that line, but the components are not thin along it.
"""

from dataclasses import dataclass
from functools import cached_property
from types import ModuleType

import numpy as np

from softmix.exceptions import IllDefinedCovarianceError
from softmix.kernels import kernel
from softmix.parameters import FactorShape, GaussianParameters
from softmix.parameters.gaussian import invert_triangular, triangular_root

# Below this share of the data's spread, a variance is rounding noise: singular.
SINGULAR = 1e-15
# D² is added to S as for no smaller a share of S.
_LEAST_SHARE = 1e-14
# Correlations with a smaller eigenvalue than this are not factored as they are.
_ILL_CONDITIONED = 1e-6
# A sum of products that is this share of their sizes is rounding.
_CANCELLED = 64 * np.finfo(np.float64).eps
# A direction within this factor of the floor is held by it.
_AT_FLOOR = 1.0 + 1e-6
# A direction names the columns with at least this share of its strongest loading.
_LOADING = 0.3


@dataclass(frozen=True, eq=False)
class CovarianceFloor:
    """The data's spread, as an inverse Cholesky factor, and the share of it that is the floor.

    Parameters
    ----------
    factor : ndarray of shape (d, d), (d,) or ()
        F with S⁻¹ = Fᵀ F: lower triangular, diagonal, or scalar, as the structure.
    share : float
        ρ ≥ 0; 0 forbids the floor, and a singular covariance is then an error.
    resolution : float, optional
        The share of S that rounding leaves of a variance: by default what whitening by `factor`
        leaves, more where columns are nearly collinear.
    spread : ndarray of the shape of `factor`, optional
        The factor of the data's own spread, where `factor` is of another S: what thinness is told in.
    """

    factor: np.ndarray
    share: float
    resolution: float | None = None
    spread: np.ndarray | None = None

    @classmethod
    def resolved(cls, factor: np.ndarray, share: float, constant: np.ndarray) -> "CovarianceFloor":
        """The floor ρ S + σ D² of structures that follow any linear map: a share ρ of S + (σ / ρ) D².

        Where ρ is so small that rounding in many columns exceeds it, `lowest` is that instead (see
        `resolution`): within some factor d, since S + (σ / ρ) D² is well conditioned.

        Parameters
        ----------
        factor : ndarray of shape (d, d)
            Of the covariance of all rows, S.
        share : float
            ρ. Where it is less, D² is added as to the default one: what is sound then does not see ρ.
        constant : ndarray of bool of shape (d,)
            Columns that have no variance for D².
        """
        cholesky = invert_triangular(factor)
        scale = np.linalg.norm(cholesky, axis=1)
        scaled = cholesky / scale[:, None]
        mixed = scaled @ scaled.T + np.diag(np.where(constant, 0.0, SINGULAR / max(share, _LEAST_SHARE)))
        mixed_factor = invert_triangular(np.linalg.cholesky(mixed)) / scale
        return cls(mixed_factor, share, spread=factor)

    @classmethod
    def round(cls, factor: np.ndarray, share: float, constant: np.ndarray) -> "CovarianceFloor":
        """The floor of structures that follow rotations but not the units of single columns.

        S is a ball, as it must be to turn with the data: the largest within the covariance of all
        rows, so that no column's own spread is below the floor however unlike the units. But then
        rounding, which is a share of the widest direction, is a larger share of S.

        Parameters
        ----------
        factor : ndarray of shape (d, d)
            Of the covariance of all rows.
        share : float
        constant : ndarray of bool of shape (d,)
            Columns that have no spread, to be left out.
        """
        spread = factor[np.ix_(~constant, ~constant)]
        if not spread.size:
            return cls(factor, share)
        total = (np.linalg.norm(invert_triangular(spread), axis=1) ** 2).sum()
        inverse_radius = np.linalg.norm(spread, 2)
        return cls(np.eye(len(factor)) * inverse_radius, share, SINGULAR * total * inverse_radius**2)

    @property
    def lowest(self) -> float:
        """The share of S that a sound covariance exceeds: ρ, or what rounding can resolve."""
        return max(self.share, self._resolution)

    @cached_property
    def _resolution(self) -> float:
        if self.resolution is not None:
            return self.resolution
        if self.factor.ndim < 2:
            return SINGULAR
        return SINGULAR * float((np.abs(self.factor) @ self._scale).max() ** 2)

    @cached_property
    def _cholesky(self) -> np.ndarray:
        """L with S = L Lᵀ, of the shape of `factor`."""
        return invert_triangular(self.factor) if self.factor.ndim == 2 else 1.0 / self.factor

    @cached_property
    def _spread_cholesky(self) -> np.ndarray:
        """As `_cholesky`, of the data's own spread."""
        return self._cholesky if self.spread is None else invert_triangular(self.spread)

    @cached_property
    def _scale(self) -> np.ndarray:
        """Standard deviation of each column under S."""
        return np.linalg.norm(self._cholesky, axis=1)

    @cached_property
    def _lowest_variances(self) -> np.ndarray:
        return self.lowest * self._cholesky**2

    @cached_property
    def _kernel(self) -> ModuleType:
        return kernel()

    @cached_property
    def _correlation_norm(self) -> float:
        """The largest eigenvalue of the correlations of S."""
        return float(np.linalg.norm(self._cholesky / self._scale[:, None], 2) ** 2)

    def variances(self, raw: np.ndarray) -> np.ndarray:
        """`raw` variances, (K, d) or (K,), raised to the floor."""
        lowest = self._lowest_variances
        if self.share == 0:
            thin = raw <= lowest * _AT_FLOOR
            _refuse({k: np.flatnonzero(held).tolist() for k, held in enumerate(thin) if held.any()})
        return np.maximum(raw, lowest)

    def inverse_cholesky(self, scatters: np.ndarray, divisors: np.ndarray | None = None) -> np.ndarray:
        """Inverse Cholesky factors of a (K, d, d) stack of covariances, raised to the floor.

        They are `scatters`, each divided by its divisor if there are any, (K,).

        Sound covariances are factored as correlations. Where a bound on the smallest eigenvalue
        cannot rule out the floor, or digits would be lost, it is done in whitened coordinates,
        where the floor is one number.
        """
        divisors = np.ones(len(scatters)) if divisors is None else divisors
        inverses, squared_norms = self._kernel.factors_of_scatters(scatters, divisors, self._scale)
        # |C⁻¹ D⁻¹ L_S|_F² bounds 1 / (smallest whitened eigenvalue): eigenvalues are seldom needed.
        bounds = squared_norms * self._correlation_norm
        doubtful = np.flatnonzero(~(bounds * max(self.lowest, _ILL_CONDITIONED) <= 1.0))
        if doubtful.size:
            covariances = scatters[doubtful] / divisors[doubtful, None, None]
            inverses[doubtful] = self._inverse_cholesky_whitened(covariances, doubtful)
        return inverses

    def _inverse_cholesky_whitened(self, covariances: np.ndarray, components: np.ndarray) -> np.ndarray:
        """L_k = L_S C_k, F_k = C_k⁻¹ F_S, with C_k C_kᵀ = F_S Σ_k F_Sᵀ."""
        whitened = self.factor @ covariances @ self.factor.T
        inverses, squared_norms = self._kernel.inverse_cholesky(whitened)
        doubtful = np.flatnonzero(~(squared_norms * self.lowest <= 1.0))
        if doubtful.size:
            inverses[doubtful] = self._clipped(whitened[doubtful], components[doubtful])
        return inverses @ self.factor

    def _clipped(self, whitened: np.ndarray, components: np.ndarray) -> np.ndarray:
        eigenvalues, axes = np.linalg.eigh(whitened)
        if self.share == 0:
            thin = eigenvalues <= self.lowest
            hit = np.flatnonzero(thin.any(axis=1))
            _refuse({int(components[k]): self._loaded_columns(axes[k].T[thin[k]] @ self.factor) for k in hit})
        raised = np.maximum(eigenvalues, self.lowest)
        return triangular_root(axes.swapaxes(1, 2) / np.sqrt(raised)[:, :, None])

    def whitened(self, scatter: np.ndarray) -> np.ndarray:
        """Scatters, (K, d, d) or (K, d), in units of S: there the floor is the number `lowest`."""
        return self.factor @ scatter @ self.factor.T if self.factor.ndim == 2 else scatter * self.factor**2

    def along(self, axes: np.ndarray, scatter: np.ndarray) -> np.ndarray:
        """a_jᵀ W a_j, (K, d), for axes a_j, in columns, in units of S, and scatters W_k as they are.

        Where the products cancel to rounding there is no scatter: rounding is not to be explained.

        Parameters
        ----------
        axes : ndarray of shape (K, d, d) or (1, d, d)
        scatter : ndarray of shape (K, d, d)
        """
        directions = self.factor.T @ axes
        forms = np.einsum("kij,kij->kj", np.broadcast_to(directions, scatter.shape), scatter @ directions)
        deviations = np.sqrt(np.maximum(np.diagonal(scatter, axis1=1, axis2=2), 0.0))
        sizes = (deviations[:, None, :] @ np.abs(directions))[:, 0]
        return np.where(forms > _CANCELLED * sizes**2, forms, 0.0)

    def factors(self, axes: np.ndarray, variances: np.ndarray) -> np.ndarray:
        """Inverse Cholesky factors (K, d, d) of covariances that are known in units of S.

        Parameters
        ----------
        axes : ndarray of shape (K, d, d) or (1, d, d)
            Eigenvectors, in columns.
        variances : ndarray of shape (K, d)
            Eigenvalues, at or above the floor.
        """
        if self.share == 0:
            thin = variances <= self.lowest * _AT_FLOOR
            every = np.broadcast_to(axes, (len(variances), *axes.shape[1:]))
            hit = np.flatnonzero(thin.any(axis=1)).tolist()
            _refuse({k: self._loaded_columns(every[k].T[thin[k]] @ self.factor) for k in hit})
        roots = axes.swapaxes(1, 2) / np.sqrt(variances)[:, :, None]
        return triangular_root(roots @ self.factor)

    def volumes(self, factors: np.ndarray) -> np.ndarray:
        """|Σ_k|^{1/d} in units of S, (K,), of inverse Cholesky factors (K, d, d)."""
        logs = np.log(np.abs(np.diagonal(factors, axis1=1, axis2=2) / np.diagonal(self.factor)))
        return np.exp(-2.0 * logs.mean(axis=1))

    def clears(self, parameters: GaussianParameters) -> np.ndarray:
        """For each component whether it surely is above the floor, (K,), at little cost."""
        return _share_bounds(parameters, self._cholesky, self._kernel) > self.lowest * _AT_FLOOR

    def holds(self, parameters: GaussianParameters, component: int) -> bool:
        """Whether a component is at the floor in some direction."""
        return _least_share(parameters, component, self._cholesky) <= self.lowest * _AT_FLOOR

    def are_wider(self, parameters: GaussianParameters, least: np.ndarray) -> np.ndarray:
        """For each component whether it surely clears the floor with no `thinness` below `least`, (K,)."""
        shares = _share_bounds(parameters, self._cholesky, self._kernel)
        thinness = (
            shares if self.spread is None else _share_bounds(parameters, self._spread_cholesky, self._kernel)
        )
        return (shares > self.lowest * _AT_FLOOR) & (thinness >= least)

    def thinness(self, parameters: GaussianParameters, component: int) -> float:
        """The smallest share of the data's spread that the component has in any direction."""
        return _least_share(parameters, component, self._spread_cholesky)

    def lengths(self, parameters: GaussianParameters, component: int) -> np.ndarray:
        """The roots of the shares of the spread that a component of its own covariance has, falling, (d,)."""
        inverse = parameters.factors[component]
        if not parameters.shape.is_matrix:
            return np.sort(1.0 / (inverse * self._spread_cholesky))[::-1]
        return 1.0 / np.linalg.svd(inverse @ self._spread_cholesky, compute_uv=False)[::-1]

    def thin_columns(self, parameters: GaussianParameters, component: int) -> list[int]:
        """The columns that span the directions in which a component is at the floor."""
        limit = self.lowest * _AT_FLOOR
        return self._columns_below(parameters, component, limit, self._cholesky, self.factor)

    def columns_below(self, parameters: GaussianParameters, component: int, limit: float) -> list[int]:
        """The columns that span the directions in which a component has at most this share of the spread."""
        spread = self.factor if self.spread is None else self.spread
        return self._columns_below(parameters, component, limit, self._spread_cholesky, spread)

    def _columns_below(
        self,
        parameters: GaussianParameters,
        component: int,
        limit: float,
        cholesky: np.ndarray,
        factor: np.ndarray,
    ) -> list[int]:
        inverse = _factor_of(parameters, component)
        if not parameters.shape.is_matrix:
            held = (inverse * cholesky) ** -2.0 <= limit
            return np.flatnonzero(np.broadcast_to(held, parameters.n_features)).tolist()
        inverse = inverse @ cholesky
        if np.vdot(inverse, inverse) * limit < 1.0:  # as in inverse_cholesky
            return []
        _, roots, axes = np.linalg.svd(inverse)
        return self._loaded_columns(axes[roots**2 * limit >= 1.0] @ factor)

    def _loaded_columns(self, directions: np.ndarray) -> list[int]:
        """The columns that carry `directions` (m, d), in the units of the columns."""
        strength = np.abs(directions * self._scale)
        strongest = strength.max(axis=1, keepdims=True, initial=0.0)
        return np.flatnonzero((strength >= _LOADING * strongest).any(axis=0)).tolist()


def _factor_of(parameters: GaussianParameters, component: int) -> np.ndarray:
    shared = parameters.shape is FactorShape.SHARED
    return parameters.factors if shared else parameters.factors[component]


def _share_bounds(parameters: GaussianParameters, cholesky: np.ndarray, kernel: ModuleType) -> np.ndarray:
    """For each component at most its `_least_share`, (K,)."""
    if not parameters.shape.is_matrix:
        scaled = parameters.factors * cholesky
        strongest = scaled.reshape(parameters.n_components, -1).max(axis=1) ** 2
    else:
        d = parameters.n_features
        strongest = kernel.product_norms(parameters.factors.reshape(-1, d, d), cholesky)
    shares = 1.0 / strongest
    return shares if len(shares) == parameters.n_components else np.repeat(shares, parameters.n_components)


def _least_share(parameters: GaussianParameters, component: int, cholesky: np.ndarray) -> float:
    """The smallest share of L Lᵀ that the component has in any direction."""
    inverse = _factor_of(parameters, component)
    if not parameters.shape.is_matrix:
        return float(np.min((inverse * cholesky) ** -2.0))
    return float(np.linalg.norm(inverse @ cholesky, 2) ** -2.0)


def _refuse(singular: dict[int, list[int]]) -> None:
    if singular:
        raise IllDefinedCovarianceError(singular)
