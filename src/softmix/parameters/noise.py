"""The noise component of a mixture: rows of no cluster, uniform over a box.

    p(x | noise) = 1 / V,   V the volume of the box

The box is a parallelepiped: a corner and the d edges that leave it. Banfield & Raftery (1993),
"Model-based Gaussian and non-Gaussian clustering", for noise as a Poisson process over the data's
hypervolume.
"""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True, eq=False)
class Noise:
    """Weight and density of the noise, and where it is.

    Parameters
    ----------
    weight : float
        π_0; the Gaussians' weights sum to 1 − π_0.
    log_density : float
        −log V.
    box : ndarray of shape (d + 1, d)
        A corner, and the edges from it.
    """

    weight: float
    log_density: float
    box: np.ndarray

    @property
    def log_joint(self) -> float:
        """log π_0 − log V, what every row's log-density under the noise is; −inf without weight."""
        return float(np.log(self.weight)) + self.log_density if self.weight > 0 else -np.inf

    def weighing(self, weight: float) -> "Noise":
        """The same noise with another weight."""
        return replace(self, weight=weight)

    def draw(self, n_rows: int, rng: np.random.RandomState) -> np.ndarray:
        """Rows (n, d), uniform over the box."""
        corner, edges = self.box[0], self.box[1:]
        return corner + rng.uniform(size=(n_rows, len(corner))) @ edges
