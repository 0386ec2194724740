"""Which components a row needs: the others' memberships stay below rounding while parameters drift.

In the pass that makes statistics the kernel counts a membership below e^-C of the row's largest
as 0 (C = 48; 36 in float32). At the reference parameters, a row has log-density a_k − ½ z_k²
under component k; b is any one component, at best that with the largest. While no component has
moved by more than `ALLOWED` (stretch f, shift s, level e; see `parameters/drift.py`),

    log p′(x, k) ≤ a_k + e − ½ (1 − f)² max(0, z_k − s)²
    log p′(x, b) ≥ a_b − e − ½ (1 + f)² (z_b + s)²  =  A + C

and x needs k unless the first is below A. To spare a root for each k, Young's inequality
(y + s)² ≤ (1 + η) y² + (1 + 1/η) s² makes that linear in A:

    log p(x, k) ≤ α (A − e) + (1 − α) a_k − ½ (1 + 1/η) s²,   α = (1 + η) / (1 − f)²

All memberships that are left out would have counted as 0: the statistics are those of the dense
pass, summed in another order.
"""

import numpy as np

from softmix.parameters import Drift

# Twice as much lets memberships of e^-65 in, half as much halves how long groups last.
ALLOWED = Drift(stretch=0.04, shift=0.2, level=0.2)
_CUT = {"float64": 48.0, "float32": 36.0}
# Over what drift may do: densities carry rounding, most of it relative to their own size.
_ROUNDING, _STRETCH = 1.0, ALLOWED.stretch + 0.002
_YOUNG = 0.03
_ALPHA = (1.0 + _YOUNG) / (1.0 - _STRETCH) ** 2
_OFFSET = 0.5 * (1.0 + 1.0 / _YOUNG) * ALLOWED.shift**2


def needed_components(log_joint: np.ndarray, best: np.ndarray, log_constants: np.ndarray) -> np.ndarray:
    """Booleans (n, K): the components that each row needs, given its log p(x, k) (n, K).

    `best` (n,) is the component of each row's largest.
    """
    top = log_joint[np.arange(len(best)), best].astype(np.float64)
    own = log_constants[best]
    with np.errstate(over="ignore", invalid="ignore"):
        distance = np.sqrt(2.0 * np.maximum(own - top, 0.0))
        level, slope = negligible_below(own, distance, log_joint.dtype), (1.0 - _ALPHA) * log_constants
        needed = log_joint > np.add.outer(level, slope)
    # Where densities overflow nothing is known.
    needed[~np.isfinite(level)] = True
    return needed


def negligible_below(own: np.ndarray, distance: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """What log p(x, k) − (1 − α) a_k may be at most for x not to need k, given a_b and z_b."""
    reach = (1.0 + _STRETCH) * (distance + ALLOWED.shift)
    certain = own - ALLOWED.level - 0.5 * reach**2 - _CUT[dtype.name] - _ROUNDING
    return _ALPHA * (certain - ALLOWED.level) - _OFFSET


def rules(dtype: np.dtype) -> tuple[float, ...]:
    """The constants of `negligible_below`, as native/group_rows.hpp names them."""
    certain = ALLOWED.level + _CUT[dtype.name] + _ROUNDING
    return _STRETCH, ALLOWED.shift, certain, ALLOWED.level, _ALPHA, _OFFSET


def is_needed(bound: np.ndarray, level: np.ndarray, log_constants: np.ndarray) -> np.ndarray:
    """Booleans: whether components whose log p(x, k) is at most `bound` may be needed."""
    with np.errstate(invalid="ignore"):
        # An empty component is −inf on both sides, and never needed.
        return bound > level + (1.0 - _ALPHA) * log_constants
