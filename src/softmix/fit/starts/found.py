"""What a search for a start gives."""

from typing import NamedTuple

import numpy as np


class Found(NamedTuple):
    """What a search found, and what it took."""

    resp: np.ndarray  # (n, K), memberships of the sample's rows
    starts_tried: int
    rows_touched: int
