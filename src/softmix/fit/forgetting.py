"""How much a step of a stream forgets: a rate for each row, so that steps of any size agree.

Let rows of weight t have been seen, of which the first t₀ began the stream. Every further unit of
weight is learned at the rate

    h(t) = max((t / t₀)^−α / t₀,   log 2 / H),

and a block of weight w with the step γ = 1 − exp(−∫ h), the integral from t to t + w: what was
known keeps the share 1 − γ. So a block of 10 rows moves less than one of 10,000, and a block forgets
as much as its two halves, one after the other.

1 / h(t) is the memory, in rows: t₀ at first, then t₀^{1−α} t^α, and never more than 1.44 H. With
α = 1 and no H, 1 − γ = t / (t + w): all rows count alike. With ½ < α < 1 the memory grows without
bound, but early rows, whose memberships were computed under early parameters, are forgotten:
Σ γ = ∞ and Σ γ² < ∞ (Robbins & Monro 1951), so that stepwise EM comes to rest where EM does (Cappé &
Moulines 2009; Liang & Klein 2009 on α in practice).
"""

from dataclasses import dataclass
from math import inf, log, log1p

from scipy.special import exprel


@dataclass(frozen=True)
class Forgetting:
    """What a stream forgets.

    Parameters
    ----------
    decay : float
        α in (½, 1].
    half_life : float or None
        H: the weight of rows after which what was known counts half. None: only α forgets.
    """

    decay: float
    half_life: float | None = None

    def loss(self, first: float, seen: float, weight: float) -> float:
        """∫ h over the next rows of this `weight`: what was known keeps the share exp(−loss)."""
        decaying = min(weight, max(self._turn(first) - seen, 0.0))
        rows = log1p(decaying / seen)
        loss = (seen / first) ** (1.0 - self.decay) * rows * float(exprel((1.0 - self.decay) * rows))
        return loss + (weight - decaying) * self._least

    @property
    def _least(self) -> float:
        """The rate below which the half-life keeps it from falling."""
        return 0.0 if self.half_life is None else log(2.0) / self.half_life

    def _turn(self, first: float) -> float:
        """The weight seen at which the decaying rate has fallen to the least one."""
        return inf if self._least == 0.0 else first * (1.0 / (first * self._least)) ** (1.0 / self.decay)
