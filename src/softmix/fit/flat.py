"""Values of a fit as named arrays and plain JSON, and back to the same bits.

Arrays go by number into a dictionary; all else becomes lists, dictionaries and scalars. Kinds of
values are told by the names of their classes, of which only those given are ever made: reading
runs no code of the file's choosing.
"""

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from enum import Enum
from numbers import Integral, Real
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]


def flatten(value: Any) -> tuple[Arrays, Any]:
    """`value`, of dataclasses, enums, arrays, lists, tuples, dictionaries and scalars, as (arrays, JSON)."""
    arrays: Arrays = {}
    return arrays, _flat(value, arrays)


def unflatten(arrays: Arrays, plain: Any, classes: Iterable[type]) -> Any:
    """The value that `flatten` was given; its dataclasses and enums are among `classes`.

    Raises
    ------
    ValueError, TypeError, KeyError
        If `plain` is not what `flatten` gives of such values.
    """
    return _value(plain, arrays, {one.__name__: one for one in classes})


def _flat(value: Any, arrays: Arrays) -> Any:  # noqa: PLR0911 (one for each kind)
    if isinstance(value, Enum):
        return {"enum": type(value).__name__, "value": value.value}
    if isinstance(value, np.ndarray):
        return {"array": _stored(value, arrays)}
    if isinstance(value, dict):
        return {"dict": [[_flat(key, arrays), _flat(part, arrays)] for key, part in value.items()]}
    if isinstance(value, (list, tuple)):
        # Traces are long; as JSON they would be three times as long.
        if isinstance(value, list) and value and all(isinstance(part, float) for part in value):
            return {"floats": _stored(np.array(value), arrays)}
        return {type(value).__name__: [_flat(part, arrays) for part in value]}
    if is_dataclass(value):
        parts = {field.name: _flat(getattr(value, field.name), arrays) for field in fields(value)}
        return {"is": type(value).__name__, "parts": parts}
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    raise TypeError(f"cannot keep a {type(value).__name__}")


def _stored(array: np.ndarray, arrays: Arrays) -> str:
    name = str(len(arrays))
    arrays[name] = array
    return name


def _value(plain: Any, arrays: Arrays, classes: dict[str, type]) -> Any:  # noqa: PLR0911 (one for each kind)
    if not isinstance(plain, dict):
        return plain
    match plain:
        case {"array": name}:
            return arrays[name]
        case {"floats": name}:
            return arrays[name].tolist()
        case {"dict": items}:
            return {_value(k, arrays, classes): _value(part, arrays, classes) for k, part in items}
        case {"list": parts}:
            return [_value(part, arrays, classes) for part in parts]
        case {"tuple": parts}:
            return tuple(_value(part, arrays, classes) for part in parts)
        case {"enum": name, "value": value}:
            return classes[name](value)
        case {"is": name, "parts": parts}:
            return classes[name](**{key: _value(part, arrays, classes) for key, part in parts.items()})
    raise ValueError(f"no kind of value: {', '.join(map(str, plain))}")
