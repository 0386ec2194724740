"""Modules that need what an extra installs, imported when they are wanted."""

from importlib import import_module
from types import ModuleType


def import_with(extra: str, module: str) -> ModuleType:
    """Import `module`; where a package is missing, the error says which extra brings it."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = (error.name or module).partition(".")[0]
        raise ImportError(
            f'{package} is needed for this and not installed: pip install "softmix[{extra}]"', name=package
        ) from error


def import_with_data(module: str) -> ModuleType:
    """Import `module`, which needs the extra `data`."""
    return import_with("data", module)
