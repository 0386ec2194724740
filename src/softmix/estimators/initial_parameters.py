"""Check `weights_init`, `means_init` and `precisions_init` as the user wrote them.

The messages name the parameter and its value, and keep scikit-learn's words, which users
search for.
"""

import numpy as np
from scipy.linalg import cho_factor
from sklearn.utils import check_array

from softmix.fit import Given
from softmix.parameters import FactorShape
from softmix.structures import Structure

# How scikit-learn's messages call the structures.
_SKLEARN_NAMES = {"VVV": "full", "EEE": "tied", "VVI": "diag", "VII": "spherical"}


def check_given(
    weights: object,
    means: object,
    precisions: object,
    n_components: int,
    n_features: int,
    structure: Structure,
) -> Given:
    """The validated start that the user gave, precisions as factors.

    Raises
    ------
    ValueError
        If a shape is wrong, weights are not proportions, or a precision is not positive.
    """
    return Given(
        None if weights is None else _weights(weights, n_components),
        None if means is None else _means(means, n_components, n_features),
        None if precisions is None else _factors(precisions, n_components, n_features, structure),
    )


def _weights(given: object, n_components: int) -> np.ndarray:
    weights = check_array(given, dtype=np.float64, ensure_2d=False, input_name="weights_init")
    _check_shape(weights, (n_components,), "weights", "weights_init")
    if weights.min() < 0 or weights.max() > 1:
        # scikit-learn prints the two bounds the other way round; its users' searches expect it.
        raise ValueError(
            f"weights_init must hold proportions, but its values go from {weights.min():.5f} to "
            f"{weights.max():.5f}. The parameter 'weights' should be in the range [0, 1], but got "
            f"max value {weights.min():.5f}, min value {weights.max():.5f}"
        )
    atol = 1e-6 if getattr(given, "dtype", None) == np.float32 else 1e-8
    if not np.allclose(weights.sum(), 1.0, atol=atol):
        raise ValueError(
            "weights_init must sum to 1. The parameter 'weights' should be normalized, but got "
            f"sum(weights) = {weights.sum():.5f}"
        )
    return weights / weights.sum()


def _means(given: object, n_components: int, n_features: int) -> np.ndarray:
    means = check_array(given, dtype=np.float64, ensure_2d=False, input_name="means_init")
    _check_shape(means, (n_components, n_features), "means", "means_init")
    return means


def _factors(given: object, n_components: int, n_features: int, structure: Structure) -> np.ndarray:
    name, shape = _SKLEARN_NAMES.get(structure.name, structure.name), structure.shape
    precisions = check_array(
        given, dtype=np.float64, ensure_2d=False, allow_nd=True, input_name="precisions_init"
    )
    _check_shape(
        precisions, shape.array_shape(n_components, n_features), f"{name} precision", "precisions_init"
    )
    if not shape.is_matrix:
        if (precisions <= 0).any():
            raise ValueError(
                f"precisions_init has the value {precisions.min():.5g}. '{name} precision' should be positive"
            )
        return np.sqrt(precisions)
    stack = precisions.reshape(-1, n_features, n_features)
    several = shape is FactorShape.FULL
    subjects = [f"precisions_init[{k}]" if several else "precisions_init" for k in range(len(stack))]
    factors = [_reversed_cholesky(p, name, subject) for p, subject in zip(stack, subjects, strict=True)]
    return np.stack(factors).reshape(precisions.shape)


def _reversed_cholesky(precision: np.ndarray, name: str, subject: str) -> np.ndarray:
    """F lower triangular with Fᵀ F = `precision`: a Cholesky factor from the last row up."""
    refusal = ValueError(f"{subject} is not. '{name} precision' should be symmetric, positive-definite")
    if not np.allclose(precision, precision.T, atol=1e-8 * np.abs(precision).max()):
        raise refusal
    try:
        upper, _ = cho_factor(precision[::-1, ::-1], lower=False)
    except np.linalg.LinAlgError:
        raise refusal from None
    return np.triu(upper)[::-1, ::-1]


def _check_shape(array: np.ndarray, expected: tuple[int, ...], word: str, parameter: str) -> None:
    if array.shape != expected:
        raise ValueError(
            f"{parameter} has the wrong shape. The parameter '{word}' should have the shape of "
            f"{expected}, but got {array.shape}"
        )
