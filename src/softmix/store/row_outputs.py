"""What a mixture says of each row, as columns; row by row, so that any number of rows can be said of."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from softmix.blocks.incomplete import array_blocks
from softmix.e_step import conditional_means
from softmix.estimators.fitted import get_parameters, membership_names
from softmix.structures import STRUCTURES
from softmix.sweep import ThreadSweep, resolve_n_jobs

RowOutputs = Callable[[Any, np.ndarray], dict[str, np.ndarray]]


def predictions(model: Any, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Label, memberships, uncertainty and log-density of `rows`."""
    n, names = len(rows), membership_names(model)
    labels = np.empty(n, np.int64)
    resp, log_density = np.empty((n, len(names)), rows.dtype), np.empty(n, rows.dtype)
    parameters = get_parameters(model, STRUCTURES[model.covariance_type].shape)
    with ThreadSweep(array_blocks(rows), resolve_n_jobs(model.n_jobs)) as sweep:
        sweep.evaluate(parameters, labels=labels, resp=resp, log_norm=log_density)
    memberships = {f"membership_{name}": values.copy() for name, values in zip(names, resp.T, strict=True)}
    return {
        "label": labels,
        **memberships,
        "uncertainty": 1.0 - resp.max(axis=1),
        "log_density": log_density,
    }


def imputed(model: Any, rows: np.ndarray) -> dict[str, np.ndarray]:
    """`rows` with the conditional means in place of missing values, by the names of the columns."""
    parameters = get_parameters(model, STRUCTURES[model.covariance_type].shape)
    names = getattr(model, "feature_names_in_", [f"x{j}" for j in range(rows.shape[1])])
    columns = conditional_means(parameters, rows).T
    return {str(name): np.ascontiguousarray(values) for name, values in zip(names, columns, strict=True)}


def embedding(model: Any, rows: np.ndarray) -> dict[str, np.ndarray]:
    """The coordinates of `rows` in the embedding of `model`."""
    names = getattr(model, "feature_names_in_", None)
    # Named as the model was fitted.
    X = rows if names is None else pa.table(dict(zip(names, np.ascontiguousarray(rows.T), strict=True)))
    coordinates = np.asarray(model.transform(X))
    outputs = zip(model.get_feature_names_out(), coordinates.T, strict=True)
    return {str(name): np.ascontiguousarray(values) for name, values in outputs}
