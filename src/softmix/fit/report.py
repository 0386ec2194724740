"""What a fit did, for the user to read: sweeps, starts, why it stopped, what was degenerate."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class RunReport:
    """One run of EM over all rows, from one start.

    Parameters
    ----------
    start : str
        How it began: a value of `init_params`, or 'given', 'resumed' or 'resp_init'.
    log_likelihood : float
        Nats a row (with a prior, the log-posterior) at the last sweep.
    sweeps : int
        Of all rows.
    sweeps_refused : int
        Those among them that swept an extrapolation that lost.
    stopped : str
        'projected gain' (at most `tol` was to come), 'rounding' (no step gained), 'crawl' (a
        hundred steps gained less than `tol` each), 'max_iter', 'collapsed' (``reg_covar=0``),
        'callback' (one asked for it), or 'interrupted' (Ctrl-C).
    n_degenerate : int
        Components that are empty, or that the floor holds.
    n_unwitnessed : int
        Components with fewer rows than their covariance, or so thin a one, asks for.
    reseeded : int
        Components that were placed anew because they had collapsed.
    chosen : bool
        Whether this run is the fit's result.
    """

    start: str
    log_likelihood: float
    sweeps: int
    sweeps_refused: int
    stopped: str
    n_degenerate: int
    n_unwitnessed: int
    reseeded: int = 0
    chosen: bool = False


@dataclass(frozen=True)
class FitReport:
    """What a fit did; the estimators' `fit_report_`.

    Parameters
    ----------
    sweeps : int
        Of all rows: those that measured the spread, those of all runs, and those that compared runs.
        The pass that makes `labels_` and `lower_bound_` comes after.
    rows_touched : int
        Rows read by sweeps, those of samples included.
    starts_tried : int
        Starts that were climbed from, those on a sample included.
    stopped : str
        Why the chosen run stopped; see RunReport. 'interrupted' where Ctrl-C ended the fit, in
        whichever run.
    degenerate : tuple of str
        What was degenerate in the result, a sentence each.
    runs : tuple of RunReport
    """

    sweeps: int
    rows_touched: int
    starts_tried: int
    stopped: str
    degenerate: tuple[str, ...]
    runs: tuple[RunReport, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        lines = [
            f"stopped by {self.stopped}",
            f"{self.sweeps} sweeps of all rows, {self.rows_touched:,} rows, {self.starts_tried} starts tried",
            *self.degenerate,
            *(_line(run) for run in self.runs if len(self.runs) > 1),
        ]
        return "\n".join(lines)


def _line(run: RunReport) -> str:
    mark = "*" if run.chosen else " "
    degenerate = f", {run.n_degenerate} degenerate" if run.n_degenerate else ""
    return (
        f"{mark} {run.start}: {run.log_likelihood:.6f} nats a row after {run.sweeps} sweeps, "
        f"{run.stopped}{degenerate}"
    )
