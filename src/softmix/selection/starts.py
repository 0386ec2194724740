"""Starts of all models of a grid, from few searches: memberships of a sample, by structure and K.

The structures whose covariances are tied by their shape alone are searched along a path over K
(`path.py`). Every model begins at the memberships that these found: a few steps of its own EM, on the
sample, from each, and more from the highest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np

from softmix.fit.short_runs import ShortRuns
from softmix.fit.spread import measure_spread
from softmix.fit.starts import draw_sample, sample_size
from softmix.fit.starts.hierarchical import hierarchy
from softmix.fit.starts.nearest import one_hot
from softmix.fit.starts.top import Top
from softmix.fit.starts.units import views_of
from softmix.m_step import CovarianceFloor
from softmix.parameters import FactorShape, GaussianParameters
from softmix.selection.path import Path
from softmix.selection.settings import Cell
from softmix.selection.view import View, kind_of
from softmix.structures import STRUCTURES, Equivariance, Structure
from softmix.sweep import ThreadSweep

HIERARCHY = "hierarchy"
# Which paths' memberships a structure begins at.
_FEEDERS = {
    "VVV": ("VVV",),
    "EEE": ("EEE",),
    "VVI": ("VVI",),
    "VII": ("VII",),
    "EII": ("VII", "EEE", HIERARCHY),
    "EEI": ("VVI", "EEE", HIERARCHY),
    "VEI": ("VVI", "EEE", HIERARCHY),
    "EVI": ("VVI", "EEE", HIERARCHY),
}
_OTHERS = ("VVV", "EEE", "VVI", HIERARCHY)
# What a clustering begins as, which only its shape ties: whole M-steps from nothing would cost more than
# those that follow, and serve one structure each.
_UNTIED = {
    FactorShape.FULL: "VVV",
    FactorShape.SHARED: "EEE",
    FactorShape.DIAGONAL: "VVI",
    FactorShape.SCALAR: "VII",
}
# Steps from each start before the highest goes on. Heights that differ by less, in nats a row, are alike:
# which of them rounding favours says nothing, and the first is taken.
_TRIAL, _ALIKE = 8, 1e-6
# The highest climbs on for about so many multiplications, and so many steps at least and most: where rows
# are few, a step here costs a small part of a sweep of the fit that follows.
_WORK, _FEWEST, _MOST = 1e8, 24, 600


def feeders(structure: Structure) -> tuple[str, ...]:
    """The free structures whose paths `structure` begins at."""
    return _FEEDERS.get(structure.name, _OTHERS)


_Key = tuple[str, int, int]  # what was searched, for the how-manieth time, and for how many components
_Climb = tuple[GaussianParameters, list[float]]  # where it ended, and its log-likelihoods a row


@dataclass(frozen=True, eq=False)
class Start:
    """Where EM begins.

    Parameters
    ----------
    parameters : GaussianParameters
        In the data's own units.
    history : list of float
        Where the sample is all rows: the log-likelihoods a row on the way here, and here.
    """

    parameters: GaussianParameters
    history: list[float]


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
        # Distinct rows, all of them: then a step on the sample is a step on the data.
        self.has_all = self._few is self.sample and sweep.source.n_rows <= sample_size(largest, d)
        self._views: dict[tuple[Equivariance, bool], View] = {}
        self._runs_of: dict[str, ShortRuns] = {}
        self._paths: dict[tuple[str, int], Path] = {}
        self._memberships: dict[_Key, np.ndarray] = {}
        self._labels: dict[_Key, bytes] = {}
        self._first_steps: dict[tuple[Equivariance, FactorShape, _Key], GaussianParameters] = {}
        self._led: dict[tuple[str, int], _Climb | None] = {}

    def find(self, name: str, run: int) -> None:
        """Search along the path of the free structure `name`, or cut a hierarchy, for the `run`-th time."""
        if name == HIERARCHY:
            self._cut(run)
        else:
            self._go(name, run)

    def _cut(self, run: int) -> None:
        structure = STRUCTURES["VVV"]
        rows = self._view(structure).rows
        if rows.shape[1] == 0:
            return
        rng = np.random.RandomState([self._seed, 1 + run, *map(ord, HIERARCHY)])
        cuts = hierarchy(rows, self._few.weights, self._sizes, rng, structure)
        for K, labels in cuts.items():
            self._memberships[HIERARCHY, run, K] = one_hot(labels, K)

    def _go(self, name: str, run: int) -> None:
        structure = STRUCTURES[name]
        view = self._view(structure)
        if view.rows.shape[1] == 0:
            return
        rng = np.random.RandomState([self._seed, 1 + run, *map(ord, name)])
        clustered = views_of(view.sample, view.rows, structure)[run % 2]
        path = Path(self._runs(structure), clustered, rng)
        path.go(self._sizes)
        self._paths[name, run] = path

    def best(self, cell: Cell, n_runs: int, tol: float) -> Start | np.ndarray | None:
        """Where EM of `cell` begins, after a climb to `tol` on few rows; None where no path led to its K.

        Memberships (n, K) of `sample` where its rows do not differ along some axis.
        """
        key = cell.structure.name, cell.n_components
        if key not in self._led:
            self.lead(cell.structure, [cell.n_components], n_runs, tol)
        led = self._led[key]
        return None if led is None else self._start(cell.structure, *led)

    def lead(self, structure: Structure, sizes: Sequence[int], n_runs: int, tol: float) -> None:
        """Climb to what `best` gives of `structure` for several K, in few calls."""
        runs, matrices = self._runs(structure), self._view(structure).matrices
        begun = {K: self._begun(structure, K, n_runs, runs) for K in sizes}
        led = {K: starts[0] for K, starts in begun.items() if starts}
        rivals = {K: starts for K, starts in begun.items() if len(starts) > 1}
        if rivals:
            climbs = iter(runs.climb_each([*chain.from_iterable(rivals.values())], tol, _TRIAL))
            led |= {K: _likeliest(runs, [*islice(climbs, len(starts))]) for K, starts in rivals.items()}
        found: dict[int, _Climb] = {}
        if led:
            work = runs.rows.size * (runs.rows.shape[1] if matrices else 1)
            most = [int(np.clip(_WORK / (work * K), _FEWEST, _MOST)) for K in led]
            found = dict(zip(led, runs.climb_traced([*led.values()], tol, most), strict=True))
        self._led |= {(structure.name, K): found.get(K) for K in sizes}

    def _start(
        self, structure: Structure, best: GaussianParameters, heights: list[float]
    ) -> Start | np.ndarray:
        view = self._view(structure)
        outside = view.outside(best)
        if outside is None:
            rows = view.in_units(self.sample.rows)
            return ShortRuns(rows, self.sample.weights, structure, self._share).memberships(best)[0]
        return Start(outside, [height + view.log_volume for height in heights] if self.has_all else [])

    def _begun(self, structure: Structure, K: int, n_runs: int, runs: ShortRuns) -> list[GaussianParameters]:
        """First parameters of each clustering of few rows into K that was found for `structure`."""
        begun: dict[bytes, GaussianParameters] = {}
        # The hierarchy is there where any model of the grid asks for it, and then serves all.
        names = dict.fromkeys((*feeders(structure), HIERARCHY))
        for key in [(name, run, K) for name in names for run in range(n_runs)]:
            name, run, _ = key
            if name == structure.name and (path := self._paths.get((name, run))) and K in path.tops:
                begun[repr(key).encode()] = path.tops[K].parameters
            elif (resp := self._found(key)) is not None:
                labels = self._labels_of(key, resp)  # those that put rows alike begin alike
                if labels not in begun:
                    begun[labels] = self._first_step(key, structure, runs.floor)
        return [*begun.values()]

    def _first_step(self, key: _Key, structure: Structure, floor: CovarianceFloor) -> GaussianParameters:
        """The parameters that a clustering begins with: its moments, which the next step ties."""
        which = structure.equivariance, structure.shape, key
        if which not in self._first_steps:
            moments = self._view(structure).moments(self._memberships[key])
            self._first_steps[which] = moments.parameters(STRUCTURES[_UNTIED[structure.shape]], floor)
        return self._first_steps[which]

    def _labels_of(self, key: _Key, resp: np.ndarray) -> bytes:
        if key not in self._labels:
            self._labels[key] = _in_order(resp).tobytes()
        return self._labels[key]

    def _found(self, key: _Key) -> np.ndarray | None:
        """The memberships of few rows that a search found."""
        name, run, n_components = key
        path = self._paths.get((name, run))
        if path is not None and n_components in path.tops and key not in self._memberships:
            runs = self._runs(STRUCTURES[name])
            self._memberships[key] = runs.memberships(path.tops[n_components].parameters)[0]
        return self._memberships.get(key)

    def _view(self, structure: Structure) -> View:
        kind = kind_of(structure)
        if kind not in self._views:
            self._views[kind] = View.of(self._few, structure)
        return self._views[kind]

    def _runs(self, structure: Structure) -> ShortRuns:
        if structure.name not in self._runs_of:
            rows = self._view(structure).rows
            self._runs_of[structure.name] = ShortRuns(rows, self._few.weights, structure, self._share)
        return self._runs_of[structure.name]


def _in_order(resp: np.ndarray) -> np.ndarray:
    """The likeliest cluster of each row, numbered by first rows: the same however they were numbered."""
    n, K = resp.shape
    labels = resp.argmax(axis=1)
    members = labels == np.arange(K)[:, None]
    first = np.where(members.any(axis=1), members.argmax(axis=1), n)
    return np.argsort(np.argsort(first))[labels]


def _likeliest(runs: ShortRuns, climbs: list[tuple[GaussianParameters, float]]) -> GaussianParameters:
    """The highest of `climbs`, or the first of those that are alike; a sound one before any other."""
    best: Top | None = None
    for parameters, height in climbs:
        if best is not None and best.soundness == 0 and height <= best.height + _ALIKE:
            continue  # no soundness makes it the better one
        top = Top(-len(runs.unwitnessed(parameters)), height, parameters)
        if best is None or top.beats(best, by=_ALIKE):
            best = top
    assert best is not None  # noqa: S101 (there are several starts)
    return best.parameters
