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

import numpy as np

from softmix.fit.moves import SPLITS, Components, Split, halves, split
from softmix.fit.short_runs import ShortRuns
from softmix.fit.starts.found import Found
from softmix.fit.starts.sample import Sample
from softmix.fit.starts.seeds import join_nearest, spread_out_rows, ward_centers
from softmix.fit.starts.top import Top
from softmix.fit.starts.units import units_of, views_of
from softmix.parameters import FactorShape, GaussianParameters
from softmix.structures import Structure

# Starts at most, and how many must end on the best top.
_STARTS, _HITS = 6, 2
# A top from which this many pulses in a row lead no higher is left, fewer where components, and so
# ways to split them, are few; pulses of a start at most.
_PATIENCE, _PATIENCE_OF_FEW, _FEW, _PULSES = 3, 2, 4, 6
# Of the components this share is split in a pulse, and this many more make a start.
_SHARE, _OVER = 0.5, 0.5
# Steps with too many components, and after the merge, where columns are few and where they are many.
_MOVING, _SETTLING, _SETTLING_SLOWLY = 8, 8, 12
# A start's memberships begin this soft. With more than a few columns memberships are hard too
# early: log-densities grow with d. Then all steps begin at β = _FEW_COLUMNS / d.
_SOFT, _FEW_COLUMNS = 0.5, 6.0
# Pseudo-rows of a component while it moves, at least and for each column; settling begins with
# about one for each column, where they are many, and they fade.
_PSEUDO_ROWS, _PER_COLUMN = 1.0, 0.2
# The climb's tolerance in nats a row, and its steps.
_CLIMB_TOL, _CLIMBING = 1e-5, 20
# Nats a row that count as higher, and as the same top; times parameters a row where they are many.
_HIGHER, _SAME = 1e-4, 1e-3
# The climb on more rows: its tolerance, as a share of what sampling leaves open, and its steps.
_OF_SAMPLING, _GROWN = 0.1, 100
# So many times the rows that all components ask for are enough for each to stand on several.
_AMPLE = 10.0
# Weights that agree to so many decimals are equal.
_DIGITS = 4


def auto(
    sample: Sample, n_components: int, rng: np.random.RandomState, structure: Structure, share: float
) -> Found:
    """Memberships of the sample's rows at the best top that was found."""
    found = min(n_components, len(sample.rows))
    in_units = units_of(sample, structure)
    d = in_units(sample.rows[:1]).shape[1]
    resp = np.zeros((len(sample.rows), n_components))
    if found == 1 or d == 0:
        resp[:, 0] = 1.0
        return Found(resp, 1, 0)
    few = sample.few(found, d, rng)
    runs = ShortRuns(in_units(few.rows), few.weights, structure, share)
    search = Search(runs, views_of(few, runs.rows, structure), found, rng)
    parameters, rows_touched = search.run().parameters, runs.rows_touched
    if few is not sample:
        runs = ShortRuns(in_units(sample.rows), sample.weights, structure, share)
        # Sampling moves the optimum by about half a parameter's worth of likelihood each.
        tol = _OF_SAMPLING * structure.n_parameters(found, d) / (2.0 * len(sample.rows))
        parameters, _ = runs.climb(parameters, tol, _GROWN)
        rows_touched += runs.rows_touched
    resp[:, :found], _ = runs.memberships(_heaviest_first(parameters))
    return Found(resp, search.n_starts, rows_touched)


