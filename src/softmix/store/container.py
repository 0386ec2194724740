"""Arrays and scalars in one file: safetensors with a single JSON metadata entry.

    {"__metadata__": {"softmix": '{"format": ..., "format_version": 1, ...}'}, "weights_": ..., ...}

The same content gives the same bytes. A digest of it tells a damaged file from a sound one; it is
no signature, so what is read must be checked all the same.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_safetensors

import softmix

# safetensors writes several metadata entries in random order, so there is one.
_KEY = "softmix"

PathLike = str | os.PathLike[str]
Arrays = Mapping[str, np.ndarray]


class Trouble(Enum):
    """What sort of file is there instead of the one that should be."""

    FOREIGN = auto()
    DAMAGED = auto()
    NEWER = auto()


class UnreadableError(Exception):
    """A file is not what it should be; each kind of file makes an error of its own of this."""

    def __init__(self, found: str, trouble: Trouble) -> None:
        super().__init__(found)
        self.found, self.trouble = found, trouble


@dataclass(frozen=True)
class Kind:
    """A kind of file: its format's name and version, and what its scalars are called in the header."""

    format: str
    version: int
    body: str

    def to_bytes(self, arrays: Arrays, scalars: dict[str, Any]) -> bytes:
        header = {
            "format": self.format,
            "format_version": self.version,
            "softmix_version": softmix.__version__,
            "sha256": _digest(arrays, scalars),
            self.body: scalars,
        }
        whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        return bytes(to_safetensors(whole, metadata={_KEY: json.dumps(header)}))

    def read(self, path: PathLike) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """The header and the arrays.

        Raises
        ------
        UnreadableError
            If the file is damaged, of another kind, or of a newer format.
        OSError
            If it cannot be read.
        """
        _check_is_file(path)
        try:
            with safe_open(os.fspath(path), framework="numpy") as file:
                header = self._checked_header(file.metadata())
                # Only now: a foreign file may be huge, and a newer one may hold unknown dtypes.
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, TypeError, AttributeError, ValueError) as error:
            raise UnreadableError(
                f"it cannot be read as safetensors ({first_line(error)})", Trouble.FOREIGN
            ) from error
        if header.get("sha256") != _digest(arrays, header[self.body]):
            raise UnreadableError(
                "its contents do not match their checksum, so it was damaged or edited", Trouble.DAMAGED
            )
        return header, arrays

    def _checked_header(self, metadata: dict[str, str] | None) -> dict[str, Any]:
        text = (metadata or {}).get(_KEY)
        if text is None:
            raise UnreadableError("it is a safetensors file without softmix's header", Trouble.FOREIGN)
        try:
            header = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UnreadableError(f"its header is not JSON ({first_line(error)})", Trouble.DAMAGED) from error
        if not isinstance(header, dict) or header.get("format") != self.format:
            raise UnreadableError(f"its header does not say format {self.format!r}", Trouble.FOREIGN)
        self._check_version(header)
        if not isinstance(header.get(self.body), dict):
            raise UnreadableError(f"its header has no {self.body}", Trouble.DAMAGED)
        return header

    def _check_version(self, header: dict[str, Any]) -> None:
        version = header.get("format_version")
        if type(version) is not int or version < 1:
            raise UnreadableError(f"its format_version is {version!r}", Trouble.DAMAGED)
        if version > self.version:
            raise UnreadableError(
                f"it has format version {version} (softmix {header.get('softmix_version')}), and this is "
                f"softmix {softmix.__version__}, which reads up to version {self.version}",
                Trouble.NEWER,
            )


def _digest(arrays: Arrays, scalars: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(scalars, sort_keys=True).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}{array.dtype.str}{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _check_is_file(path: PathLike) -> None:
    # Opening raises the OSError that says best why a path cannot be read.
    with Path(path).open("rb"):
        pass
    if not Path(path).is_file():
        raise UnreadableError("it is not a regular file", Trouble.FOREIGN)


def first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
