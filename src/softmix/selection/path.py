"""Starts for every number of components at once: down by merging, and up by splitting.

From many components, the pairs that cost least are merged one by one; at each number the mixture
settles and climbs. From the best at K, the half of the components that are split make a start at
K + 1: they move, and the cheapest pairs merge back. So one search serves all K, at a few short runs
each, where a search for each K alone would begin anew.

Figueiredo & Jain (2002) for the way down from too many; Ueda, Nakano, Ghahramani & Hinton (2000)
for split and merge.
"""

from collections.abc import Iterable

import numpy as np

from softmix.fit.moves import SPLITS, Components, split
from softmix.fit.short_runs import ShortRuns
from softmix.fit.starts.seeds import join_nearest, ward_centers
from softmix.fit.starts.top import Top
from softmix.parameters import GaussianParameters

# The way down begins with this many more components than the most that are wanted, and at least so many.
_OVER, _MORE = 0.5, 3
# Pseudo-rows of a component while it moves, and the softness that memberships begin with.
_PSEUDO_ROWS, _SOFT = 1.0, 0.5
# Steps with too many components, and after a merge.
_MOVING, _SETTLING = 6, 4
# The climb's tolerance in nats a row, and its steps.
_TOL, _CLIMBING = 1e-3, 16
# The way up ends this far beyond the number of components with the best BIC.
_BEYOND = 2


class Path:
    """The best tops of a free structure, by number of components.

    Parameters
    ----------
    runs : ShortRuns
    view : ndarray of shape (n, m)
        The rows in the coordinates that are clustered for the first start.
    rng : RandomState
    """

    def __init__(self, runs: ShortRuns, view: np.ndarray, rng: np.random.RandomState) -> None:
        self.tops: dict[int, Top] = {}
        self._runs, self._view, self._rng = runs, view, rng

    def go(self, sizes: Iterable[int]) -> None:
        """Down from the largest of `sizes` to the smallest, and up again."""
        n, d = self._runs.rows.shape
        lowest, highest = min(sizes), min(max(sizes), n)
        most = max(round(highest * (1.0 + _OVER)), highest + _MORE)
        most = max(min(most, n // (d + 1)), highest)
        parameters = self._begin(min(most, n))
        for K in range(min(highest, parameters.n_components), lowest - 1, -1):
            parameters = self._lower(parameters, K)
        for K in range(lowest + 1, highest + 1):
            if self._likely_size() + _BEYOND < K:
                break
            self._raise(K)

    def _likely_size(self) -> int:
        """The number of components with the best BIC so far."""
        n, d = self._runs.rows.shape

        def bic(K: int) -> tuple[int, float]:
            price = self._runs.structure.n_parameters(K, d) * np.log(n)
            return -self.tops[K].soundness, price - 2.0 * n * self.tops[K].height

        return min(self.tops, key=bic)

    def _begin(self, n_clusters: int) -> GaussianParameters:
        labels = join_nearest(self._view, ward_centers(self._view, n_clusters, self._rng))
        parameters = self._runs.from_labels(labels, labels.max() + 1, _PSEUDO_ROWS)
        return self._runs.anneal(parameters, np.linspace([_SOFT, _PSEUDO_ROWS], [1.0, _PSEUDO_ROWS], _MOVING))

    def _lower(self, parameters: GaussianParameters, K: int) -> GaussianParameters:
        return self._settle(self._runs.reduce_to(parameters, K))

    def _raise(self, K: int) -> None:
        """To K from what is best at K − 1."""
        below = self.tops.get(K - 1)
        if below is None:
            return
        components = Components.of(below.parameters)
        which = np.arange(len(components.weights))
        if len(which) > 3:
            which = self._rng.choice(which, int(np.ceil(len(which) / 2)), replace=False)
        how = SPLITS[K % 2 * 2]
        moved = split(components, which, how, self._rng).parameters(self._runs.structure, self._runs.floor)
        moved = self._runs.anneal(moved, np.tile([1.0, _PSEUDO_ROWS], (_MOVING, 1)))
        self._settle(self._runs.reduce_to(moved, K))

    def _settle(self, parameters: GaussianParameters) -> GaussianParameters:
        """Climb, and keep what is reached."""
        parameters = self._runs.anneal(parameters, np.linspace([1.0, _PSEUDO_ROWS], [1.0, 0.0], _SETTLING))
        parameters, height = self._runs.climb(parameters, _TOL, _CLIMBING)
        self._keep(parameters, height)
        return parameters

    def _keep(self, parameters: GaussianParameters, height: float) -> None:
        """Note it if it is the best at its number of components."""
        top, K = Top(-len(self._runs.unwitnessed(parameters)), height, parameters), parameters.n_components
        if K not in self.tops or top.beats(self.tops[K]):
            self.tops[K] = top
