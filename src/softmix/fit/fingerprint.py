"""What tells one fit from another: its parameters as the user calls them, and its rows.

Rows are told by how many there are, their weight, and their mean and spread to the last bit, which
the first sweep of every fit measures: one value changed is another spread.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from softmix.blocks import ArrayBlocks, Source
from softmix.fit.plan import FitPlan
from softmix.fit.spread import Spread
from softmix.structures import Structure

# What a fit is told besides what decides its answer.
_NOT_ASKED = {"watcher", "interruptible", "resumed.history"}
_NAMES = {
    "structure": "covariance_type",
    "given.weights": "weights_init",
    "given.means": "means_init",
    "given.factors": "precisions_init",
    "given.resp": "resp_init",
    "equal_weights": "weights='equal'",
}

Fingerprint = dict[str, Any]


def of_plan(plan: FitPlan, random_state: str | None) -> Fingerprint:
    """Every parameter that decides what a fit of given rows comes to."""
    asked = {name: value for name, value in _parts(plan, "") if value is not None}
    return {"random_state": random_state, **asked}


def of_rows(source: Source, spread: Spread) -> Fingerprint:
    return {
        "the kind of X": "an array" if isinstance(source, ArrayBlocks) else "a scan",
        "the number of columns": source.n_features,
        "the dtype of X": str(source.dtype),
        "the number of rows": source.n_rows,
        "the total weight": source.total_weight,
        "X": _digest(spread.mean, spread.scale, spread.factor),
    }


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs, a phrase each; a parameter that is not named is None."""
    names = dict.fromkeys([*then, *now])
    return [_phrase(name, then.get(name), now.get(name)) for name in names if then.get(name) != now.get(name)]


def _phrase(name: str, then: Any, now: Any) -> str:
    if isinstance(then, dict) and isinstance(now, dict):
        return f"{name} has other values"
    return f"{name} was {_shown(then)} and is {_shown(now)}"


def _shown(value: Any) -> str:
    return "given" if isinstance(value, dict) else repr(value)


def _parts(value: Any, path: str) -> list[tuple[str, Any]]:
    """(name, value) of all that a plan holds."""
    if path in _NOT_ASKED:
        return []
    name = _NAMES.get(path, path)
    if isinstance(value, Structure):
        return [(name, value.name)]
    if isinstance(value, np.ndarray):
        return [(name, _digest(value))]
    if is_dataclass(value):
        inside = [(f"{path}.{field.name}".lstrip("."), getattr(value, field.name)) for field in fields(value)]
        return [part for inner, of_it in inside for part in _parts(of_it, inner)]
    return [(name, value)]


def _digest(*arrays: np.ndarray) -> dict[str, str]:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return {"sha256": digest.hexdigest()}
