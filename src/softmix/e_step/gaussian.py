"""E-step of a Gaussian mixture: one block and the parameters give statistics.

    r_ik = π_k N(x_i; μ_k, Σ_k) / Σ_l π_l N(x_i; μ_l, Σ_l)

The kernel makes responsibilities and statistics in one pass, about the current means.
Dempster, Laird & Rubin (1977).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from softmix.blocks import Block
from softmix.e_step.with_noise import as_component, without_component
from softmix.kernels import kernel
from softmix.parameters import GaussianParameters
from softmix.statistics import GaussianStatistics
from softmix.statistics.gaussian import layout_of

NOISE = -1  # the label of a row that belongs to no cluster
# Multiply-adds of one call of the kernel, which Ctrl-C must wait for: some tenths of a second.
_INTERRUPTIBLE, _MIN_ROWS = 1 << 32, 96


class GaussianEStep:
    """The E-step for fixed parameters: call it with a block, as often as there are blocks.

    Parameters
    ----------
    parameters : GaussianParameters
    dtype : dtype of the blocks, float64 or float32
    """

    def __init__(self, parameters: GaussianParameters, dtype: np.dtype) -> None:
        self._kernel = kernel()
        components = as_component(parameters)
        self._shape, self._noise = parameters.shape, parameters.noise
        self._prepared = self._kernel.prepare(components, dtype)
        self._layout = layout_of(components.shape, *components.means.shape)
        self._step = max(_INTERRUPTIBLE // (components.n_components * components.n_features**2), _MIN_ROWS)

    def __call__(self, block: Block) -> GaussianStatistics:
        """The statistics of `block`, about the (rounded) means of the parameters."""
        values = np.zeros(self._layout.size)
        rows, weights = block.counted()
        for part in self._parts(len(rows)):
            part_weights = None if weights is None else weights[part]
            self._kernel.accumulate(self._prepared, rows[part], part_weights, values)
        statistics = GaussianStatistics(self._prepared.centers, self._layout, values)
        return statistics if self._noise is None else without_component(statistics, self._shape)

    def of_all(
        self, rows: np.ndarray, weights: np.ndarray | None, block: int, team: Any
    ) -> GaussianStatistics | None:
        """The sum over blocks of so many rows, which the threads of `team` share; None where there is noise.

        `rows` are C-contiguous, and no weight is 0. The bits are those of a `TreeSum` of the blocks.
        """
        if self._noise is not None:
            return None
        values = np.empty(self._layout.size)
        self._kernel.accumulate_all(self._prepared, rows, weights, block, self._step, values, team)
        return GaussianStatistics(self._prepared.centers, self._layout, values)

    def evaluate(self, block: Block, **outputs: np.ndarray) -> None:
        """Fill any of log_norm (n,), resp (n, K), labels (n,), log_joint (n, K) for `block`.

        Where there is noise, K is one more: the noise is the last, and its label −1.
        """
        for part in self._parts(len(block.rows)):
            these = {name: output[part] for name, output in outputs.items()}
            self._kernel.evaluate(self._prepared, block.rows[part], **these)
            if self._noise is not None and (labels := these.get("labels")) is not None:
                labels[labels == self._layout.n_components - 1] = NOISE

    def _parts(self, n_rows: int) -> Iterator[slice]:
        """The rows of one call of the kernel after the other."""
        return (slice(start, start + self._step) for start in range(0, n_rows, self._step))
