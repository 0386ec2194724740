"""The model file: a fitted GaussianMixture <-> one file, without pickle (container.py, record.py)."""

import os
from typing import Any

from sklearn.utils.validation import check_is_fitted

from softmix.estimators.gaussian_mixture import GaussianMixture
from softmix.store.atomic import written_whole
from softmix.store.container import Kind, PathLike, Trouble, UnreadableError
from softmix.store.record import Record, RecordError, from_record, to_record

_KIND = Kind("softmix model", 1, "model")


class ModelFileError(ValueError):
    """A file is not a model file that this softmix can read."""

    def __init__(self, path: PathLike, found: str, hint: str) -> None:
        super().__init__(f"{os.fspath(path)} is not a usable softmix model file: {found}. {hint}")


def save(model: GaussianMixture, path: PathLike) -> None:
    """Write a fitted model to one file, without pickle.

    The file is written whole or not at all. Fitted arrays come back to the same bits. Not kept:
    `labels_`, which belong to the training rows, and a `random_state` that is not an integer.

    Parameters
    ----------
    model : GaussianMixture
        A fitted model.
    path : str or path-like
        Where to write; an existing file is replaced.

    Raises
    ------
    NotFittedError
        If the model is not fitted.
    ValueError
        If a fitted attribute was changed to something that is no model.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from softmix import GaussianMixture, load
    >>> gm = GaussianMixture(1).fit([[0.0], [1.0], [2.0]])
    >>> with TemporaryDirectory() as folder:
    ...     gm.save(f"{folder}/model.softmix")
    ...     load(f"{folder}/model.softmix").means_
    array([[1.]])
    """
    if not isinstance(model, GaussianMixture):
        raise TypeError(f"softmix saves GaussianMixture models; got {type(model).__name__}.")
    check_is_fitted(model, ["weights_", "means_", "precisions_cholesky_"])
    try:
        record = to_record(model)
    except RecordError as error:
        raise ValueError(f"The fitted attributes of this model are not consistent: {error}.") from error
    content = _KIND.to_bytes(record.arrays, record.scalars)
    with written_whole(path) as scratch:
        scratch.write_bytes(content)


def load(path: PathLike) -> GaussianMixture:
    """Read a model that `save` wrote. It predicts to the same bits as the one saved.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    model : GaussianMixture

    Raises
    ------
    ModelFileError
        If the file is damaged, not a model file, or of a newer format.
    OSError
        If the file cannot be read.
    """
    return read(path)[0]


def read(path: PathLike) -> tuple[GaussianMixture, dict[str, Any]]:
    """The model in a file, and the file's header (format_version, softmix_version, …)."""
    try:
        header, arrays = _KIND.read(path)
    except UnreadableError as error:
        raise ModelFileError(path, error.found, _HINTS[error.trouble]) from error
    try:
        return from_record(Record(arrays, header["model"])), header
    except RecordError as error:
        raise ModelFileError(path, str(error), "Fit and save the model again.") from error


_HINTS = {
    Trouble.FOREIGN: "Give a file that softmix wrote; if it is one, copy it again from its source.",
    Trouble.DAMAGED: "Copy it again from its source, or fit and save the model again.",
    Trouble.NEWER: "Upgrade softmix.",
}
