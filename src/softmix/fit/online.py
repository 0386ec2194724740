"""Stepwise EM: rows come a block at a time, and each block is seen once.

    s ← (1 − γ) s + γ s_block,   θ ← M(s)

A block's statistics are taken about the current means, by the ordinary sweep, and what was known
is recentred on them; the M-step is the ordinary one, with floor and prior measured by the spread of
the rows as it is remembered, which is a sum of the same statistics. γ is in `forgetting.py`.

Statistics are kept as sums: their total weight is w / γ after a block of weight w, the number of
rows, each like one of the block, that they are the average of. It is what a prior is weighed against.

Cappé & Moulines (2009), "On-line expectation-maximization algorithm for latent data models"; Liang &
Klein (2009), "Online EM for unsupervised models".
"""

from dataclasses import dataclass
from math import expm1

import numpy as np

from softmix.e_step import expected_statistics
from softmix.fit.degeneracy import Degeneracy, find_degeneracies
from softmix.fit.forgetting import Forgetting
from softmix.fit.mixture import maximiser_for
from softmix.fit.plan import FitPlan
from softmix.fit.spread import spread_of
from softmix.parameters import GaussianParameters
from softmix.statistics import GaussianStatistics
from softmix.structures import Structure

# Of so small a share exp(−loss) nothing is left, and exp(loss) does not overflow.
_ALL_FORGOTTEN = 700.0


@dataclass(frozen=True, eq=False)
class Stream:
    """A mixture, and what it knows of the rows that it has seen.

    Parameters
    ----------
    parameters : GaussianParameters
    statistics : GaussianStatistics
        Their log-likelihood is of each block before it was learned.
    first : float
        The weight of the rows that the stream began with.
    seen : float
        The weight of all rows so far.
    n_steps : int
        Blocks learned.
    degeneracies : tuple of Degeneracy
    """

    parameters: GaussianParameters
    statistics: GaussianStatistics
    first: float
    seen: float
    n_steps: int
    degeneracies: tuple[Degeneracy, ...] = ()

    @classmethod
    def of_mixture(
        cls, parameters: GaussianParameters, first: float, seen: float, mean_log_density: float
    ) -> "Stream":
        """A stream whose rows are gone: they count as if distributed as the mixture says."""
        statistics = expected_statistics(parameters, parameters.weights * seen)
        statistics.values[-3:] = mean_log_density * seen, seen, seen
        return cls(parameters, statistics, first, seen, 0)

    @property
    def mean_log_density(self) -> float:
        """Nats a row, of each block before it was learned, as it is remembered."""
        return self.statistics.log_likelihood / self.statistics.total_weight


def learn(stream: Stream, block: GaussianStatistics, plan: FitPlan, forgetting: Forgetting) -> Stream:
    """Learn a block.

    Parameters
    ----------
    stream : Stream
    block : GaussianStatistics
        Of the block under the parameters of `stream`.
    plan : FitPlan
        Structure, floor, prior and what holds for the weights.
    forgetting : Forgetting

    Raises
    ------
    IllDefinedCovarianceError
        With ``reg_covar=0``, if a covariance becomes singular.
    """
    weight = block.total_weight
    loss = min(forgetting.loss(stream.first, stream.seen, weight), _ALL_FORGOTTEN)
    if loss == 0.0:  # rows of weight 0, or too light to be seen beside the others
        return stream
    # (1 − γ) : γ = 1 : (e^loss − 1) is how what was known compares with the block.
    known = stream.statistics.scale(weight / expm1(loss) / stream.statistics.total_weight)
    statistics = known.recenter(block.centers) + block
    if (missing := _missing(statistics, stream.parameters, plan.structure)).any():
        statistics += expected_statistics(stream.parameters, missing).recenter(block.centers)
    maximiser = maximiser_for(plan, spread_of(statistics), statistics.total_weight)
    parameters = maximiser.m_step(statistics, stream.parameters)
    return Stream(
        parameters,
        statistics,
        stream.first,
        stream.seen + weight,
        stream.n_steps + 1,
        tuple(find_degeneracies(parameters, statistics.total_weight, maximiser.floor)),
    )


def _missing(
    statistics: GaussianStatistics, parameters: GaussianParameters, structure: Structure
) -> np.ndarray:
    """What each component lacks of the rows that its covariance asks for, (K,): they are made up.

    Else a component whose rows stay away would fade, until a single row made it a point.
    """
    rows_needed = structure.rows_needed(parameters.n_features)
    needed = rows_needed * statistics.total_weight / float(statistics.values[-1])
    return np.where(parameters.weights > 0, np.maximum(needed - statistics.count, 0.0), 0.0)
