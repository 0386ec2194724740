"""Fitted models in files, and what they say of rows."""

from typing import TYPE_CHECKING, Any

from softmix.blocks.extra import import_with_data
from softmix.store.checkpoint_file import CheckpointOnDisk
from softmix.store.model_file import ModelFileError, load, save

if TYPE_CHECKING:
    from softmix.store.predictions import write_predictions as write_predictions

__all__ = ["CheckpointOnDisk", "ModelFileError", "load", "save", "write_predictions"]


def __getattr__(name: str) -> Any:
    if name != "write_predictions":
        raise AttributeError(f"module 'softmix.store' has no attribute {name!r}")
    return import_with_data("softmix.store.predictions").write_predictions
