"""Fitted models in files."""

from softmix.store.model_file import ModelFileError, load, save

__all__ = ["ModelFileError", "load", "save"]
