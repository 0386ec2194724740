"""Between an estimator's public attributes and the frozen parameters of the layers below.

The public attributes are the state: a user may set `weights_`, `means_` and
`precisions_cholesky_` and so build a model from known parameters.
"""

from typing import Any

import numpy as np

from softmix.parameters import FactorShape, GaussianParameters, Noise
from softmix.parameters.gaussian import triangular_root

NOISE_ATTRIBUTES = ("noise_weight_", "noise_log_density_", "noise_box_")


def set_attributes(estimator: Any, parameters: GaussianParameters, dtype: np.dtype) -> None:
    """Store `parameters` in scikit-learn's attributes, in the dtype of the data."""
    factors = parameters.factors
    estimator.weights_ = parameters.weights.astype(dtype)
    estimator.means_ = parameters.means.astype(dtype)
    estimator.covariances_ = parameters.covariances().astype(dtype)
    estimator.precisions_ = parameters.precisions().astype(dtype)
    upper = factors.swapaxes(-1, -2) if parameters.shape.is_matrix else factors
    estimator.precisions_cholesky_ = upper.astype(dtype)
    _set_noise(estimator, parameters.noise)


def _set_noise(estimator: Any, noise: Noise | None) -> None:
    for name in NOISE_ATTRIBUTES:
        estimator.__dict__.pop(name, None)
    if noise is not None:
        estimator.noise_weight_, estimator.noise_log_density_ = noise.weight, noise.log_density
        estimator.noise_box_ = noise.box


def get_parameters(estimator: Any, shape: FactorShape) -> GaussianParameters:
    """The parameters that the attributes hold.

    Raises
    ------
    ValueError
        If their shapes do not belong together.
    """
    weights = np.asarray(estimator.weights_, dtype=np.float64)
    means = np.asarray(estimator.means_, dtype=np.float64)
    roots = np.asarray(estimator.precisions_cholesky_, dtype=np.float64)
    if means.ndim != 2:
        raise ValueError(f"means_ must have the shape (n_components, n_features). Got {means.shape}.")
    _check_shape("weights_", weights, means.shape[:1])
    _check_shape("precisions_cholesky_", roots, shape.array_shape(*means.shape))
    factors = _lower(roots) if shape.is_matrix else np.abs(roots)
    return GaussianParameters(weights, means, factors, shape, _get_noise(estimator))


def _get_noise(estimator: Any) -> Noise | None:
    if not has_noise(estimator):
        return None
    log_density, box = float(estimator.noise_log_density_), np.asarray(estimator.noise_box_, dtype=np.float64)
    d = np.shape(estimator.means_)[1]
    _check_shape("noise_box_", box, (d + 1, d))
    return Noise(float(estimator.noise_weight_), log_density, box)


def has_noise(estimator: Any) -> bool:
    """Whether a fitted mixture has a noise component."""
    return hasattr(estimator, "noise_weight_")


def n_memberships(estimator: Any) -> int:
    """Columns of `predict_proba`: one a Gaussian, and the noise's, the last."""
    return len(estimator.weights_) + has_noise(estimator)


def membership_names(estimator: Any) -> list[str]:
    """What the columns of `predict_proba` are called: '0', '1', …, 'noise'."""
    return [*map(str, range(len(estimator.weights_))), *(["noise"] if has_noise(estimator) else [])]


def holds(estimator: Any, parameters: GaussianParameters) -> bool:
    """Whether the attributes are still those that `set_attributes` made of `parameters`."""
    factors = parameters.factors
    upper = factors.swapaxes(-1, -2) if parameters.shape.is_matrix else factors
    stored = {"weights_": parameters.weights, "means_": parameters.means, "precisions_cholesky_": upper}
    return all(_is_as_stored(getattr(estimator, name), array) for name, array in stored.items())


def _is_as_stored(attribute: Any, array: np.ndarray) -> bool:
    found = np.asarray(attribute)
    return np.array_equal(found, array.astype(found.dtype))


def _lower(roots: np.ndarray) -> np.ndarray:
    """Factors F = Pᵀ; any P with P Pᵀ = Σ⁻¹ is welcome, a lower triangular one too."""
    factors = np.ascontiguousarray(roots.swapaxes(-1, -2))
    upright = (np.diagonal(factors, axis1=-2, axis2=-1) > 0).all()
    return factors if upright and not np.triu(factors, 1).any() else triangular_root(factors)


def _check_shape(name: str, array: np.ndarray, expected: tuple[int, ...]) -> None:
    if array.shape != expected:
        raise ValueError(f"{name} must have the shape {expected}, to go with means_. Got {array.shape}.")
