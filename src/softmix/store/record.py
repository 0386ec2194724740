"""A fitted GaussianMixture as plain arrays and scalars, and back.

Nothing that is read is trusted: names, kinds, shapes, dtypes and ranges are checked before a
model is made of them. `RecordError` says what was found and what is needed.
"""

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from softmix.estimators.fitted import has_noise
from softmix.estimators.gaussian_mixture import GaussianMixture
from softmix.parameters import FactorShape
from softmix.structures import STRUCTURES

_ESSENTIAL = ("weights_", "means_", "precisions_cholesky_")
_DERIVED = ("covariances_", "precisions_")
_INITIAL = ("weights_init", "means_init", "precisions_init")
_TRACE = "lower_bounds_"
_NOISE_BOX = "noise_box_"
# Weights are stored in the model's dtype: float32 and many components sum to one only so well.
_SUM_TOLERANCE = 1e-3


class RecordError(ValueError):
    """The arrays and scalars are not those of a fitted model."""


@dataclass(frozen=True, eq=False)
class Record:
    """What a model file holds: named arrays, and scalars that JSON can write."""

    arrays: dict[str, np.ndarray]
    scalars: dict[str, Any]


def to_record(model: GaussianMixture) -> Record:
    """The constructor parameters and fitted attributes of `model`.

    Raises
    ------
    RecordError
        If an attribute was set to something that could not be loaded again.
    """
    params = model.get_params(deep=False)
    for name in ("checkpoint", "checkpoint_every"):  # of this machine, and of how long this fit took
        del params[name]
    names = (*_ESSENTIAL, *_DERIVED)
    arrays = {name: np.asarray(getattr(model, name)) for name in names if hasattr(model, name)}
    arrays |= {name: _initial(params.pop(name)) for name in _INITIAL if params[name] is not None}
    if hasattr(model, _TRACE):
        arrays[_TRACE] = np.asarray(model.lower_bounds_, dtype=np.float64)
    if has_noise(model):
        arrays[_NOISE_BOX] = np.asarray(model.noise_box_, dtype=np.float64)
    columns = getattr(model, "feature_names_in_", None)
    scalars = {
        "params": {name: _plain(value) for name, value in params.items() if name not in _INITIAL},
        "converged": bool(getattr(model, "converged_", False)),
        "n_iter": int(getattr(model, "n_iter_", 0)),
        "lower_bound": float(model.lower_bound_) if hasattr(model, "lower_bound_") else None,
        "feature_names": None if columns is None else [str(name) for name in columns],
        "stream": _stream(model),
    }
    if has_noise(model):
        scalars["noise"] = {
            "weight": float(model.noise_weight_),
            "log_density": float(model.noise_log_density_),
        }
    record = Record(arrays, scalars)
    from_record(record)
    return record


def from_record(record: Record) -> GaussianMixture:
    """The model that `record` describes.

    Raises
    ------
    RecordError
        If anything in it is missing, foreign, or out of range.
    """
    arrays, scalars = dict(record.arrays), dict(record.scalars)
    model = _unfitted(scalars.pop("params", None), {n: arrays.pop(n) for n in _INITIAL if n in arrays})
    trace, box = arrays.pop(_TRACE, None), arrays.pop(_NOISE_BOX, None)
    _set_noise(model, scalars.pop("noise", None), box)
    _check_parameters(arrays, model.n_components, model.covariance_type, getattr(model, "noise_weight_", 0.0))
    for name, array in arrays.items():
        setattr(model, name, array)
    model.n_features_in_ = d = model.means_.shape[1]
    _require(box is None or box.shape == (d + 1, d), f"{_NOISE_BOX} does not go with {d} columns")
    if trace is not None:
        model.lower_bounds_ = _trace(trace)
    _set_scalars(model, scalars)
    return model


def _stream(model: GaussianMixture) -> dict[str, float] | None:
    """What `partial_fit` must know of the rows that were seen."""
    if not hasattr(model, "n_samples_seen_"):
        return None
    seen = float(model.n_samples_seen_)
    return {"seen": seen, "began": float(model.__dict__.get("_began", seen))}


def _initial(value: Any) -> np.ndarray:
    return np.asarray(value, dtype=np.float64)


