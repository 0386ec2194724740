"""Starts of all models of a grid, from few searches: memberships of a sample, by structure and K.

The structures whose covariances are tied by their shape alone are searched along a path over K
(`path.py`). The others begin at the memberships that those found.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from softmix.fit.short_runs import ShortRuns
from softmix.fit.spread import measure_spread
from softmix.fit.starts import draw_sample, sample_size
from softmix.fit.starts.units import units_of, views_of
from softmix.selection.path import Path
from softmix.selection.settings import Cell
from softmix.structures import STRUCTURES, Structure
from softmix.sweep import ThreadSweep

# Which paths' memberships a structure begins at.
_FEEDERS = {
    "VVV": ("VVV",),
    "EEE": ("EEE",),
    "VVI": ("VVI",),
    "VII": ("VII",),
    "EII": ("VII", "EEE"),
    "EEI": ("VVI", "EEE"),
    "VEI": ("VVI", "EEE"),
    "EVI": ("VVI", "EEE"),
}
_OTHERS = ("VVV", "EEE", "VVI")


def feeders(structure: Structure) -> tuple[str, ...]:
    """The free structures whose paths `structure` begins at."""
    return _FEEDERS.get(structure.name, _OTHERS)


class _Found(NamedTuple):
    """A path that was gone along, and the coordinates that it is in."""

    path: Path
    in_units: Callable[[np.ndarray], np.ndarray]


class Starts:
    """The paths of a source, each found once, on a sample of its rows.

    Parameters
    ----------
    sweep : ThreadSweep
    sizes : tuple of int
        The numbers of components.
    share : float
        The covariance floor, as a share of the data's own spread.
    seed : int
    """

    def __init__(self, sweep: ThreadSweep, sizes: tuple[int, ...], share: float, seed: int) -> None:
        self._sizes, self._share, self._seed = sizes, share, seed
        rng = np.random.RandomState([seed, 0])
        spread = measure_spread(sweep, STRUCTURES["VVV"].shape)
        largest, d = max(sizes), sweep.source.n_features
        self.sample = draw_sample(sweep.source, spread, sample_size(largest, d), rng)
        self._few = self.sample.few(largest, d, rng)
        self._found: dict[tuple[str, int], _Found] = {}

    def find(self, name: str, run: int) -> None:
        """Search along the path of the free structure `name`, for the `run`-th time."""
        structure = STRUCTURES[name]
        in_units = units_of(self._few, structure)
        rows = in_units(self._few.rows)
        if rows.shape[1] == 0:
            return
        rng = np.random.RandomState([self._seed, 1 + run, *map(ord, name)])
        view = views_of(self._few, rows, structure)[run % 2]
        path = Path(ShortRuns(rows, self._few.weights, structure, self._share), view, rng)
        path.go(self._sizes)
        self._found[name, run] = _Found(path, in_units)

    def memberships(self, cell: Cell, n_runs: int) -> list[np.ndarray]:
        """What paths found for `cell`: memberships of `sample`, (n, K), each found only once."""
        unlike: list[np.ndarray] = []
        for name in feeders(cell.structure):
            for run in range(n_runs):
                found = self._found.get((name, run))
                top = None if found is None else found.path.tops.get(cell.n_components)
                if found is not None and top is not None:
                    rows = found.in_units(self.sample.rows)
                    runs = ShortRuns(rows, self.sample.weights, STRUCTURES[name], self._share)
                    unlike.append(runs.memberships(top.parameters)[0])
        return unlike
