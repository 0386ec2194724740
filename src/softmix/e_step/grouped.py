"""E-step of rows in groups: each row sees the components of its group alone."""

import numpy as np

from softmix.kernels import RowGroups, kernel
from softmix.parameters import GaussianParameters
from softmix.statistics import GaussianStatistics, StatisticsLayout


class GroupedEStep:
    """The E-step for fixed parameters: call it with rows, their weights and their groups.

    Parameters
    ----------
    parameters : GaussianParameters
    dtype : dtype of the rows, float64 or float32
    """

    def __init__(self, parameters: GaussianParameters, dtype: np.dtype) -> None:
        self._kernel = kernel()
        self._prepared = self._kernel.prepare_groups(parameters, dtype)
        self._layout = StatisticsLayout(parameters.shape, *parameters.means.shape)

    def __call__(
        self, rows: np.ndarray, row_weights: np.ndarray | None, groups: RowGroups
    ) -> GaussianStatistics:
        """The statistics of `rows` (C-contiguous), about the (rounded) means of the parameters."""
        values = np.zeros(self._layout.size)
        self._kernel.accumulate_groups(self._prepared, rows, row_weights, groups, values)
        return GaussianStatistics(self._prepared.centers, self._layout, values)
