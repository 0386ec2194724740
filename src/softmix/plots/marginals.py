"""Covariances of a fitted mixture in some of its columns, as matrices whatever the structure."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from softmix.parameters import FactorShape
from softmix.structures import STRUCTURES


def marginal_covariances(estimator: Any, columns: Sequence[int]) -> np.ndarray:
    """Each component's covariance of the given columns, shape (K, m, m), float64.

    The marginal of a Gaussian keeps the rows and columns of its covariance.
    """
    covariances = np.asarray(estimator.covariances_, dtype=np.float64)
    n_components = len(estimator.means_)
    m = len(columns)
    shape = STRUCTURES[estimator.covariance_type].shape
    if shape is FactorShape.FULL:
        return covariances[np.ix_(range(n_components), columns, columns)]
    if shape is FactorShape.SHARED:
        return np.broadcast_to(covariances[np.ix_(columns, columns)], (n_components, m, m))
    variances = covariances[:, columns] if shape is FactorShape.DIAGONAL else covariances[:, None]
    return variances[:, :, None] * np.eye(m)


def standard_deviations(estimator: Any) -> np.ndarray:
    """Each component's standard deviation of every column, shape (K, d), float64."""
    covariances = np.asarray(estimator.covariances_, dtype=np.float64)
    K, d = estimator.means_.shape
    shape = STRUCTURES[estimator.covariance_type].shape
    if shape in (FactorShape.FULL, FactorShape.SHARED):
        covariances = np.diagonal(covariances, axis1=-2, axis2=-1)
    elif shape is FactorShape.SCALAR:
        covariances = covariances[:, None]
    return np.sqrt(np.broadcast_to(covariances, (K, d)))
