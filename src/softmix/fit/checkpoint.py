"""A fit's state in a file, written between two sweeps now and then, and read back by a later fit.

The fit that goes on has the bits of one that never stopped: parameters, log-likelihoods, SQUAREM's
step and reach, the random state, the results of earlier runs, and the groups of rows all come from
the file. What follows from the rows alone, their spread, is measured anew, and tells whether these
are the same rows.
"""

import warnings
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any, Protocol

import numpy as np

from softmix.exceptions import CheckpointError
from softmix.fit import fingerprint
from softmix.fit.acceleration import AccelerationState
from softmix.fit.degeneracy import Degeneracy
from softmix.fit.flat import Arrays, flatten, unflatten
from softmix.fit.log import logger
from softmix.fit.plan import FitPlan, RunResult
from softmix.fit.report import RunReport
from softmix.fit.spread import Spread
from softmix.fit.state import ClimbState, FitState
from softmix.fit.stopping import StoppingState
from softmix.kernels import RowGroups
from softmix.parameters import FactorShape, GaussianParameters, Noise, Reference
from softmix.sweep import SweepState, ThreadSweep
from softmix.sweep.grouping import Grouping, Unit
from softmix.sweep.groups import GroupsState

# Every class of value in the state of a fit: a new one joins them.
_KEPT = (
    *(AccelerationState, ClimbState, Degeneracy, FactorShape, FitState, GaussianParameters, Grouping),
    *(GroupsState, Noise, Reference, RowGroups, RunReport, RunResult, StoppingState, SweepState, Unit),
)
_BEGIN_ANEW = "Give another path, or delete the file to begin anew."


class CheckpointFile(Protocol):
    """Where a checkpoint is: the layer above knows files."""

    @property
    def name(self) -> str:
        """The path as the user gave it."""

    def read(self) -> tuple[Arrays, dict[str, Any]] | None:
        """What was last written, or None where there is nothing; damage raises a CheckpointError."""

    def write(self, arrays: Arrays, scalars: dict[str, Any]) -> None:
        """Put this in place of what there was, wholly or not at all."""

    def remove(self) -> None: ...


@dataclass(frozen=True)
class Interval:
    """How far apart checkpoints are: in seconds, or in sweeps of a run where `seconds` is None."""

    seconds: float | None
    sweeps: int = 1


class Checkpoint:
    """The checkpoint of one fit.

    Parameters
    ----------
    file : CheckpointFile
    interval : Interval
        One is written this often, and before the first sweep from each start, which took its time.
    random_state : str or None
        The seed, in words: another one is another fit. None if its numbers come from the generator
        that the whole process shares.
    """

    def __init__(self, file: CheckpointFile, interval: Interval, random_state: str | None) -> None:
        self._file, self._interval, self._random_state = file, interval, random_state
        self._last_time, self._last_sweep, self._n_written = monotonic(), 0, 0
        self._found: tuple[Arrays, dict[str, Any]] | None = None
        self._now: tuple[ClimbState, SweepState] | None = None

    def read(self, plan: FitPlan) -> None:
        """Look for what an earlier fit left, before any row is read.

        Raises
        ------
        CheckpointError
            If the file is damaged or of a fit with other parameters.
        """
        self._asked = fingerprint.of_plan(plan, self._random_state)
        self._found = self._file.read()
        if self._found is not None:
            self._check("parameters", self._asked)

    def begin(
        self, sweep: ThreadSweep, spread: Spread, rng: np.random.RandomState
    ) -> tuple[FitState, np.random.RandomState]:
        """Where the earlier fit was, with `sweep` and `rng` as they were; without one, the beginning.

        Raises
        ------
        CheckpointError
            If the rows are others.
        """
        self._sweep, self._rng = sweep, rng
        self._rows = fingerprint.of_rows(sweep.source, spread)
        self._state = FitState()
        if self._found is not None:
            self._check("rows", self._rows)
            self._state, sweep.state, random = self._restored(*self._found)
            if self._random_state is None:  # others draw from the shared one, and must not draw again
                self._rng = np.random.RandomState()
            self._rng.set_state(random)
            self._found = None
            logger.info("run %d goes on from checkpoint %s", self._state.run, self._file.name)
        return self._state, self._rng

    def offer(self, climb: ClimbState) -> None:
        """A climb is at `climb`, before a sweep: written if it is time."""
        self._now = climb, self._sweep.state
        if self._is_due(climb.stopping.n_iter):
            self.write()

    def write(self) -> None:
        """Write what was last offered."""
        if self._now is None:
            return
        climb, swept = self._now
        state = replace(self._state, climb=climb)
        arrays, plain = flatten([state, swept, self._rng.get_state(legacy=False)])
        try:
            self._file.write(arrays, {"parameters": self._asked, "rows": self._rows, "state": plain})
        except OSError as error:
            if self._n_written == 0:
                raise
            # A full disk should not cost what days of sweeps have found.
            warnings.warn(
                f"The checkpoint {self._file.name} could not be written ({error}). The fit goes on; the one "
                "before it is still there.",
                RuntimeWarning,
                stacklevel=2,
            )
        self._n_written += 1
        self._last_time, self._last_sweep = monotonic(), climb.stopping.n_iter
        logger.debug("checkpoint %s written before sweep %d", self._file.name, self._last_sweep + 1)

    def remove(self) -> None:
        """The fit is done: there is nothing to go on with."""
        self._file.remove()

    def _is_due(self, n_iter: int) -> bool:
        if n_iter == 0:
            return True
        if self._interval.seconds is not None:
            return monotonic() - self._last_time >= self._interval.seconds
        return n_iter - self._last_sweep >= self._interval.sweeps

    def _check(self, part: str, now: fingerprint.Fingerprint) -> None:
        assert self._found is not None  # noqa: S101 (for the type checker)
        then = self._found[1].get(part)
        if not isinstance(then, dict):
            raise self._unusable()
        if found := fingerprint.differences(then, now):
            raise CheckpointError(
                f"checkpoint={self._file.name!r} is of another fit: {'; '.join(found)}. {_BEGIN_ANEW}"
            )

    def _restored(
        self, arrays: Arrays, scalars: dict[str, Any]
    ) -> tuple[FitState, SweepState, dict[str, Any]]:
        try:
            state, swept, random = unflatten(arrays, scalars["state"], _KEPT)
        except (ValueError, TypeError, KeyError) as error:
            raise self._unusable() from error
        return state, swept, random

    def _unusable(self) -> CheckpointError:
        return CheckpointError(
            f"checkpoint={self._file.name!r} is not the state of a fit that this softmix knows. {_BEGIN_ANEW}"
        )
