"""The noise component as the kernels see it: one Gaussian more, so wide that its density is constant.

Its precision factor is 0, so z = F (x − c) = 0 for every row, and its log-constant is
log π_0 − log V. What the kernel gives of K + 1 components becomes the statistics of K Gaussians and
the count of the noise.
"""

from functools import cached_property

import numpy as np

from softmix.parameters import FactorShape, GaussianParameters
from softmix.statistics import GaussianStatistics, StatisticsLayout


class _Components(GaussianParameters):
    """K Gaussians and, as component K, a constant log-density."""

    @cached_property
    def log_constants(self) -> np.ndarray:
        """log π_k + log |F_k| − ½ d log 2π, and log π_0 − log V of the noise, shape (K + 1,)."""
        assert self.noise is not None  # noqa: S101 (made by `as_component` alone)
        K = self.n_components - 1
        gaussians = GaussianParameters(self.weights[:K], self.means[:K], self.factors[:K], self.shape)
        return np.append(gaussians.log_constants, self.noise.log_joint)


def as_component(parameters: GaussianParameters) -> GaussianParameters:
    """`parameters` with their noise as the last component; themselves where there is none."""
    noise = parameters.noise
    if noise is None:
        return parameters
    K, d = parameters.means.shape
    factors, shape = parameters.factors, parameters.shape
    if shape is FactorShape.SHARED:
        factors, shape = np.broadcast_to(factors, (K, d, d)), FactorShape.FULL
    return _Components(
        np.append(parameters.weights, noise.weight),
        # Any centre will do: among the means, so that no digits are lost.
        np.concatenate([parameters.means, parameters.means[:1]]),
        np.concatenate([factors, np.zeros((1, *factors.shape[1:]))]),
        shape,
        noise,
    )


def without_component(statistics: GaussianStatistics, shape: FactorShape) -> GaussianStatistics:
    """The statistics of the K Gaussians of `shape`, and the noise's count, from those of K + 1 components."""
    whole = statistics.layout
    K, d = whole.n_components - 1, whole.n_features
    layout = StatisticsLayout(shape, K, d, noise=True)
    values = np.empty(layout.size)
    split = GaussianStatistics(statistics.centers[:K], layout, values)
    split.count[...], split.sum[...] = statistics.count[:K], statistics.sum[:K]
    shared = shape is FactorShape.SHARED
    scatter = statistics.scatter[:K]
    split.scatter[...] = scatter.sum(axis=0, keepdims=True) if shared else scatter
    values[layout.scatter_stop] = statistics.count[K]
    values[-3:] = statistics.values[-3:]
    return split
