"""Modules that need what the extra `data` installs, imported when they are wanted."""

from importlib import import_module
from types import ModuleType


def import_with_data(module: str) -> ModuleType:
    """Import `module`; where a package is missing, the error says how to get it."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = (error.name or module).partition(".")[0]
        raise ImportError(
            f'{package} is needed for this and not installed: pip install "softmix[data]"', name=package
        ) from error
