"""Check `n_components`, `covariance_type` and `noise` of a search as the user wrote them."""

from collections.abc import Iterable
from itertools import product
from numbers import Integral, Real
from typing import Any

import numpy as np

from softmix.selection.priors import AskedPrior
from softmix.selection.settings import Cell
from softmix.structures import STRUCTURES, UNIVARIATE

_ALL = ("EII", "VII", "EEI", "VEI", "EVI", "VVI", "EEE", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV", "VVV")


def check_sizes(n_components: Any) -> tuple[int, ...]:
    """The numbers of components, ascending, each once.

    Raises
    ------
    ValueError
        If one is not an integer from 1 up, or there is none.
    """
    if isinstance(n_components, Integral):
        sizes: list[Any] = [n_components]
    elif isinstance(n_components, Iterable) and not isinstance(n_components, str | bytes):
        sizes = list(n_components)
    else:
        sizes = []
    wrong = [K for K in sizes if not isinstance(K, Integral) or isinstance(K, bool) or K < 1]
    if wrong or not sizes:
        found = repr(wrong[0]) if wrong else repr(n_components)
        raise ValueError(
            "The 'n_components' parameter of MixtureSearch must be an int from 1 up, or several such as "
            f"range(1, 10). Got {found}."
        )
    return tuple(sorted({int(K) for K in sizes}))


def check_types(covariance_type: Any, n_features: int) -> tuple[str, ...]:
    """The covariance types, each structure once, as the user calls it.

    Of one column all structures are one of two, E and V.

    Raises
    ------
    ValueError
        If a name is unknown, or is for data of one column and there are more.
    """
    if isinstance(covariance_type, str):
        names = (UNIVARIATE if n_features == 1 else _ALL) if covariance_type == "all" else (covariance_type,)
    else:
        names = tuple(covariance_type) if isinstance(covariance_type, Iterable) else (covariance_type,)
    for name in names:
        if not isinstance(name, str) or name not in STRUCTURES:
            raise ValueError(
                "The 'covariance_type' parameter of MixtureSearch must be 'all', or one or several of "
                f"{', '.join(STRUCTURES)}. Got {name!r}."
            )
        if name in UNIVARIATE and n_features != 1:
            raise ValueError(
                f"covariance_type={name!r} is mclust's name for data of one column, but X has {n_features}. "
                "Take one of three letters, such as 'EEE' or 'VVV'."
            )
    if not names:
        raise ValueError("covariance_type is empty: name at least one, or 'all'.")
    return tuple({_model(name, n_features): name for name in reversed(names)}.values())[::-1]


def check_noises(noise: Any, n_rows: int) -> tuple[bool | float | bytes | None, ...]:
    """What is asked for of noise, each once: None, True, a share, or the bytes of a mask.

    Raises
    ------
    ValueError
        If something is none of them, or there is nothing.
    """
    several = isinstance(noise, Iterable) and not isinstance(noise, str) and not _is_mask(noise, n_rows)
    asked = tuple(_check_noise(one, n_rows) for one in (noise if several else (noise,)))
    if not asked:
        raise ValueError("noise is empty: name at least one of None, True and a share, or a mask.")
    return tuple(dict.fromkeys(asked))


def _is_mask(noise: Any, n_rows: int) -> bool:
    return np.shape(noise) == (n_rows,) and np.asarray(noise).dtype == bool


def _check_noise(noise: Any, n_rows: int) -> bool | float | bytes | None:
    if noise is None or noise is True or noise is False:
        return noise or None
    if isinstance(noise, Real) and 0.0 < float(noise) < 1.0:
        return float(noise)
    if not isinstance(noise, Real | str) and _is_mask(noise, n_rows):
        return np.asarray(noise).tobytes()
    raise ValueError(
        "The 'noise' parameter of MixtureSearch must be None, True, a share between 0 and 1, a mask of the "
        f"{n_rows} rows, or several of them such as (None, True). Got {noise!r}."
    )


def grid(
    types: Iterable[str],
    sizes: Iterable[int],
    noises: Iterable[bool | float | bytes | None] = (None,),
    priors: Iterable[AskedPrior | None] = (None,),
) -> list[Cell]:
    """All models, few components first."""
    besides = [*product(noises, priors)]
    types = tuple(types)
    return [Cell(name, K, noise, prior) for K in sizes for noise, prior in besides for name in types]


def _model(name: str, n_features: int) -> str:
    """What makes two names the same model."""
    model = STRUCTURES[name].name
    return model if n_features > 1 else UNIVARIATE[model.startswith("V")]
