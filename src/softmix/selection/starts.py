"""Starts of all models of a grid, from few searches: memberships of a sample, by structure and K.

The structures whose covariances are tied by their shape alone are searched along a path over K
(`path.py`). The others begin at the memberships that those found.
"""

from collections.abc import Callable

import numpy as np

from softmix.fit.short_runs import ShortRuns
from softmix.fit.spread import measure_spread
from softmix.fit.starts import Sample, draw_sample, sample_size
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
# Rows that a path looks at: at least so many, and so many for each component and column.
_ROWS, _ROWS_PER_COMPONENT, _ROWS_PER_COLUMN = 4096, 64, 8
# Whitened rows vary by 1; where they vary by less than this they are all alike.
_FLAT = 1e-6


def feeders(structure: Structure) -> tuple[str, ...]:
    """The free structures whose paths `structure` begins at."""
    return _FEEDERS.get(structure.name, _OTHERS)


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
        drawn = sample_size(max(sizes), sweep.source.n_features)
        self.sample = draw_sample(sweep.source, spread, drawn, rng)
        wanted = max(_ROWS, max(sizes) * max(_ROWS_PER_COMPONENT, _ROWS_PER_COLUMN * spread.factor.shape[-1]))
        self._few = self.sample.subset(wanted, rng)
        self._found: dict[tuple[str, int], tuple[Path, Callable[[np.ndarray], np.ndarray]]] = {}

    def find(self, name: str, run: int) -> None:
        """Search along the path of the free structure `name`, for the `run`-th time."""
        structure = STRUCTURES[name]
        in_units = _units(self._few, structure)
        rows = in_units(self._few.rows)
        if rows.shape[1] == 0:
            return
        rng = np.random.RandomState([self._seed, 1 + run, *map(ord, name)])
        views = (
            (rows, rows) if name == "VII" else (self._few.standardised, self._few.whitened)
        )  # its clusters are round in its own units alone
        path = Path(ShortRuns(rows, self._few.weights, structure, self._share), views[run % 2], rng)
        path.go(self._sizes)
        self._found[name, run] = path, in_units

    def memberships(self, cell: Cell, n_runs: int) -> list[np.ndarray]:
        """What paths found for `cell`: memberships of `sample`, (n, K), each found only once."""
        unlike: list[np.ndarray] = []
        for name in feeders(cell.structure):
            for run in range(n_runs):
                found = self._found.get((name, run))
                top = None if found is None else found[0].tops.get(cell.n_components)
                if found is not None and top is not None:
                    rows = found[1](self.sample.rows)
                    runs = ShortRuns(rows, self.sample.weights, STRUCTURES[name], self._share)
                    unlike.append(runs.memberships(top.parameters)[0])
        return unlike


def _units(sample: Sample, structure: Structure) -> Callable[[np.ndarray], np.ndarray]:
    """The map of rows (n, d) to coordinates without units, (n, m), that the free structure follows."""
    if structure.name == "VII":  # follows rotations and one scale: so must its coordinates
        mean = np.average(sample.rows.astype(np.float64), axis=0, weights=sample.weights)
        variances = np.average((sample.rows - mean) ** 2, axis=0, weights=sample.weights)
        scale = np.sqrt(variances.mean())
        return lambda rows: (rows - mean) / scale if scale > 0 else (rows - mean)[:, :0]
    view, to_view = (
        (sample.whitened, sample.coordinates)
        if structure.shape.is_matrix
        else (sample.standardised, sample.standardise)
    )
    centred = view - np.average(view, axis=0, weights=sample.weights)
    if structure.shape.is_matrix:
        eigenvalues, axes = np.linalg.eigh((sample.weights[:, None] * centred).T @ centred / len(centred))
        kept = np.eye(len(axes)) if eigenvalues[0] > _FLAT else axes[:, eigenvalues > _FLAT]
    else:
        kept = np.eye(centred.shape[1])[:, (centred**2).mean(axis=0) > _FLAT]
    return lambda rows: to_view(rows) @ kept
