"""E-step of a Gaussian mixture: one block and the parameters give statistics.

    r_ik = π_k N(x_i; μ_k, Σ_k) / Σ_l π_l N(x_i; μ_l, Σ_l)

The kernel makes responsibilities and statistics in one pass, about the current means.
Dempster, Laird & Rubin (1977).
"""

import numpy as np

from softmix.blocks import Block
from softmix.kernels import kernel
from softmix.parameters import GaussianParameters
from softmix.statistics import GaussianStatistics, StatisticsLayout


class GaussianEStep:
    """The E-step for fixed parameters: call it with a block, as often as there are blocks.

    Parameters
    ----------
    parameters : GaussianParameters
    dtype : dtype of the blocks, float64 or float32
    """

    def __init__(self, parameters: GaussianParameters, dtype: np.dtype) -> None:
        self._kernel = kernel()
        self._prepared = self._kernel.prepare(parameters, dtype)
        self._layout = StatisticsLayout(parameters.shape, *parameters.means.shape)

    def __call__(self, block: Block) -> GaussianStatistics:
        """The statistics of `block`, about the (rounded) means of the parameters."""
        values = np.zeros(self._layout.size)
        rows, weights = block.counted()
        if len(rows):
            self._kernel.accumulate(self._prepared, rows, weights, values)
        return GaussianStatistics(self._prepared.centers, self._layout, values)

    def evaluate(self, block: Block, **outputs: np.ndarray) -> None:
        """Fill any of log_norm (n,), resp (n, K), labels (n,), log_joint (n, K) for `block`."""
        self._kernel.evaluate(self._prepared, block.rows, **outputs)
