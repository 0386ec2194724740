"""softmix: mixture-model clustering, soft memberships, and the embedding they make.

EM is a sweep: blocks and parameters give statistics; statistics add; the sum gives parameters.

Names are loaded on first use, so that ``import softmix`` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from softmix.blocks.scan import scan as scan
    from softmix.estimators.gaussian_mixture import GaussianMixture as GaussianMixture
    from softmix.exceptions import DegenerateComponentWarning as DegenerateComponentWarning
    from softmix.exceptions import FitInterruptedWarning as FitInterruptedWarning
    from softmix.exceptions import SearchInterruptedWarning as SearchInterruptedWarning
    from softmix.selection.mixture_search import MixtureSearch as MixtureSearch
    from softmix.store.model_file import load as load

__version__ = "0.1.0"

_HOMES = {
    "DegenerateComponentWarning": "softmix.exceptions",
    "FitInterruptedWarning": "softmix.exceptions",
    "GaussianMixture": "softmix.estimators.gaussian_mixture",
    "MixtureSearch": "softmix.selection.mixture_search",
    "SearchInterruptedWarning": "softmix.exceptions",
    "load": "softmix.store.model_file",
    "scan": "softmix.blocks.scan",
}

__all__ = [
    "DegenerateComponentWarning",
    "FitInterruptedWarning",
    "GaussianMixture",
    "MixtureSearch",
    "SearchInterruptedWarning",
    "load",
    "scan",
]


def __getattr__(name: str) -> Any:
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module 'softmix' has no attribute {name!r}") from None
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
