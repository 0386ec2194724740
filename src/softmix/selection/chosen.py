"""A fit of the grid as the GaussianMixture that would have made it."""

from typing import Any

import numpy as np

from softmix.blocks import ArrayBlocks, Source
from softmix.blocks.incomplete import IncompleteArray
from softmix.estimators.fitted import get_parameters, set_attributes
from softmix.estimators.gaussian_mixture import GaussianMixture
from softmix.fit import FitResult
from softmix.selection.settings import Cell
from softmix.sweep import ThreadSweep, resolve_n_jobs


def as_estimator(
    cell: Cell, result: FitResult, source: Source, parameters: dict[str, Any], columns: dict[str, Any]
) -> GaussianMixture:
    """A fitted GaussianMixture.

    Parameters
    ----------
    cell : Cell
    result : FitResult
    source : Source
        The rows that were fitted.
    parameters : dict
        The other parameters of the GaussianMixture.
    columns : dict
        `n_features_in_`, and `feature_names_in_` where there are names.
    """
    model = GaussianMixture(
        cell.n_components,
        covariance_type=cell.covariance_type,
        noise=cell.noise_given,
        prior=cell.prior_given,
        **parameters,
    )
    model.__dict__.update(columns)
    best = result.best
    set_attributes(model, best.parameters, source.dtype)
    model.converged_, model.n_iter_, model.lower_bounds_ = best.converged, best.n_iter, best.trace
    model.fit_report_ = result.report
    model.n_samples_seen_ = source.total_weight
    outputs: dict[str, np.ndarray] = {}
    if isinstance(source, ArrayBlocks | IncompleteArray):
        model.labels_ = outputs["labels"] = np.empty(source.n_rows, dtype=np.int64)
    with ThreadSweep(source, resolve_n_jobs(model.n_jobs)) as sweep:
        stored = get_parameters(model, cell.structure.shape)
        model.lower_bound_ = sweep.log_likelihood(stored, **outputs) / source.total_weight
    return model
