"""Short runs of EM on a sample in memory: what the search for a start is made of.

The rows are in coordinates where the data's own covariance is the identity, or near it, so
that floors are numbers and nothing depends on units.
"""

from collections.abc import Sequence

import numpy as np

from softmix.blocks import Block
from softmix.e_step import GaussianEStep
from softmix.fit.degeneracy import unwitnessed
from softmix.fit.moves import Components, merge, near_pairs
from softmix.fit.stopping import ROUNDING, projected_gain
from softmix.kernels import ALL_STEPS, Begin, Ending, Tie, kernel
from softmix.m_step import CovarianceFloor
from softmix.m_step.common_orientation import shared_axes
from softmix.parameters import FactorShape, GaussianParameters
from softmix.statistics import GaussianStatistics
from softmix.structures import Structure

# Each component is paired with so many neighbours; so many pairs a component are weighed against
# the rows.
_NEIGHBOURS, _WEIGHED = 12, 3
# Merges are weighed on so many rows, evenly taken: to rank them, not to measure.
_MERGE_ROWS, _MERGE_ROWS_PER_COMPONENT = 1024, 64
# A climb looks at its gains after so many steps.
_AT_ONCE = 4
# At the end of a traced climb the projection before the last may say that so many times as much is to come.
_BEFORE = 2.0
# Of single precision: gains below this share of the log-likelihood are rounding.
_ROUNDING = 2.0**-24
# Shapes whose components can collapse on few rows in one direction.
_HELD_UP = (FactorShape.FULL, FactorShape.DIAGONAL)


