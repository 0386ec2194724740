"""Split and merge: the moves that carry a fit from one hill of the likelihood to another.

EM climbs the hill that it begins on. A hill is wrong when two components share a cluster while
one spans two others: splitting one and merging a pair is what no step of EM does. Ueda,
Nakano, Ghahramani & Hinton (2000), "SMEM algorithm for mixture models".
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from softmix.m_step import CovarianceFloor, Moments
from softmix.parameters import FactorShape, GaussianParameters
from softmix.structures import Structure

# Halves of a split lie this many standard deviations from where their component was: the halves
# of a normal distribution cut at its mean lie 0.8 from it.
_APART = 0.7
# A nested split makes a component this much narrower, and one as much wider.
_NARROW, _WIDE = 0.2, 1.8


@dataclass(frozen=True, eq=False)
class Components:
    """Weights (K,), means (K, d), and covariances as matrices (K, d, d) or variances (K, d)."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    @classmethod
    def of(cls, parameters: GaussianParameters) -> "Components":
        """The components of any mixture, each with a covariance of its own."""
        K, d = parameters.means.shape
        covariances = parameters.covariances()
        shape = (K, d, d) if parameters.shape.is_matrix else (K, d)
        if parameters.shape is FactorShape.SCALAR:
            covariances = covariances[:, None]
        return cls(parameters.weights, parameters.means, np.broadcast_to(covariances, shape))

    def __getitem__(self, which: np.ndarray | list[int]) -> "Components":
        return Components(self.weights[which], self.means[which], self.covariances[which])

    def __or__(self, other: "Components") -> "Components":
        """Both, one after the other."""
        return Components(
            np.concatenate([self.weights, other.weights]),
            np.concatenate([self.means, other.means]),
            np.concatenate([self.covariances, other.covariances]),
        )

    @property
    def are_matrices(self) -> bool:
        return self.covariances.ndim == 3

    def outer(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """a bᵀ for each row of a and b (K, d), as the covariances are kept."""
        return a[:, :, None] * b[:, None, :] if self.are_matrices else a * b

    def times(self, factors: np.ndarray | float) -> np.ndarray:
        """The covariances, each times its factor."""
        if np.ndim(factors) == 0:
            return self.covariances * factors
        return self.covariances * np.reshape(factors, (-1,) + (1,) * (self.covariances.ndim - 1))

    def with_pseudo_rows(self, pseudo_rows: float) -> "Components":
        """Each with so many rows more, weights being counts: round, and as wide as it is on average."""
        d, total = self.means.shape[1], self.weights + pseudo_rows
        axes = "kii->k" if self.are_matrices else "ki->k"
        width = self.weights * np.einsum(axes, self.covariances) / (d * np.maximum(self.weights, pseudo_rows))
        sphere = np.broadcast_to(np.eye(d) if self.are_matrices else np.ones(d), self.covariances.shape)
        round_ones = Components(total, self.means, sphere).times(width * pseudo_rows / total)
        return Components(total, self.means, self.times(self.weights / total) + round_ones)

    def parameters(self, structure: Structure, floor: CovarianceFloor) -> GaussianParameters:
        """The likeliest parameters of `structure` for rows with these moments: an M-step."""
        scatter = _as_stored(self.times(self.weights), structure.shape)
        found = Moments(self.weights / self.weights.sum(), self.means, self.weights, scatter)
        return structure.likeliest(found, floor)


def _as_stored(scatters: np.ndarray, shape: FactorShape) -> np.ndarray:
    """The scatters (K, d, d) or (K, d) as `Moments` of factors of `shape` keep them."""
    if shape is FactorShape.SCALAR:
        return scatters.sum(axis=1)
    return scatters.sum(axis=0) if shape is FactorShape.SHARED else scatters


# Splits: one component becomes two, of half its weight each.


def halves(components: Components, rng: np.random.RandomState) -> Components:  # noqa: ARG001
    """Cut across the longest axis."""
    return _cut(components, _longest(components))


def random_halves(components: Components, rng: np.random.RandomState) -> Components:
    """Cut across a random direction, uniform where the component is round."""
    directions = rng.standard_normal(components.means.shape)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    if components.are_matrices:
        return _cut(components, np.einsum("kij,kj->ki", _roots(components.covariances), directions))
    return _cut(components, np.sqrt(components.covariances) * directions)


def nested(components: Components, rng: np.random.RandomState) -> Components:  # noqa: ARG001
    """A narrow one within a wide one, about the same mean."""
    half = components.weights / 2.0
    return Components(half, components.means, components.times(_NARROW)) | Components(
        half, components.means, components.times(_WIDE)
    )


Split = Callable[[Components, np.random.RandomState], Components]
SPLITS: tuple[Split, ...] = (halves, nested, random_halves)


def split(components: Components, which: np.ndarray, how: Split, rng: np.random.RandomState) -> Components:
    """`components` with two in place of each one in `which`; the others come first."""
    others = np.setdiff1d(np.arange(len(components.weights)), which)
    return components[others] | how(components[which], rng)


def _cut(components: Components, axes: np.ndarray) -> Components:
    """Two with the moments of the one, apart along `axes` (K, d), of one standard deviation."""
    step, half = _APART * axes, components.weights / 2.0
    narrowed = components.covariances - components.outer(step, step)
    return Components(half, components.means - step, narrowed) | Components(
        half, components.means + step, narrowed
    )


def _longest(components: Components) -> np.ndarray:
    if components.are_matrices:
        eigenvalues, axes = np.linalg.eigh(components.covariances)
        return axes[:, :, -1] * np.sqrt(np.maximum(eigenvalues[:, -1:], 0.0))
    variances = components.covariances
    return np.sqrt(variances) * (np.arange(variances.shape[1]) == variances.argmax(axis=1)[:, None])


def _roots(covariances: np.ndarray) -> np.ndarray:
    """R with R Rᵀ = Σ, for each covariance."""
    eigenvalues, axes = np.linalg.eigh(covariances)
    return axes * np.sqrt(np.maximum(eigenvalues, 0.0))[:, None, :]


# Merges: two components become one with the moments of both.


def merge(components: Components, pairs: np.ndarray) -> Components:
    """For each of `pairs` (m, 2) the one component that both make."""
    one, other = components[pairs[:, 0]], components[pairs[:, 1]]
    weights = one.weights + other.weights
    share = np.divide(one.weights, weights, out=np.full(len(weights), 0.5), where=weights > 0)
    step = one.means - other.means
    between = Components(weights, step, one.outer(step, step)).times(share * (1.0 - share))
    means = share[:, None] * one.means + (1.0 - share)[:, None] * other.means
    return Components(weights, means, one.times(share) + other.times(1.0 - share) + between)


def near_pairs(components: Components, n_neighbours: int) -> np.ndarray:
    """The pairs (m, 2) of each component with its nearest ones, by mean distance and size."""
    K = len(components.weights)
    means = components.means
    if n_neighbours >= K - 1:
        return np.stack(np.triu_indices(K, 1), axis=1)
    matrices = components.are_matrices
    sizes = (
        np.trace(components.covariances, axis1=1, axis2=2) if matrices else components.covariances.sum(axis=1)
    )
    squared = (means**2).sum(axis=1)
    distances = (squared[:, None] + squared - 2.0 * means @ means.T) / (sizes[:, None] + sizes)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argpartition(distances, n_neighbours, axis=1)[:, :n_neighbours]
    pairs = np.stack([np.repeat(np.arange(K), n_neighbours), nearest.ravel()], axis=1)
    return np.unique(np.sort(pairs, axis=1), axis=0)
