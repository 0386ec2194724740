"""Warnings that point at the user's line, through however many of our frames and scikit-learn's."""

import sys
import warnings
from typing import Any

from sklearn.exceptions import ConvergenceWarning

from softmix.exceptions import DegenerateComponentWarning, FitInterruptedWarning
from softmix.fit import FitResult


def warn(message: str, category: type[Warning]) -> None:
    """Warn as if from the first caller outside softmix and scikit-learn."""
    level, frame = 2, sys._getframe(1)  # noqa: SLF001 (the documented way to a caller's frame)
    while frame.f_back is not None and frame.f_back.f_globals.get("__name__", "").startswith(
        ("softmix.", "sklearn.")
    ):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level + 1)


def warn_of(estimator: Any, fit: FitResult) -> None:
    """Warn of what went wrong in `fit`, in the user's words."""
    result, names = fit.best, getattr(estimator, "feature_names_in_", None)
    for degeneracy in result.degeneracies:
        warn(degeneracy.describe(names), DegenerateComponentWarning)
    for doubt in fit.doubts:
        warn(doubt.describe(names), DegenerateComponentWarning)
    if fit.was_interrupted:
        how = "the same checkpoint" if estimator.checkpoint is not None else "warm_start=True"
        warn(
            f"The fit was interrupted after {result.n_iter} sweeps of the run that is kept, its best so "
            f"far, before it converged. fit with {how} goes on.",
            FitInterruptedWarning,
        )
    elif not result.converged and estimator.max_iter > 0 and result.report.stopped != "callback":
        warn(
            "Best performing initialization did not converge. Try different init parameters, or "
            "increase max_iter, tol, or check for degenerate data. "
            f"(max_iter={estimator.max_iter}, tol={estimator.tol:g}, n_iter_={result.n_iter})",
            ConvergenceWarning,
        )
