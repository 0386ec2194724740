"""Start `auto`: climb from several places, split and merge, until the best is met again.

A start clusters the sample into half as many components again as are wanted, runs a few steps
of annealed EM, merges the pairs that cost least, and climbs. From what it reaches, *pulses*
lead on: half of the components are split, all move for a few steps, the cheapest pairs are
merged, and the climb is kept if it went higher. Two starts that end on the same top, after
pulses that found no higher one, end the search.

Ueda, Nakano, Ghahramani & Hinton (2000) for split and merge; Biernacki, Celeux & Govaert
(2003) for many short runs; the over-fitted middle of a pulse weighs all moves at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from softmix.fit.moves import SPLITS, Components, split
from softmix.fit.short_runs import ShortRuns
from softmix.fit.starts.sample import Sample
from softmix.fit.starts.seeds import join_nearest, spread_out_rows, ward_centers
from softmix.parameters import GaussianParameters
from softmix.structures import Structure

# Starts at most, and how many must end on the best top.
_STARTS, _HITS = 6, 2
# A pulse that fails this many times in a row has no higher top to lead to; pulses of a start.
_PATIENCE, _PULSES = 2, 6
# Of the components this share is split in a pulse, and this many more make a start.
_SHARE, _OVER = 0.5, 0.5
# Steps with too many components, steps after the merge, and of the climb that follows.
_MOVING, _SETTLING, _CLIMBING = 8, 8, 20
# A start's memberships begin this soft.
_SOFT = 0.5
_PSEUDO_ROWS = 0.5
# Nats a row: the climb's tolerance, what counts as higher, and as the same top.
_CLIMB_TOL, _HIGHER, _SAME = 1e-5, 1e-4, 1e-3
# Rows that a search looks at: at least so many, and so many for each component and column.
_ROWS, _PER_COMPONENT, _PER_COLUMN = 4096, 64, 8
# The climb on more rows: its tolerance, as a share of what sampling leaves open, and its steps.
_OF_SAMPLING, _GROWN = 0.1, 100
# Whitened rows vary by 1; where they vary by less than this they are all alike.
_FLAT = 1e-6


class Top(NamedTuple):
    """Where a climb ended. Tops are compared by soundness, then by height."""

    soundness: int  # minus the number of components that their rows do not witness
    height: float  # nats a row
    parameters: GaussianParameters

    def beats(self, other: "Top", by: float = 0.0) -> bool:
        return self.soundness > other.soundness or (
            self.soundness == other.soundness and self.height > other.height + by
        )

    def is_same(self, other: "Top") -> bool:
        return self.soundness == other.soundness and abs(self.height - other.height) <= _SAME


def auto(
    sample: Sample, n_components: int, rng: np.random.RandomState, structure: Structure, share: float
) -> np.ndarray:
    """Memberships of the sample's rows, (n, K), at the best top that was found."""
    found = min(n_components, len(sample.rows))
    axes = _varying(sample, matrices=structure.shape.is_matrix)
    resp = np.zeros((len(sample.rows), n_components))
    if found == 1 or axes.shape[1] == 0:
        resp[:, 0] = 1.0
        return resp
    few = sample.subset(max(_ROWS, found * max(_PER_COMPONENT, _PER_COLUMN * axes.shape[1])), rng)
    runs = ShortRuns(few.whitened @ axes, few.weights, structure, share)
    parameters = Search(runs, (few.standardised, few.whitened), found, rng).run().parameters
    if few is not sample:
        runs = ShortRuns(sample.whitened @ axes, sample.weights, structure, share)
        # Sampling moves the optimum by about half a parameter's worth of likelihood each.
        tol = _OF_SAMPLING * structure.n_parameters(found, axes.shape[1]) / (2.0 * len(sample.rows))
        parameters, _ = runs.climb(parameters, tol, _GROWN)
    resp[:, :found], _ = runs.memberships(parameters)
    return resp


@dataclass(frozen=True, eq=False)
class Search:
    """The search over tops."""

    runs: ShortRuns
    views: tuple[np.ndarray, np.ndarray]  # standardised rows, whitened rows
    n_components: int
    rng: np.random.RandomState

    def run(self) -> Top:
        best, hits, seen = None, 0, []
        for labels in self._clusterings():
            top = self._begin(labels)
            if not any(top.is_same(other) for other in seen):
                seen.append(top)
                top = self._pulses(top)
                seen.append(top)
            if best is not None and top.is_same(best):
                hits += 1
                best = max(best, top, key=lambda t: t.height)
            elif best is None or top.beats(best):
                best, hits = top, 1
            if hits == _HITS:
                break
        return best

    def _clusterings(self) -> Iterator[np.ndarray]:
        """Labels of the rows in more clusters than are wanted: by Ward, and by spread-out rows."""
        n, d = self.runs.rows.shape
        wanted = round(self.n_components * (1.0 + _OVER))
        n_clusters = int(np.clip(wanted, self.n_components, max(n // (d + 1), self.n_components)))
        for number in range(_STARTS):
            if number % 3 == 0:
                view = self.views[number // 3 % 2]
                yield join_nearest(view, ward_centers(view, n_clusters, self.rng))
            else:
                view = self.views[number % 3 % 2]
                yield join_nearest(view, spread_out_rows(view, self.runs.weights, n_clusters, self.rng))

    def _begin(self, labels: np.ndarray) -> Top:
        parameters = self.runs.from_labels(labels, labels.max() + 1, _PSEUDO_ROWS)
        return self._settle(parameters, _SOFT)

    def _pulses(self, top: Top) -> Top:
        failures = 0
        for number in range(_PULSES):
            components = Components.of(top.parameters)
            K = len(components.weights)
            which = self.rng.choice(K, int(np.ceil(_SHARE * K)), replace=False)
            more = split(components, which, SPLITS[number % len(SPLITS)], self.rng)
            reached = self._settle(more.parameters(self.runs.structure, self.runs.floor), 1.0)
            top, failures = (reached, 0) if reached.beats(top, _HIGHER) else (top, failures + 1)
            if failures == _PATIENCE:
                break
        return top

    def _settle(self, parameters: GaussianParameters, beta: float) -> Top:
        """Let too many components move, merge the superfluous, and climb."""
        moving = np.linspace(beta, 1.0, _MOVING)
        parameters = self.runs.anneal(parameters, [(b, _PSEUDO_ROWS) for b in moving])
        parameters = self.runs.reduce_to(parameters, self.n_components)
        settling = np.linspace(_PSEUDO_ROWS, 0.0, _SETTLING)
        parameters = self.runs.anneal(parameters, [(1.0, pseudo_rows) for pseudo_rows in settling])
        parameters, height = self.runs.climb(parameters, _CLIMB_TOL, _CLIMBING)
        return Top(-self.runs.n_unwitnessed(parameters), height, parameters)


def _varying(sample: Sample, *, matrices: bool) -> np.ndarray:
    """Axes (d, m) of the whitened rows, without those along which they do not differ."""
    centred = sample.whitened - np.average(sample.whitened, axis=0, weights=sample.weights)
    if not matrices:
        return np.eye(centred.shape[1])[:, (centred**2).mean(axis=0) > _FLAT]
    scatter = (sample.weights[:, None] * centred).T @ centred / sample.weights.sum()
    eigenvalues, axes = np.linalg.eigh(scatter)
    return np.eye(len(axes)) if eigenvalues[0] > _FLAT else axes[:, eigenvalues > _FLAT]
