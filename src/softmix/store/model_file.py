"""The model file: a fitted GaussianMixture <-> safetensors with one JSON metadata entry.

    {"__metadata__": {"softmix": '{"format": "softmix model", "format_version": 1, ...}'},
     "weights_": ..., "means_": ..., "precisions_cholesky_": ..., ...}

The same model gives the same bytes. A digest of the arrays and scalars tells a damaged file
from a sound one; it is no signature, so what is read is checked all the same (record.py).
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_safetensors
from sklearn.utils.validation import check_is_fitted

import softmix
from softmix.estimators.gaussian_mixture import GaussianMixture
from softmix.store.atomic import written_whole
from softmix.store.record import Record, RecordError, from_record, to_record

FORMAT = "softmix model"
FORMAT_VERSION = 1
# safetensors writes several metadata entries in random order, so there is one.
_KEY = "softmix"

PathLike = str | os.PathLike[str]


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
    content = _to_bytes(record)
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
    _check_is_file(path)
    header, arrays = _open(path)
    record = Record(arrays, header["model"])
    if header.get("sha256") != _digest(record):
        raise ModelFileError(
            path, "its contents do not match their checksum, so it was damaged or edited", _FETCH_AGAIN
        )
    try:
        return from_record(record), header
    except RecordError as error:
        raise ModelFileError(path, str(error), _SAVE_AGAIN) from error


_FETCH_AGAIN = "Copy it again from its source, or fit and save the model again."
_SAVE_AGAIN = "Fit and save the model again."
_NOT_OURS = "Give a file that softmix wrote; if it is one, copy it again from its source."


def _to_bytes(record: Record) -> bytes:
    header = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "softmix_version": softmix.__version__,
        "sha256": _digest(record),
        "model": record.scalars,
    }
    arrays = {name: np.ascontiguousarray(array) for name, array in record.arrays.items()}
    return bytes(to_safetensors(arrays, metadata={_KEY: json.dumps(header)}))


def _digest(record: Record) -> str:
    digest = hashlib.sha256(json.dumps(record.scalars, sort_keys=True).encode())
    for name in sorted(record.arrays):
        array = np.ascontiguousarray(record.arrays[name])
        digest.update(f"{name}{array.dtype.str}{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _check_is_file(path: PathLike) -> None:
    # Opening raises the OSError that says best why a path cannot be read.
    with Path(path).open("rb"):
        pass
    if not Path(path).is_file():
        raise ModelFileError(path, "it is not a regular file", _NOT_OURS)


def _open(path: PathLike) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    try:
        with safe_open(os.fspath(path), framework="numpy") as file:
            header = _checked_header(path, file.metadata())
            # Only now: a foreign file may be huge, and a newer one may hold unknown dtypes.
            return header, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except ModelFileError:
        raise
    except (SafetensorError, TypeError, AttributeError, ValueError) as error:
        found = f"it cannot be read as safetensors ({_first_line(error)})"
        raise ModelFileError(path, found, _NOT_OURS) from error


def _checked_header(path: PathLike, metadata: dict[str, str] | None) -> dict[str, Any]:
    text = (metadata or {}).get(_KEY)
    if text is None:
        raise ModelFileError(path, "it is a safetensors file without softmix's header", _NOT_OURS)
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(path, f"its header is not JSON ({_first_line(error)})", _FETCH_AGAIN) from error
    _check_header(path, header)
    return header


def _check_header(path: PathLike, header: Any) -> None:
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ModelFileError(path, f"its header does not say format {FORMAT!r}", _NOT_OURS)
    version = header.get("format_version")
    if type(version) is not int or version < 1:
        raise ModelFileError(path, f"its format_version is {version!r}", _FETCH_AGAIN)
    if version > FORMAT_VERSION:
        raise ModelFileError(
            path,
            f"it has format version {version} (softmix {header.get('softmix_version')}), and this is softmix "
            f"{softmix.__version__}, which reads up to version {FORMAT_VERSION}",
            "Upgrade softmix.",
        )
    if not isinstance(header.get("model"), dict):
        raise ModelFileError(path, "its header has no model", _FETCH_AGAIN)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
