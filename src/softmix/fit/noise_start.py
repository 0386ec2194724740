"""Where EM with a noise component begins: rows set aside as noise, and a start on the others.

Which rows they are the user may have said. Where not, two guesses compete on a sample: rows in
empty places (`starts/set_aside.py`), and the component, of one more than are wanted, that noise
replaces at the least loss. Each is climbed from, and, with the likelier end's noise set aside, all
is begun once more.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import logsumexp

from softmix.blocks import ArrayBlocks, Block, Source
from softmix.e_step import GaussianEStep, statistics_from_resp
from softmix.fit.climb import climb_from
from softmix.fit.maximiser import Maximiser
from softmix.fit.plan import FitPlan, RunResult, Watcher
from softmix.fit.spread import Spread, spread_of
from softmix.fit.starts import Sample, draw_sample
from softmix.fit.starts.masked import Masked
from softmix.fit.starts.set_aside import emptiest, nearest_neighbour_cleaning
from softmix.fit.state import FitState
from softmix.parameters import FactorShape, GaussianParameters
from softmix.structures import STRUCTURES
from softmix.sweep import ThreadSweep

Begin = Callable[[Sample, FitPlan, Maximiser], GaussianParameters]

# Rows whose neighbours are looked for; a larger sample is not worth the time.
_MOST_ROWS = 8192
# A row that is noise but for this share is no row of the rest.
_THIN = 1e-3
# Climbs on the sample: their tolerance in nats a row, and their sweeps.
_TOL, _SWEEPS = 1e-4, 200
# The structure of each shape that ties nothing: a wide component among narrow ones is free to be one.
_FREE = {
    FactorShape.FULL: STRUCTURES["VVV"],
    FactorShape.SHARED: STRUCTURES["VVV"],
    FactorShape.DIAGONAL: STRUCTURES["VVI"],
    FactorShape.SCALAR: STRUCTURES["VII"],
}


def unclaimed(source: Source, claimed: float) -> float:
    """The share of the weight that no component claimed; at least one row's, or EM would keep it at 0."""
    return max(1.0 - float(claimed) / source.total_weight, 1.0 / source.n_rows)


@dataclass(frozen=True, eq=False)
class NoiseStart:
    """The start of a fit with noise, from a sample of its rows.

    Parameters
    ----------
    begin : callable
        (sample, plan, maximiser) → parameters without noise: the start among rows that are no noise.
    """

    plan: FitPlan
    spread: Spread
    maximiser: Maximiser
    rng: np.random.RandomState
    begin: Begin
    state: FitState

    def parameters(self, source: Source, wanted: int) -> GaussianParameters:
        """Where EM begins, from at most `wanted` rows of `source`."""
        request = self.plan.noise
        assert request is not None  # noqa: S101 (asked by the caller)
        if request.mask is not None:
            return self._beside_mask(source, request.mask, wanted)
        sample = draw_sample(source, self.spread, wanted, self.rng).subset(_MOST_ROWS, self.rng)
        if request.share is not None:
            return self._beside(emptiest(sample, request.share), sample)
        best = _best([self._climbed(guess, sample) for guess in self._guesses(sample)])
        again = self._beside(_noise_of(best.parameters, sample), sample)
        return _best([best, self._climbed(again, sample)]).parameters

    def _beside_mask(self, source: Source, mask: np.ndarray, wanted: int) -> GaussianParameters:
        rest = Masked(source, mask)
        sample = draw_sample(rest, self.spread, wanted, self.rng)
        share = unclaimed(source, rest.row_weights().sum())
        return self.maximiser.with_noise(self._begun(sample, sample.weights), share)

    def _beside(self, noise: np.ndarray, sample: Sample) -> GaussianParameters:
        """A start on what `noise` (n,), between 0 and 1, leaves of each row's weight."""
        left = np.where(noise < 1.0 - _THIN, (1.0 - noise) * sample.weights, 0.0)
        left = left if left.any() else sample.weights
        share = max(1.0 - left.sum() / sample.weights.sum(), 1.0 / len(sample.rows))
        return self.maximiser.with_noise(self._begun(sample, left), float(share))

    def _begun(self, sample: Sample, weights: np.ndarray) -> GaussianParameters:
        """Gaussians for the rows of positive weight, in units of their own spread."""
        shape = self.plan.structure.shape
        shape = FactorShape.FULL if shape is FactorShape.SHARED else shape
        together = statistics_from_resp(shape, sample.rows, np.ones((len(weights), 1)), weights)
        return self.begin(sample.reweighted(weights, spread_of(together)), self.plan, self.maximiser)

    def _guesses(self, sample: Sample) -> Iterator[GaussianParameters]:
        yield self._beside(nearest_neighbour_cleaning(sample), sample)
        if self.plan.given.is_nothing and len(sample.rows) > self.plan.n_components + 1:
            yield self._one_replaced(sample)

    def _one_replaced(self, sample: Sample) -> GaussianParameters:
        """A start with one component more, that one left out whose rows the noise explains best."""
        free = _FREE[self.plan.structure.shape]
        floor = free.floor(self.spread.factor, self.plan.reg_covar, self.spread.constant)
        K = self.plan.n_components + 1
        more = replace(self.plan, n_components=K, structure=free, equal_weights=False)
        return _replaced_by_noise(self.begin(sample, more, Maximiser(free, floor)), sample, self.maximiser)

    def _climbed(self, begun: GaussianParameters, sample: Sample) -> RunResult:
        """EM on the sample from there."""
        plan = replace(self.plan, tol=_TOL, max_iter=_SWEEPS, watcher=Watcher(), interruptible=False)
        with ThreadSweep(ArrayBlocks(sample.rows, sample.weights)) as sweep:
            top = climb_from(sweep, plan, self.spread, self.maximiser, self.maximiser.admit(begun))
            self.state.starts += 1
            self.state.rows += sweep.n_sweeps * len(sample.rows)
        return top


def _best(tops: list[RunResult]) -> RunResult:
    """Of the climbs' ends the likeliest that its rows witness."""
    return max(tops, key=lambda top: (top.sound, -top.report.n_unwitnessed, top.trace[-1]))


def _noise_of(parameters: GaussianParameters, sample: Sample) -> np.ndarray:
    """How far each row of the sample is noise, (n,)."""
    resp = np.empty((len(sample.rows), parameters.n_memberships))
    block = Block(sample.rows.astype(np.float64), None)
    GaussianEStep(parameters, block.rows.dtype).evaluate(block, resp=resp)
    return resp[:, -1]


def _replaced_by_noise(
    parameters: GaussianParameters, sample: Sample, maximiser: Maximiser
) -> GaussianParameters:
    """A start of K Gaussians and noise: of K + 1 Gaussians the one is left out that noise can replace."""
    joint = np.empty((len(sample.rows), parameters.n_components))
    rows = sample.rows.astype(np.float64)
    GaussianEStep(parameters, rows.dtype).evaluate(Block(rows, None), log_joint=joint)
    assert maximiser.noise is not None  # noqa: S101 (this is a start with noise)
    heights = []
    for k in range(parameters.n_components):
        replaced = joint.copy()
        replaced[:, k] = parameters.log_weights[k] + maximiser.noise.log_density
        heights.append(float(sample.weights @ logsumexp(replaced, axis=1)))
    k = int(np.argmax(heights))
    resp = np.exp(joint - logsumexp(joint, axis=1)[:, None])
    resp = np.delete(resp, k, axis=1)
    statistics = statistics_from_resp(maximiser.structure.shape, rows, resp, sample.weights)
    return maximiser.with_noise(maximiser.m_step(statistics), float(parameters.weights[k]))
