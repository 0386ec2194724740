"""Where a fit is, between two sweeps: what it takes to go on as if it had never stopped."""

from dataclasses import dataclass, field

from softmix.fit.acceleration import AccelerationState
from softmix.fit.plan import RunResult
from softmix.fit.stopping import StoppingState
from softmix.parameters import GaussianParameters


@dataclass(frozen=True, eq=False)
class ClimbState:
    """A climb before its next sweep, which is of `parameters`."""

    parameters: GaussianParameters
    stopping: StoppingState
    acceleration: AccelerationState


@dataclass(eq=False)
class FitState:
    """The runs of a fit, as far as they have come.

    Parameters
    ----------
    run : int
        The number of the run under way.
    results : list of RunResult
        Of the runs before it.
    refused : dict of int to list of int, or None
        What a start without a floor last collapsed in; see IllDefinedCovarianceError.
    starts, rows : int
        Starts tried, and rows of samples that they touched.
    so_far : RunResult or None
        What the run under way has come to, while its collapsed components are placed anew.
    rounds : int
        How often they were.
    climb : ClimbState or None
        The climb under way; None where one is yet to begin.
    """

    run: int = 0
    results: list[RunResult] = field(default_factory=list)
    refused: dict[int, list[int]] | None = None
    starts: int = 0
    rows: int = 0
    so_far: RunResult | None = None
    rounds: int = 0
    climb: ClimbState | None = None

    def take_climb(self) -> ClimbState | None:
        """The climb to go on with, once."""
        climb, self.climb = self.climb, None
        return climb

    def ends_run(self, result: RunResult) -> None:
        """The run under way came to `result`, and the next may begin."""
        self.results.append(result)
        self.run, self.so_far, self.rounds = self.run + 1, None, 0
