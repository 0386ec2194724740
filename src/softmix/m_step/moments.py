"""What every M-step begins with: counts and sums give weights, means, and the step to them.

π_k = count_k / Σ_l count_l,   μ_k = c_k + sum_k / count_k
"""

from typing import NamedTuple

import numpy as np

from softmix.statistics import GaussianStatistics

# Below this share of all rows a count is no rows at all: dividing by it would overflow.
_EMPTY = 1e-200


class Moments(NamedTuple):
    """What `moments` gives."""

    weights: np.ndarray  # (K,)
    means: np.ndarray  # (K, d)
    shift: np.ndarray  # (K, d), the new mean seen from the centre
    safe_count: np.ndarray  # (K,)


def moments(statistics: GaussianStatistics) -> Moments:
    """Weights and means; an empty component stays at its centre with weight 0."""
    count = statistics.count
    total = count.sum()
    if not 0.0 < total < np.inf:
        raise ValueError(
            "No row has a finite density under the parameters that EM began with: means_init or "
            "precisions_init (or the attributes that warm_start goes on from) put every row too far out. "
            "Check their units against the data's."
        )
    if count.min() > _EMPTY * total:
        shift = statistics.sum / count[:, None]
        return Moments(count / total, statistics.centers + shift, shift, count)
    occupied = count > _EMPTY * total
    safe = np.where(occupied, count, 1.0)
    shift = np.where(occupied[:, None], statistics.sum / safe[:, None], 0.0)
    weights = np.where(occupied, count, 0.0) / total
    return Moments(weights, statistics.centers + shift, shift, safe)
