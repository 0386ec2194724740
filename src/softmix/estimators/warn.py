"""Warnings that point at the user's line, through however many of our frames and scikit-learn's."""

import sys
import warnings


def warn(message: str, category: type[Warning]) -> None:
    """Warn as if from the first caller outside softmix and scikit-learn."""
    level, frame = 2, sys._getframe(1)  # noqa: SLF001 (the documented way to a caller's frame)
    while frame.f_back is not None and frame.f_back.f_globals.get("__name__", "").startswith(
        ("softmix.", "sklearn.")
    ):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level + 1)