def _plain(value: Any) -> Any:
    """A constructor parameter as JSON can hold it; a random generator is not kept."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        array = np.asarray(value)
        return array.tolist() if array.dtype == bool else array.astype(np.float64).tolist()
    return float(value) if isinstance(value, Real) else None


def _unfitted(params: Any, initial: dict[str, np.ndarray]) -> GaussianMixture:
    _require(isinstance(params, dict), "the constructor parameters are missing")
    unknown = sorted(set(params) - (set(GaussianMixture().get_params()) - set(_INITIAL)))
    _require(not unknown, f"unknown constructor parameters: {', '.join(map(repr, unknown))}")
    _require(isinstance(params.get("n_components"), int), "'n_components' is missing")
    model = GaussianMixture(**{**params, **initial})
    try:
        model._validate_params()  # noqa: SLF001 (scikit-learn's, as its own tools call it)
    except ValueError as error:
        raise RecordError(str(error)) from error
    return model


def _set_noise(model: GaussianMixture, scalars: Any, box: np.ndarray | None) -> None:
    _require((scalars is None) == (box is None), f"the noise has only one of its numbers and {_NOISE_BOX}")
    if scalars is None or box is None:
        return
    names = {"weight", "log_density"}
    numbers = isinstance(scalars, dict) and set(scalars) == names
    _require(
        numbers and all(isinstance(v, float) and np.isfinite(v) for v in scalars.values()),
        "the noise's weight and log-density are not two numbers",
    )
    _require(0.0 <= scalars["weight"] <= 1.0 + _SUM_TOLERANCE, "the noise's weight is not a share")
    _require(box.dtype == np.float64 and bool(np.isfinite(box).all()), f"{_NOISE_BOX} is not finite float64")
    model.noise_weight_, model.noise_log_density_ = scalars["weight"], scalars["log_density"]
    model.noise_box_ = box


def _check_parameters(
    arrays: dict[str, np.ndarray], n_components: int, covariance_type: str, noise_weight: float
) -> None:
    missing = [name for name in _ESSENTIAL if name not in arrays]
    _require(not missing, f"missing arrays: {', '.join(missing)}")
    unknown = sorted(set(arrays) - {*_ESSENTIAL, *_DERIVED})
    _require(not unknown, f"unknown arrays: {', '.join(map(repr, unknown))}")
    dtypes = {array.dtype for array in arrays.values()}
    _require(
        len(dtypes) == 1 and dtypes <= {np.dtype("f8"), np.dtype("f4")},
        f"arrays of {', '.join(sorted(map(str, dtypes)))}; one of float64 and float32 is needed",
    )
    K, means = n_components, arrays["means_"]
    _require(means.ndim == 2 and means.shape[1] > 0, f"means_ has shape {means.shape}")
    shape = STRUCTURES[covariance_type].shape
    matrices = _matrices_shape(shape, K, means.shape[1])
    for name, array in arrays.items():
        needed = {"weights_": (K,), "means_": (K, means.shape[1])}.get(name, matrices)
        _require(array.shape == needed, f"{name} has shape {array.shape}; {needed} is needed")
        # A covariance may over- or underflow float32 where its factor does not.
        sound = ~np.isnan(array) if name in _DERIVED else np.isfinite(array)
        _require(bool(sound.all()), f"{name} has values that are not finite")
    _check_weights(arrays["weights_"], noise_weight)
    _check_factors(arrays["precisions_cholesky_"], shape)


def _matrices_shape(shape: FactorShape, K: int, d: int) -> tuple[int, ...]:
    return {
        FactorShape.FULL: (K, d, d),
        FactorShape.SHARED: (d, d),
        FactorShape.DIAGONAL: (K, d),
        FactorShape.SCALAR: (K,),
    }[shape]


def _check_weights(weights: np.ndarray, noise_weight: float) -> None:
    _require(bool((weights >= 0).all()), "weights_ has negative values")
    total = float(weights.sum(dtype=np.float64)) + noise_weight
    with_noise = " with that of the noise" if noise_weight else ""
    _require(abs(total - 1.0) <= _SUM_TOLERANCE, f"weights_ sums to {total:g}{with_noise}, not to 1")


def _check_factors(factors: np.ndarray, shape: FactorShape) -> None:
    if shape in (FactorShape.DIAGONAL, FactorShape.SCALAR):
        _require(bool((factors > 0).all()), "precisions_cholesky_ has values that are not positive")
        return
    diagonal = np.diagonal(factors, axis1=-2, axis2=-1)
    _require(bool((diagonal > 0).all()), "precisions_cholesky_ has a diagonal that is not positive")
    _require(not np.tril(factors, -1).any(), "precisions_cholesky_ is not upper triangular")


def _trace(trace: np.ndarray) -> list[float]:
    _require(trace.dtype == np.float64 and trace.ndim == 1, f"{_TRACE} is not a list of float64")
    return trace.tolist()


def _set_scalars(model: GaussianMixture, scalars: dict[str, Any]) -> None:
    converged, n_iter, bound, names = map(
        scalars.get, ("converged", "n_iter", "lower_bound", "feature_names")
    )
    if not isinstance(converged, bool):
        raise RecordError("'converged' is not true or false")
    if type(n_iter) is not int or n_iter < 0:
        raise RecordError("'n_iter' is not a count")
    model.converged_, model.n_iter_ = converged, n_iter
    if bound is not None:
        _require(isinstance(bound, float), "'lower_bound' is not a number")
        model.lower_bound_ = bound
    if (stream := scalars.get("stream")) is not None:
        _require(_is_stream(stream), "'stream' is not the weights of the rows that were seen")
        model.n_samples_seen_, model._began = stream["seen"], stream["began"]  # noqa: SLF001
    if names is not None:
        model.feature_names_in_ = _feature_names(names, model.n_features_in_)


def _is_stream(stream: Any) -> bool:
    return (
        isinstance(stream, dict)
        and stream.keys() == {"seen", "began"}
        and all(isinstance(weight, float) and 0.0 < weight < np.inf for weight in stream.values())
    )


def _feature_names(names: Any, n_features: int) -> np.ndarray:
    _require(
        isinstance(names, list) and all(isinstance(name, str) for name in names), "column names are not text"
    )
    _require(len(names) == n_features, f"{len(names)} column names for {n_features} columns")
    _require(len(set(names)) == len(names), "column names repeat")
    return np.array(names, dtype=object)


def _require(condition: bool, finding: str) -> None:
    if not condition:
        raise RecordError(finding)
