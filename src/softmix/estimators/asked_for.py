"""What a fit is asked for, from the parameters of an estimator and the rows that it is given."""

from typing import Any

import numpy as np

from softmix.blocks import Source
from softmix.blocks.scan import Scan
from softmix.estimators.checkpointed import check_interval, seed_in_words
from softmix.estimators.fitted import get_parameters, has_noise
from softmix.estimators.given_memberships import with_resp
from softmix.estimators.given_noise import asks_noise, check_noise, refuse_noise_beside_missing
from softmix.estimators.given_prior import check_prior
from softmix.estimators.initial_parameters import check_given
from softmix.estimators.missing_values import array_source, validated
from softmix.estimators.scanned import scan_to_fit
from softmix.fit import Checkpoint, FitPlan, Resumed
from softmix.structures import STRUCTURES, UNIVARIATE


def source_to_fit(estimator: Any, X: Any, sample_weight: Any) -> Source:
    if isinstance(X, Scan):
        return scan_to_fit(estimator, X, sample_weight)
    X = validated(estimator, X, allow_nan=estimator.missing is not None, ensure_min_samples=2)
    source = array_source(estimator, X, sample_weight)
    weights = source.row_weights()
    n_counted = source.n_rows if weights is None else int(np.count_nonzero(weights))
    if n_counted < estimator.n_components:
        raise ValueError(
            f"Expected n_samples >= n_components but got n_components = {estimator.n_components}, "
            f"n_samples = {n_counted}" + ("" if sample_weight is None else " with positive sample_weight")
        )
    return source


def plan_for(estimator: Any, source: Source) -> FitPlan:
    n_features = source.n_features
    if estimator.covariance_type in UNIVARIATE and n_features != 1:
        raise ValueError(
            f"covariance_type={estimator.covariance_type!r} is mclust's name for data of one column, but X "
            f"has {n_features}. Take one of three letters, such as 'EEE' or 'VVV'."
        )
    if estimator.weights == "equal" and estimator.weights_init is not None:
        raise ValueError("weights_init is given, but weights='equal' holds all weights at 1 / K. Drop one.")
    refuse_noise_beside_missing(estimator.noise, estimator.missing)
    noise = check_noise(estimator.noise, source, estimator.n_components, estimator.resp_init)
    return FitPlan(
        structure=STRUCTURES[estimator.covariance_type],
        n_components=estimator.n_components,
        tol=estimator.tol,
        reg_covar=estimator.reg_covar,
        max_iter=estimator.max_iter,
        n_init=estimator.n_init,
        init_params=estimator.init_params,
        acceleration=estimator.acceleration,
        given=with_resp(
            check_given(
                estimator.weights_init,
                estimator.means_init,
                estimator.precisions_init,
                estimator.n_components,
                n_features,
                STRUCTURES[estimator.covariance_type],
            ),
            estimator.resp_init,
            source,
            estimator.n_components,
            noise=noise is not None,
        ),
        prior=check_prior(estimator.prior, n_features, STRUCTURES[estimator.covariance_type]),
        equal_weights=estimator.weights == "equal",
        noise=noise,
        resumed=_resumed(estimator, n_features),
    )


def _resumed(estimator: Any, n_features: int) -> Resumed | None:
    if not (estimator.warm_start and hasattr(estimator, "converged_")):
        return None
    check_goes_on(estimator, "warm_start=True", n_features)
    history = [*getattr(estimator, "_recent_bounds", ()), getattr(estimator, "lower_bound_", np.nan)]
    return Resumed(get_parameters(estimator, STRUCTURES[estimator.covariance_type].shape), history)


def check_goes_on(estimator: Any, caller: str, n_features: int) -> None:
    found = np.shape(estimator.means_), np.shape(estimator.precisions_cholesky_)
    needed = (estimator.n_components, n_features)
    structure = STRUCTURES[estimator.covariance_type]
    same = getattr(estimator, "_fitted_structure", structure.name) == structure.name
    if not same or found != (needed, structure.shape.array_shape(*needed)):
        raise ValueError(
            f"{caller} goes on from the last fit, with means_ of shape {found[0]} and "
            f"precisions_cholesky_ of shape {found[1]}, but now n_components={estimator.n_components}, X has "
            f"{n_features} features and covariance_type={estimator.covariance_type!r}. "
            "Keep all three, or begin anew (warm_start=False, fit)."
        )
    asked = asks_noise(estimator.noise)
    if asked != has_noise(estimator):
        raise ValueError(
            f"{caller} goes on from the last fit, {'without' if asked else 'with'} a noise component, "
            f"but now noise={estimator.noise!r}. Leave it as it was, or begin anew (warm_start=False, fit)."
        )


def checkpoint_of(estimator: Any) -> Checkpoint | None:
    interval = check_interval(estimator.checkpoint_every)
    if estimator.checkpoint is None:
        return None
    from softmix.store import CheckpointOnDisk  # noqa: PLC0415 (a consumer, above this layer)

    return Checkpoint(CheckpointOnDisk(estimator.checkpoint), interval, seed_in_words(estimator.random_state))
