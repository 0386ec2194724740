"""The rows of a sample as structures of one kind see them: in their units, with the moments of clusters."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from softmix.fit.moves import Components
from softmix.fit.starts import Sample
from softmix.fit.starts.units import units_of
from softmix.kernels import kernel
from softmix.parameters import FactorShape, GaussianParameters
from softmix.parameters.gaussian import triangular_root
from softmix.structures import Equivariance, Structure


def kind_of(structure: Structure) -> tuple[Equivariance, bool]:
    """Structures of one kind see the same rows and the same moments."""
    return structure.equivariance, structure.shape.is_matrix


@dataclass(frozen=True, eq=False)
class View:
    """A sample in the units of structures of one kind.

    Parameters
    ----------
    sample : Sample
    in_units : callable
        See `units_of`.
    matrices : bool
        Whether clusters have covariances, or variances only.
    """

    sample: Sample
    in_units: Callable[[np.ndarray], np.ndarray]
    matrices: bool

    @classmethod
    def of(cls, sample: Sample, structure: Structure) -> "View":
        matrices = structure.shape.is_matrix
        # Whitened rows have other columns: variances are meant along the data's own.
        sample = sample if matrices else replace(sample, coordinates=sample.standardise)
        return cls(sample, units_of(sample, structure), matrices)

    @cached_property
    def rows(self) -> np.ndarray:
        """The rows of the sample, (n, m); m is 0 where they do not differ."""
        return self.in_units(self.sample.rows)

    @cached_property
    def _matrix(self) -> np.ndarray | None:
        """A with in_units(x) = in_units(o) + (x − o) A, (d, d); None where some axis is left out."""
        origin, scale = self._origin
        if self.rows.shape[1] < len(origin):
            return None
        steps = self.in_units(origin + np.diag(scale)) - self._origin_in_units
        return steps / scale[:, None]

    @cached_property
    def _origin(self) -> tuple[np.ndarray, np.ndarray]:
        """A point amid the rows, and how far they are spread about it."""
        rows = self.sample.rows.astype(np.float64)
        return rows.mean(axis=0), rows.std(axis=0)

    @cached_property
    def _origin_in_units(self) -> np.ndarray:
        return self.in_units(self._origin[0][None])

    @cached_property
    def log_volume(self) -> float:
        """What a log-density gains from these units to the data's own."""
        return 0.0 if self._matrix is None else float(np.linalg.slogdet(self._matrix)[1])

    def outside(self, parameters: GaussianParameters) -> GaussianParameters | None:
        """`parameters` in the data's own units, but for rounding of these; None if that cannot be."""
        if self._matrix is None:
            return None
        origin, _ = self._origin
        shifts = parameters.means - self._origin_in_units
        means = origin + np.linalg.solve(self._matrix.T, shifts.T).T
        if parameters.shape.is_matrix:
            factors = triangular_root(parameters.factors @ self._matrix.T)
        elif parameters.shape is FactorShape.DIAGONAL:
            factors = parameters.factors * np.diagonal(self._matrix)
        else:
            factors = parameters.factors * np.exp(self.log_volume / len(origin))
        return GaussianParameters(parameters.weights, means, factors, parameters.shape)

    def moments(self, resp: np.ndarray) -> Components:
        """Those of each component of memberships (n, K)."""
        shares = resp * self.sample.weights[:, None]
        return Components(*kernel().cluster_moments(self.rows, shares, matrices=self.matrices))