class ShortRuns:
    """EM on rows that fit in cache.

    Parameters
    ----------
    rows : ndarray of shape (n, d), float64, without units
    weights : ndarray of shape (n,), of mean 1
    structure : Structure
    share : float
        The covariance floor, as a share of the identity.
    dtype : dtype
        Of the rows that steps look at, but the last ones of a traced climb. A search needs few digits, and
        of half the width twice as many are worked on at once.
    """

    def __init__(
        self,
        rows: np.ndarray,
        weights: np.ndarray,
        structure: Structure,
        share: float,
        dtype: type[np.floating] = np.float32,
    ) -> None:
        self.rows, self.weights, self.structure = np.ascontiguousarray(rows), weights, structure
        d = rows.shape[1]
        one = {FactorShape.DIAGONAL: np.ones(d), FactorShape.SCALAR: np.ones(())}
        self.floor = CovarianceFloor(one.get(structure.shape, np.eye(d)), share)
        self._block = Block(self.rows, None if (weights == 1.0).all() else weights)
        self._seen = self.rows.astype(dtype, copy=False)
        self._total = float(weights.sum())
        self.rows_touched = 0

    def sweep(self, parameters: GaussianParameters) -> GaussianStatistics:
        return GaussianEStep(parameters, self.rows.dtype)(self._block)

    def maximise(
        self, statistics: GaussianStatistics, previous: GaussianParameters | None = None
    ) -> GaussianParameters:
        return self.structure.m_step(statistics, self.floor, previous)

    def from_labels(self, labels: np.ndarray, n_components: int, pseudo_rows: float) -> GaussianParameters:
        """Parameters of hard clusters."""
        members = [np.flatnonzero(labels == k) for k in range(n_components)]
        occupied = [self._moments(m) for m in members if m.size]
        weights, means, covariances = (np.array(values) for values in zip(*occupied, strict=True))
        components = Components(weights, means, covariances)
        if self.structure.shape in _HELD_UP:
            components = components.with_pseudo_rows(pseudo_rows)
        return components.parameters(self.structure, self.floor)

    def anneal(self, parameters: GaussianParameters, schedule: np.ndarray) -> GaussianParameters:
        """EM with memberships tempered and covariances held up, one step an entry.

        Parameters
        ----------
        schedule : ndarray of shape (steps, 2)
            (β, pseudo-rows) of each step. Memberships are ∝ (π_k N_k)^β: below 1 they are
            softer, so that a component sees beyond the cluster it was put on (Ueda & Nakano
            1998, "Deterministic annealing EM algorithm"). Each component gets the pseudo-rows
            about its own mean, as wide in every direction as it is on average, so that it
            cannot collapse on few rows.
        """
        parameters, _ = self._steps(parameters, schedule)
        return parameters

    def climb(
        self, parameters: GaussianParameters, tol: float, max_iter: int, wanted: float = -np.inf
    ) -> tuple[GaussianParameters, float]:
        """EM until the gain to come is about `tol` nats a row; with its log-likelihood a row.

        It ends early where steps no longer than the last would not lead to `wanted`.
        """
        parameters, reached = self._steps(parameters, self._all_steps(max_iter), self._ending(tol, wanted))
        return parameters, reached[-1] / self._total

    def climb_each(
        self, starts: Sequence[GaussianParameters], tol: float, max_iter: int
    ) -> list[tuple[GaussianParameters, float]]:
        """`climb` from each of several starts, in one call."""
        schedule, ending = self._all_steps(max_iter), self._ending(tol)
        begins = [self._begin(start, max_iter) for start in starts]
        climbs = [
            self._steps(begin.parameters, schedule, ending, begun=one)
            for begin, one in zip(
                begins, self._native_steps_each(self._seen, begins, schedule, ending), strict=True
            )
        ]
        return [(parameters, reached[-1] / self._total) for parameters, reached in climbs]

    def climb_traced(
        self, starts: Sequence[GaussianParameters], tol: float, max_iters: Sequence[int]
    ) -> list[tuple[GaussianParameters, list[float]]]:
        """`climb` from each of several starts, and the log-likelihoods a row on the way: last, where it ends.

        The last steps are those from where few digits show no more to come: they have all digits. `Stopping`
        agrees with them, if its own tolerance is twice `tol`.
        """
        schedule = self._all_steps(max(*max_iters, _AT_ONCE))
        ending = self._ending(tol)
        begins = [self._begin(start, most) for start, most in zip(starts, max_iters, strict=True)]
        begun = self._native_steps_each(self._seen, begins, schedule, ending)
        for number, (begin, one) in enumerate(zip(begins, begun, strict=True)):
            parameters, reached = self._steps(begin.parameters, schedule[: begin.steps], ending, begun=one)
            begins[number] = self._begin(parameters, max(begin.steps - len(reached), _AT_ONCE))
        exact = self._ending(tol, exact=True)._replace(as_swept=True, before=_BEFORE * tol)
        begun = self._native_steps_each(self.rows, begins, schedule, exact)
        return [
            self._ended(begin, one, schedule[: begin.steps], exact)
            for begin, one in zip(begins, begun, strict=True)
        ]

    def _begin(self, parameters: GaussianParameters, max_iter: int) -> Begin:
        return Begin(parameters, self._tie(parameters), max_iter)

    def _ended(
        self,
        begin: Begin,
        begun: tuple[GaussianParameters, np.ndarray],
        schedule: np.ndarray,
        ending: Ending,
    ) -> tuple[GaussianParameters, list[float]]:
        """The end of a climb of exact steps, of which some are `begun`, and the log-likelihoods a row."""
        reached = begun[1].tolist()
        if _has_ended(reached, len(schedule), ending):
            self.rows_touched += len(reached) * len(self.rows)
            return begun[0], np.divide(reached, self._total).tolist()
        ending = ending._replace(as_swept=False)
        parameters, reached = self._steps(begin.parameters, schedule, ending, exact=True, begun=begun)
        log_norm = np.empty(len(self.rows))
        GaussianEStep(parameters, self.rows.dtype).evaluate(self._block, log_norm=log_norm)
        reached.append(float(self.weights @ log_norm))
        return parameters, np.divide(reached, self._total).tolist()

    def _native_steps_each(
        self,
        rows: np.ndarray,
        begins: Sequence[Begin],
        schedule: np.ndarray,
        ending: Ending,
    ) -> list[tuple[GaussianParameters, np.ndarray]]:
        """`_native_steps` of several climbs in one call."""
        return kernel().em_steps(begins, rows, self._block.weights, schedule, self.floor.lowest, ending)

    @staticmethod
    def _all_steps(max_iter: int) -> np.ndarray:
        return np.broadcast_to([1.0, 0.0], (max_iter, 2))

    def _ending(self, tol: float, wanted: float = -np.inf, *, exact: bool = False) -> Ending:
        rounding = ROUNDING if exact or self._seen is self.rows else _ROUNDING
        return Ending(tol, wanted, self._total, rounding)

    def _steps(
        self,
        parameters: GaussianParameters,
        schedule: np.ndarray,
        ending: Ending = ALL_STEPS,
        *,
        exact: bool = False,
        begun: tuple[GaussianParameters, np.ndarray] | None = None,
    ) -> tuple[GaussianParameters, list[float]]:
        """The steps of `schedule` (steps, 2) until the climb ends, and the log-likelihood before each.

        Those that are `begun` are taken natively already.
        """
        reached: list[float] = []
        rows = self.rows if exact else self._seen
        while begun is not None or not _has_ended(reached, len(schedule), ending):
            parameters, before = begun or self._native_steps(rows, parameters, schedule, ending, reached)
            reached.extend(before.tolist())
            begun = None
            if rows is not self.rows:
                rows = self.rows
            elif not _has_ended(reached, len(schedule), ending):
                beta, pseudo_rows = schedule[len(reached)]
                statistics = self.sweep(tempered(parameters, beta))
                parameters = self.maximise(_with_pseudo_rows(statistics, pseudo_rows), parameters)
                reached.append(statistics.log_likelihood)
        self.rows_touched += len(reached) * len(self.rows)
        return parameters, reached

    def _native_steps(
        self,
        rows: np.ndarray,
        parameters: GaussianParameters,
        schedule: np.ndarray,
        ending: Ending,
        taken: list[float],
    ) -> tuple[GaussianParameters, np.ndarray]:
        """As many of the steps that are left as need no variance held at the floor."""
        begins = [self._begin(parameters, len(schedule))]
        lowest = self.floor.lowest
        return kernel().em_steps(begins, rows, self._block.weights, schedule, lowest, ending, taken)[0]

    def _tie(self, parameters: GaussianParameters) -> Tie:
        name = "" if self.structure.is_free else self.structure.name
        return Tie(name, shared_axes(parameters.factors) if name in {"EVE", "VVE"} else None)

    def unwitnessed(self, parameters: GaussianParameters) -> np.ndarray:
        """The components with directions thinner than their few rows can witness."""
        return unwitnessed(parameters, parameters.weights * len(self.rows), self.floor, self.structure)

    def memberships(self, parameters: GaussianParameters) -> tuple[np.ndarray, np.ndarray]:
        """Memberships (n, K) and log-densities (n,)."""
        resp, log_norm = np.empty((len(self.rows), parameters.n_components)), np.empty(len(self.rows))
        GaussianEStep(parameters, self.rows.dtype).evaluate(self._block, resp=resp, log_norm=log_norm)
        return resp, log_norm

    def reduce_to(self, parameters: GaussianParameters, n_components: int) -> GaussianParameters:
        """Merge the pairs that cost the least likelihood until `n_components` are left."""
        while (K := parameters.n_components) > n_components:
            components = Components.of(parameters)
            pairs = near_pairs(components, _NEIGHBOURS)
            enough = max(_MERGE_ROWS, _MERGE_ROWS_PER_COMPONENT * K)
            chosen, losses = kernel().weigh_merges(
                parameters, components.covariances, pairs, min(len(pairs), _WEIGHED * K), self.floor.lowest,
                self.rows, self._block.weights, -(-len(self.rows) // enough),
            )  # fmt: skip
            cheapest = chosen[np.argsort(losses, kind="stable")]
            merging = pairs[_disjoint(pairs, cheapest, K - n_components)]
            stay = np.ones(K, dtype=bool)
            stay[merging] = False
            reduced = components[stay] | merge(components, merging)
            parameters = reduced.parameters(self.structure, self.floor)
        return parameters

    def _moments(self, members: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        rows, weights = self.rows[members], self.weights[members]
        count = float(weights.sum())
        mean = weights @ rows / count
        y = rows - mean
        if self.structure.shape.is_matrix:
            return count, mean, (weights[:, None] * y).T @ y / count
        return count, mean, weights @ (y * y) / count


def _has_ended(reached: list[float], n_steps: int, ending: Ending) -> bool:
    """Whether a climb of at most `n_steps` ends here (see `Ending`)."""
    if len(reached) == n_steps:
        return True
    if ending.total == 0 or not reached or len(reached) % _AT_ONCE:
        return False
    first, second, third, last = np.divide(reached[-_AT_ONCE:], ending.total).tolist()
    to_come = projected_gain(second, third, last, ending.rounding)
    if to_come <= ending.tol and projected_gain(first, second, third, ending.rounding) <= ending.before:
        return True
    return last + (n_steps - len(reached)) * abs(last - third) < ending.wanted


def _disjoint(pairs: np.ndarray, order: np.ndarray, wanted: int) -> list[int]:
    """The first `wanted` of `pairs`, in `order`, that share no component with an earlier one."""
    used: set[int] = set()
    chosen: list[int] = []
    for number in order.tolist():
        pair = set(pairs[number].tolist())
        if len(chosen) < wanted and not used & pair:
            used |= pair
            chosen.append(number)
    return chosen


def tempered(parameters: GaussianParameters, beta: float) -> GaussianParameters:
    """The mixture whose memberships are ∝ (π_k N(x; μ_k, Σ_k))^β.

    N^β is Gaussian with Σ / β; what it lacks of the norm goes into the weights.
    """
    if beta == 1.0:
        return parameters
    log_weights = beta * parameters.log_weights + (beta - 1.0) * parameters.log_det_factors
    weights = np.exp(log_weights - log_weights.max())
    factors = np.sqrt(beta) * parameters.factors
    return GaussianParameters(weights / weights.sum(), parameters.means, factors, parameters.shape)


def _with_pseudo_rows(statistics: GaussianStatistics, pseudo_rows: float) -> GaussianStatistics:
    """`statistics`, each component with `pseudo_rows` more: round, and as wide as it is on average."""
    shape, (_, d) = statistics.layout.shape, statistics.centers.shape
    if pseudo_rows == 0 or shape not in _HELD_UP:
        return statistics
    held = GaussianStatistics(statistics.centers, statistics.layout, statistics.values.copy())
    # Entries (j, j) of a packed lower triangle.
    diagonal = np.arange(d) * (np.arange(d) + 3) // 2 if shape is FactorShape.FULL else slice(None)
    count = np.maximum(statistics.count, pseudo_rows)
    sizes = held.scatter[:, diagonal].sum(axis=1) - np.einsum("kj,kj->k", held.sum, held.sum) / count
    held.scatter[:, diagonal] += (np.maximum(sizes, 0.0) * pseudo_rows / (d * count))[:, None]
    held.count[...] += pseudo_rows
    return held
