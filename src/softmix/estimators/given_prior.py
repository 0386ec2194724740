"""Check `prior` as the user wrote it."""

from numbers import Real
from typing import Any

import numpy as np

from softmix.fit import PriorRequest
from softmix.parameters import FactorShape
from softmix.structures import Structure

_KEYS = ("shrinkage", "mean", "dof", "scale")


def check_prior(prior: Any, n_features: int, structure: Structure) -> PriorRequest | None:
    """The prior that is asked for: None, 'default', or a mapping with some of its four parts.

    Raises
    ------
    ValueError
        If a part is unknown, of a wrong shape, or out of range.
    """
    if prior is None:
        return None
    parts = {} if isinstance(prior, str) else dict(prior)
    if unknown := sorted(set(parts) - set(_KEYS), key=str):
        raise ValueError(f"prior has the unknown key {unknown[0]!r}. It may have {', '.join(_KEYS)}.")
    given = {name: value for name, value in parts.items() if value is not None}
    request: dict[str, Any] = {}
    if "shrinkage" in given:
        request["shrinkage"] = _at_least("shrinkage", given["shrinkage"], 0.0)
    if "dof" in given:
        # Below it an inverse Wishart is not a distribution.
        least = n_features - 1.0 if structure.shape.is_matrix else 0.0
        request["dof"] = _at_least("dof", given["dof"], least)
    if "mean" in given:
        request["mean"] = _array("mean", given["mean"], [(n_features,)])
    if "scale" in given:
        request["scale"] = _scale(given["scale"], n_features, structure.shape)
    return PriorRequest(**request)


def _at_least(name: str, value: Any, least: float) -> float:
    if not isinstance(value, Real) or not least <= float(value) < np.inf:
        raise ValueError(f"prior[{name!r}] must be a finite number from {least:g} up. Got {value!r}.")
    return float(value)


def _array(name: str, value: Any, shapes: list[tuple[int, ...]]) -> np.ndarray:
    array = np.asarray(value, dtype=np.float64)
    if array.shape not in shapes or not np.isfinite(array).all():
        raise ValueError(
            f"prior[{name!r}] must be finite, of shape {' or '.join(map(str, shapes))}. "
            f"Got {value!r}, of shape {array.shape}."
        )
    return array


def _scale(value: Any, d: int, shape: FactorShape) -> np.ndarray:
    scale = _array(
        "scale", value, [(d, d)] if shape.is_matrix else [(), (d,)] if shape == "diagonal" else [()]
    )
    eigenvalues = np.linalg.eigvalsh(scale) if shape.is_matrix else scale
    if not np.min(eigenvalues) > 0 or not np.allclose(scale, scale.T):
        raise ValueError(f"prior['scale'] must be positive, or symmetric, positive-definite. Got {value!r}.")
    return scale
