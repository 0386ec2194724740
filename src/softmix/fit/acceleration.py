"""SQUAREM: two steps of EM show where a third of many would lead.

With θ₁ = M(θ₀), θ₂ = M(θ₁), r = θ₁ − θ₀ and v = (θ₂ − θ₁) − r, the leap is

    θ' = θ₀ − 2 α r + α² v,   α = −|r| / |v|,

and α = −1 is θ₂ itself. Varadhan & Roland (2008), "Simple and globally convergent methods for
accelerating the convergence of any EM algorithm", scheme SqS3. Every leap is swept before it
counts: where the log-likelihood fell, the fit goes on from θ₂ as if there had been none, so it
never falls. A leap stands as the next θ₀, and so costs no sweep of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np

from softmix.fit.chart import Chart
from softmix.parameters import GaussianParameters

# Leaps begin no longer than this; one that holds may be so much longer the next time, and one that
# falls so much shorter.
_FIRST_REACH, _GROWTH = 4.0, 4.0


@dataclass(frozen=True, eq=False)
class AccelerationState:
    """What an acceleration knows between two sweeps; of `Plain`, the first two alone."""

    safe: GaussianParameters
    swept: GaussianParameters
    n_refused: int = 0
    reach: float = _FIRST_REACH
    height: float = -np.inf
    leapt: bool = False
    step: np.ndarray | None = None


class Plain:
    """No acceleration: the interface of `Squarem`, and EM as it is."""

    n_refused = 0

    def __init__(self, parameters: GaussianParameters) -> None:
        self.safe = self.swept = parameters

    @property
    def state(self) -> AccelerationState:
        return AccelerationState(self.safe, self.swept)

    @state.setter
    def state(self, state: AccelerationState) -> None:
        self.safe, self.swept = state.safe, state.swept

    def fell(self, log_likelihood: float) -> bool:  # noqa: ARG002
        return False

    def after(self, parameters: GaussianParameters, mapped: GaussianParameters) -> GaussianParameters:
        self.swept, self.safe = parameters, mapped
        return mapped

    def take_back(self) -> None:
        """The step of EM that was swept last fell, by rounding: what it was made of is kept."""
        self.safe = self.swept


class Squarem(Plain):
    """Tell it what each sweep and M-step gave; it says which parameters to sweep next.

    Parameters
    ----------
    parameters : GaussianParameters
        Where EM begins.
    chart : Chart
        Coordinates in which every point near a mixture is a mixture.
    admit : callable
        Parameters → parameters that the structure and the floor allow, or None.

    Attributes
    ----------
    safe : GaussianParameters
        What the last M-step gave of parameters whose log-likelihood had not fallen.
    swept : GaussianParameters
        Those parameters.
    n_refused : int
        Sweeps of leaps that fell.
    """

    def __init__(
        self,
        parameters: GaussianParameters,
        chart: Chart,
        admit: Callable[[GaussianParameters], GaussianParameters | None],
    ) -> None:
        super().__init__(parameters)
        self.n_refused = 0
        self._chart, self._admit = chart, admit
        self._reach, self._height, self._leapt = _FIRST_REACH, -np.inf, False
        self._step: np.ndarray | None = None  # θ₁ − θ₀, once θ₁ is what is swept
        # What the last M-step gave, often swept next, and its coordinates.
        self._mapped: tuple[GaussianParameters | None, np.ndarray] = (None, np.empty(0))

    @property
    def state(self) -> AccelerationState:
        """All that was told; another Squarem goes on from it with the same bits."""
        return AccelerationState(
            self.safe, self.swept, self.n_refused, self._reach, self._height, self._leapt, self._step
        )

    @state.setter
    def state(self, state: AccelerationState) -> None:
        self.safe, self.swept, self.n_refused = state.safe, state.swept, state.n_refused
        self._reach, self._height = state.reach, state.height
        self._leapt, self._step = state.leapt, state.step

    def fell(self, log_likelihood: float) -> bool:
        """Whether the parameters just swept are a leap that lost: go on from `safe`."""
        lost = self._leapt and not log_likelihood >= self._height
        if lost:
            self.n_refused += 1
            self._reach = max(self._reach / _GROWTH, 1.0)
        else:
            self._height = log_likelihood
        self._leapt = False
        return lost

    def after(self, parameters: GaussianParameters, mapped: GaussianParameters) -> GaussianParameters:
        """What to sweep after `parameters`, of which EM makes `mapped`."""
        self.swept, self.safe = parameters, mapped
        known, at = self._mapped
        begin = at if known is parameters else self._chart.coordinates(parameters)
        end = self._chart.coordinates(mapped)
        self._mapped, step = (mapped, end), end - begin
        before, self._step = self._step, step
        if before is None:
            return mapped
        self._step = None
        leap = self._leap(parameters, before, step)
        self._leapt = leap is not None
        return mapped if leap is None else leap

    def _leap(
        self, parameters: GaussianParameters, before: np.ndarray, step: np.ndarray
    ) -> GaussianParameters | None:
        """θ', from θ₁ and the steps before and after it; None where it is no longer than θ₂."""
        bend = step - before
        length = sqrt(before @ before) / max(sqrt(bend @ bend), 1e-300)
        if not length > 1.0:
            return None
        if length >= self._reach:
            length, self._reach = self._reach, self._reach * _GROWTH
        move = (2.0 * length - 1.0) * before + length**2 * bend
        with np.errstate(over="ignore", invalid="ignore"):
            leap = self._chart.moved(parameters, move)
        return None if leap is None else self._admit(leap)
