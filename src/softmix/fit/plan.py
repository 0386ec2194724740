"""What a fit is asked for, and what it gives."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from softmix.fit.degeneracy import Degeneracy
from softmix.fit.doubt import Doubt
from softmix.fit.noise import NoiseRequest
from softmix.fit.prior import PriorRequest
from softmix.fit.report import FitReport, RunReport
from softmix.parameters import FactorShape, GaussianParameters
from softmix.structures import Structure


@dataclass(frozen=True, eq=False)
class Given:
    """What the user fixed of the start; None is left to the start."""

    weights: np.ndarray | None = None
    means: np.ndarray | None = None
    factors: np.ndarray | None = None
    noise_weight: float | None = None
    resp: np.ndarray | None = None  # labels (n,), -1 for none, or memberships (n, K)

    @property
    def is_nothing(self) -> bool:
        return all(given is None for given in (self.weights, self.means, self.factors, self.resp))

    def complete(self, shape: FactorShape) -> GaussianParameters | None:
        """The parameters that were given, if they are all there."""
        if self.weights is None or self.means is None or self.factors is None:
            return None
        return GaussianParameters(self.weights, self.means, self.factors, shape)

    def over(self, parameters: GaussianParameters) -> GaussianParameters:
        """`parameters` with what was given in their place."""
        return replace(
            parameters,
            weights=parameters.weights if self.weights is None else self.weights,
            means=parameters.means if self.means is None else self.means,
            factors=parameters.factors if self.factors is None else self.factors,
        )


class Watcher:
    """Told what a fit does; the default says nothing. `verbose` fits pass one that prints."""

    def run_begins(self, run: int) -> None: ...

    def iteration_ends(self, iteration: int, lower_bound: float, change: float) -> bool | None:
        """True stops the run."""

    def run_ends(self, lower_bound: float, converged: bool) -> None: ...


@dataclass(frozen=True, eq=False)
class Resumed:
    """Where an earlier fit ended: its parameters, and its last log-likelihoods (see Stopping).

    `is_within` says that an M-step of the same structure gave them: nothing but the floor may move them.
    """

    parameters: GaussianParameters
    history: Sequence[float]
    is_within: bool = False


@dataclass(frozen=True, eq=False)
class FitPlan:
    """How to fit, as the user asked for it."""

    structure: Structure
    n_components: int
    tol: float
    reg_covar: float
    max_iter: int
    n_init: int
    init_params: str
    acceleration: str | None = "squarem"
    given: Given = field(default_factory=Given)
    prior: PriorRequest | None = None
    equal_weights: bool = False
    noise: NoiseRequest | None = None
    resumed: Resumed | None = None
    watcher: Watcher = field(default_factory=Watcher)
    interruptible: bool = False  # Ctrl-C ends the fit with what it has, once it has something

    @property
    def draws_starts(self) -> bool:
        """Whether two runs can differ."""
        return self.start_name == self.init_params

    @property
    def may_reseed(self) -> bool:
        """Whether components that collapse may be placed anew: where the user placed none."""
        return self.draws_starts and self.given.is_nothing and self.max_iter > 0

    @property
    def start_name(self) -> str:
        """What a run begins with, in a word."""
        if self.resumed is not None:
            return "resumed"
        if self.given.complete(self.structure.shape) is not None:
            return "given"
        return self.init_params if self.given.resp is None else "resp_init"


@dataclass(frozen=True, eq=False)
class RunResult:
    """One run of EM."""

    parameters: GaussianParameters
    swept: GaussianParameters  # those of the last sweep, from which the last step came
    trace: list[float]  # log-likelihood, or with a prior log-posterior, per row of each sweep
    recent: list[float]  # the last of them, for a fit that goes on from here
    n_iter: int
    converged: bool
    sound: bool  # False: a covariance collapsed and reg_covar=0 forbade to hold it
    degeneracies: list[Degeneracy]
    report: RunReport

    @property
    def was_interrupted(self) -> bool:
        return self.report.stopped == "interrupted"

    @property
    def n_degenerate(self) -> int:
        return sum(len(degeneracy.components) for degeneracy in self.degeneracies)


@dataclass(frozen=True, eq=False)
class FitResult:
    """The best run of a fit, and what the fit did."""

    best: RunResult
    report: FitReport
    doubts: tuple[Doubt, ...] = ()

    @property
    def was_interrupted(self) -> bool:
        """Whether Ctrl-C ended the fit, in this run or in another."""
        return self.report.stopped == "interrupted"

    def interrupted(self) -> "FitResult":
        """The same, once Ctrl-C has come after all."""
        return replace(self, report=replace(self.report, stopped="interrupted"))
