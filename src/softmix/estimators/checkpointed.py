"""`checkpoint_every` and `random_state`, checked and in the words of a checkpoint."""

import re
from numbers import Integral, Real
from typing import Any

import numpy as np

from softmix.fit import Interval

_SWEEPS = re.compile(r"([1-9]\d*) sweeps?")


def check_interval(every: Any) -> Interval:
    """`checkpoint_every` as an interval.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if isinstance(every, Real) and not isinstance(every, bool) and float(every) >= 0:
        return Interval(float(every))
    if isinstance(every, str) and (found := _SWEEPS.fullmatch(every.strip())):
        return Interval(None, int(found[1]))
    raise ValueError(
        f"The 'checkpoint_every' parameter of GaussianMixture must be a number of seconds, such as 60, or of "
        f"sweeps, such as '10 sweeps'. Got {every!r} instead."
    )


def seed_in_words(random_state: Any) -> str | None:
    """What can be told of a seed in another process; None for the process's own generator."""
    if random_state is None or random_state is np.random:
        return None
    if isinstance(random_state, Integral):
        return str(int(random_state))
    return f"a RandomState ({random_state.get_state(legacy=False)['bit_generator']})"
