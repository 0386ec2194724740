"""Whose threads the kernel may share its work with: those of the sweep, or search, that its caller is in.

Between two sweeps the helpers have nothing to do, and the M-step and the acceleration have matrices for them;
a search has climbs. No answer depends on how many they are, so nobody hands them on.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import local
from typing import Any

_here = local()
# A child of a fork has no helpers.
os.register_at_fork(after_in_child=lambda: vars(_here).clear())


@contextmanager
def offered(team: Any) -> Iterator[None]:
    """`team` (or None) is what `current` gives in this thread, inside."""
    before = current()
    _here.team = team
    try:
        yield
    finally:
        _here.team = before


def current() -> Any:
    """The team that was last offered to this thread, or None."""
    return getattr(_here, "team", None)