@dataclass(eq=False)
class Search:
    """The search over tops; it counts its starts."""

    runs: ShortRuns
    views: tuple[np.ndarray, np.ndarray]  # the rows as starts cluster them
    n_components: int
    rng: np.random.RandomState
    n_starts: int = 0

    @property
    def _unit(self) -> float:
        """Parameters a row, or 1 where that is less: by so much more likelihood says less."""
        n, d = self.runs.rows.shape
        return max(1.0, self.runs.structure.n_parameters(self.n_components, d) / n)

    def run(self) -> Top:
        seen: list[Top] = []
        best, hits, near = None, 0, _SAME * self._unit
        for labels in self._clusterings():
            self.n_starts += 1
            top = self._begin(labels)
            if not any(top.is_near(other, near) for other in seen):
                begun, top = top, self.pulses(top)
                seen += [begun, top]
            if best is not None and top.is_near(best, near):
                best, hits = max(best, top, key=lambda t: t.height), hits + 1
            elif best is None or top.beats(best):
                best, hits = top, 1
            if hits == _HITS:
                break
        assert best is not None  # noqa: S101 (there is always one start)
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
        while (missing := self.n_components - parameters.n_components) > 0:  # few rows, or ties
            heaviest = np.argsort(-parameters.weights, kind="stable")[:missing]
            parameters = self._split(parameters, heaviest, halves)
        return self._settle(parameters, _SOFT)

    def pulses(self, top: Top) -> Top:
        """The highest top that splits and merges lead to from `top`."""
        failures, higher = 0, _HIGHER * self._unit
        for number in range(_PULSES):
            spread_out = self._spread_out(top)
            K = spread_out.n_components
            n_split = min(int(np.ceil(_SHARE * self.n_components)) + self.n_components - K, K)
            which = self.rng.choice(K, n_split, replace=False)
            more = self._split(spread_out, which, SPLITS[number % len(SPLITS)])
            # What is sound is beaten by height alone.
            reached = self._settle(more, 1.0, top.height + higher if top.soundness == 0 else -np.inf)
            top, failures = (reached, 0) if reached.beats(top, higher) else (top, failures + 1)
            if failures == (_PATIENCE if self.n_components > _FEW else _PATIENCE_OF_FEW):
                break
        return top

    def _spread_out(self, top: Top) -> GaussianParameters:
        """The components of `top` but those that the floor holds, which no cheap merge would remove."""
        n, d = self.runs.rows.shape
        needed = self.n_components * self.runs.structure.rows_needed(d)
        if top.soundness == 0 or n < _AMPLE * needed:  # of few rows, one may be all that a component has
            return top.parameters
        stay = np.flatnonzero(self.runs.floor.clears(top.parameters))
        if not (1.0 - _SHARE) * self.n_components <= len(stay) < self.n_components:
            return top.parameters
        return Components.of(top.parameters)[stay].parameters(self.runs.structure, self.runs.floor)

    def _split(self, parameters: GaussianParameters, which: np.ndarray, how: Split) -> GaussianParameters:
        more = split(Components.of(parameters), which, how, self.rng)
        return more.parameters(self.runs.structure, self.runs.floor)

    def _settle(self, parameters: GaussianParameters, beta: float, wanted: float = -np.inf) -> Top:
        """Let too many components move, merge the superfluous, and climb while `wanted` may be reached."""
        d = self.runs.rows.shape[1]
        soft = min(1.0, _FEW_COLUMNS / d)
        pseudo_rows = max(_PSEUDO_ROWS, _PER_COLUMN * d)
        moving = np.linspace([min(beta, soft), pseudo_rows], [1.0, pseudo_rows], _MOVING)
        parameters = self.runs.reduce_to(self.runs.anneal(parameters, moving), self.n_components)
        pseudo_rows = max(_PSEUDO_ROWS, d - _FEW_COLUMNS)
        steps = _SETTLING if soft == 1.0 else _SETTLING_SLOWLY
        parameters = self.runs.anneal(parameters, np.linspace([soft, pseudo_rows], [1.0, 0.0], steps))
        parameters, height = self.runs.climb(parameters, _CLIMB_TOL, _CLIMBING, wanted)
        # Of what is too low nobody asks how sound it is.
        doubtful = len(self.runs.unwitnessed(parameters)) if height > wanted else self.n_components
        return Top(-doubtful, height, parameters)


def _heaviest_first(parameters: GaussianParameters) -> GaussianParameters:
    """The components by weight, and those of equal weight by mean: the same from every start."""
    keys = *parameters.means.T[::-1].round(_DIGITS), -parameters.weights.round(_DIGITS)
    order = np.lexsort(keys)
    shared = parameters.shape is FactorShape.SHARED
    factors = parameters.factors if shared else parameters.factors[order]
    return GaussianParameters(parameters.weights[order], parameters.means[order], factors, parameters.shape)
