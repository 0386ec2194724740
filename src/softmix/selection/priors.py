"""The priors that a search tries, and what its models are called by them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from softmix.estimators.given_prior import check_prior
from softmix.structures import STRUCTURES


@dataclass(frozen=True)
class AskedPrior:
    """A prior as the user wrote it. Two with the same parts are one.

    Parameters
    ----------
    name : str
        What tells it from others: 'default', or its parts, such as 'shrinkage=0.0, dof=5.0'.
    given : str or dict
        As GaussianMixture takes it.
    """

    name: str
    given: Any = field(compare=False)

    @classmethod
    def of(cls, given: Any) -> "AskedPrior":
        """`given`, 'default' or a mapping, whose parts the prior's own check knows to be numbers."""
        parts = {} if isinstance(given, str) else {k: v for k, v in given.items() if v is not None}
        said = [f"{part}={np.asarray(parts[part], dtype=float).tolist()}" for part in sorted(parts)]
        return cls(", ".join(said) or "default", given)


def check_priors(prior: Any, types: Iterable[str], n_features: int) -> tuple[AskedPrior | None, ...]:
    """The priors that are asked for, each once; None is none.

    Raises
    ------
    ValueError
        If one is neither None, 'default' nor a mapping, if it suits none of the covariance `types`,
        or if there is none.
    """
    one = prior is None or isinstance(prior, str | Mapping) or not isinstance(prior, Iterable)
    asked = (prior,) if one else tuple(prior)
    if not asked:
        raise ValueError("prior is empty: name at least one of None, 'default' and a dict.")
    return tuple(dict.fromkeys(_check(given, tuple(types), n_features) for given in asked))


def _check(given: Any, types: tuple[str, ...], n_features: int) -> AskedPrior | None:
    if given is None:
        return None
    if given != "default" if isinstance(given, str) else not isinstance(given, Mapping):
        raise ValueError(
            "The 'prior' parameter of MixtureSearch must be None, 'default', a dict, or several of them such "
            f"as (None, 'default'). Got {given!r}."
        )
    refused = []
    for name in types:
        try:
            check_prior(given, n_features, STRUCTURES[name])
        except ValueError as error:
            refused.append(error)
    if len(refused) == len(types):
        raise refused[0]
    return AskedPrior.of(given)


def model_name(covariance_type: str, *, noise: bool, prior: str) -> str:
    """'VVV', 'VVV + noise', 'VVV + prior', 'VVV + noise + prior(dof=5.0)'; `prior` is 'none' without."""
    parts = [covariance_type, *(["noise"] if noise else [])]
    if prior != "none":
        parts.append("prior" if prior == "default" else f"prior({prior})")
    return " + ".join(parts)
