"""The noise component of a fit: what the user asked for, and the box that the rows fill.

Noise is uniform over the data's hypervolume, the smaller of two boxes that hold every row: along
the columns, and along the principal components. It does not change while EM runs; its weight does.

    log V = Σ_j log(largest − smallest score along axis j)     (Dasgupta & Raftery 1998)

Principal components are those of columns in units of their own standard deviations, so that V
follows any change of units; where a structure follows rotations, of the columns as they are.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from softmix.blocks import Block
from softmix.fit.spread import Spread, measure_spread
from softmix.parameters import FactorShape, Noise
from softmix.parameters.gaussian import LOG_2PI, invert_triangular
from softmix.structures import Equivariance, Structure
from softmix.sweep import ThreadSweep

# Covariances are kept to this many decimals: what other units, another order of the rows or repeated
# ones leave of equal numbers. Axes would magnify the rest.
_DECIMALS = 9
# In place of a floor of 0, which collapses are told by later.
_NO_FLOOR = 1e-60


@dataclass(frozen=True, eq=False)
class NoiseRequest:
    """What the user said of the noise: the rows that begin as noise, their share, or neither."""

    mask: np.ndarray | None = None  # (n,), booleans
    share: float | None = None
    guessed: bool = False


@dataclass(eq=False)
class _Extent:
    """The smallest and largest score along each of several axes; `+` is their union."""

    low: np.ndarray
    high: np.ndarray

    def __add__(self, other: "_Extent") -> "_Extent":
        return _Extent(np.minimum(self.low, other.low), np.maximum(self.high, other.high))

    def __iadd__(self, other: "_Extent") -> Self:
        np.minimum(self.low, other.low, out=self.low)
        np.maximum(self.high, other.high, out=self.high)
        return self


def measure_noise(sweep: ThreadSweep, structure: Structure, spread: Spread, reg_covar: float) -> Noise:
    """Noise over the box of all rows of positive weight, as yet without a weight of its own.

    An axis along which the rows do not differ is as long as makes the noise as dense there as a
    component that the covariance floor holds, so that it is as if the axis were left out.
    """
    if spread.factor.ndim != 2:
        spread = measure_spread(sweep, FactorShape.FULL)
    rotates = structure.equivariance is Equivariance.ROTATIONS
    units = np.full(spread.scale.shape, spread.scale.max()) if rotates else spread.scale
    variances, axes = _principal(spread, units)
    every = np.concatenate([np.eye(len(units)), axes.T]) / units  # 2 d axes: columns, then components
    extent = _measure(sweep, spread.mean, every)
    spreads = np.r_[(spread.scale / units) ** 2, np.maximum(variances, 0.0)]
    floor = np.sqrt(np.exp(LOG_2PI) * max(reg_covar, _NO_FLOOR) * spreads)
    lengths, low = np.maximum(extent.high - extent.low, floor), extent.low
    columns, components = np.split(np.log(lengths), 2)
    first = slice(0, len(units)) if columns.sum() <= components.sum() else slice(len(units), None)
    directions = np.concatenate([np.eye(len(units)), axes.T])[first] * units
    box = np.concatenate([[spread.mean + low[first] @ directions], lengths[first, None] * directions])
    log_volume = np.log(lengths[first]).sum() + np.log(units).sum()
    return Noise(0.0, -float(log_volume), box)


def _principal(spread: Spread, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Variances (d,) and axes (d, d), in columns, of the principal components in `units`."""
    roots = invert_triangular(spread.factor) / units[:, None]
    return np.linalg.eigh((roots @ roots.T).round(_DECIMALS))


def _measure(sweep: ThreadSweep, mean: np.ndarray, axes: np.ndarray) -> _Extent:
    def of_block(_: slice, block: Block) -> _Extent:
        rows, _weights = block.counted()
        if not len(rows):
            return _Extent(np.full(len(axes), np.inf), np.full(len(axes), -np.inf))
        scores = (rows.astype(np.float64) - mean) @ axes.T
        return _Extent(scores.min(axis=0), scores.max(axis=0))

    return sweep.add_up(of_block)
