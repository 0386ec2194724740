"""When to stop: on the gain still to come, not on one small step.

EM converges linearly, so late increments of the log-likelihood fall geometrically, with
ratio a = δ_t / δ_{t−1}, and δ_t a / (1 − a) is still to come (Aitken's projection; Böhning et
al. 1994, McLachlan & Peel 2000, section 2.11). One small increment says little: at a = 0.99 a
hundred times as much may follow.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

# Increments below this share of the log-likelihood are rounding.
_ROUNDING = 1e-14
# A plateau can fake one small projection; it seldom fakes two in a row.
_AGREEING = 2


class Stopping:
    """Iterate over it for the sweeps to make; tell it what each one `saw`.

    Parameters
    ----------
    tol : float
        Stop when the projected remaining gain is at most this many nats per row, twice in a
        row. 0 never stops before `max_iter`.
    max_iter : int
    history : sequence of float
        Log-likelihoods per row of the sweeps before, when a fit goes on (`warm_start`).
    watch : callable or None
        Called after each sweep with (iteration, log-likelihood per row, its change).
    """

    def __init__(
        self,
        tol: float,
        max_iter: int,
        history: Sequence[float] = (),
        watch: Callable[[int, float, float], None] | None = None,
    ) -> None:
        self.tol, self.max_iter = tol, max_iter
        self.converged = False
        self.n_iter = 0
        self._history = list(history)
        self._start = len(self._history)
        self._watch = watch

    @property
    def trace(self) -> list[float]:
        """Log-likelihood per row of each sweep of this run."""
        return self._history[self._start :]

    def __iter__(self) -> Iterator[int]:
        while self.n_iter < self.max_iter and not self.converged:
            yield self.n_iter

    def saw(self, log_likelihood: float) -> None:
        """Record the log-likelihood per row of the sweep just made."""
        self._history.append(log_likelihood)
        self.n_iter += 1
        if self._watch is not None:
            change = np.diff(self._history[-2:])
            self._watch(self.n_iter, log_likelihood, float(change[0]) if change.size else np.inf)
        self.converged = self.tol > 0 and self._is_done()

    def _is_done(self) -> bool:
        recent = self._history[-(_AGREEING + 2) :]
        if len(recent) >= 2 and _is_rounding(recent[-2], recent[-1]):
            return True
        gains = [projected_gain(*recent[i : i + 3]) for i in range(len(recent) - 2)]
        return len(gains) >= _AGREEING and max(gains) <= self.tol


def projected_gain(first: float, second: float, third: float) -> float:
    """What is still to come after three successive log-likelihoods; inf while steps grow."""
    earlier, later = second - first, third - second
    if _is_rounding(second, third):
        return 0.0
    if later >= earlier:
        return np.inf
    return later * later / (earlier - later)


def _is_rounding(before: float, after: float) -> bool:
    return after - before <= _ROUNDING * max(1.0, abs(after))
