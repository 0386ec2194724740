"""The file of a checkpoint: the state of a fit, kept as models are, replaced in one step."""

import os
from glob import escape
from pathlib import Path
from typing import Any

import numpy as np

import softmix
from softmix.exceptions import CheckpointError
from softmix.store.atomic import written_whole
from softmix.store.container import Kind, PathLike, Trouble, UnreadableError

_KIND = Kind("softmix checkpoint", 1, "fit")
_HINTS = {
    Trouble.FOREIGN: "Give another path.",
    Trouble.DAMAGED: "Delete the file to begin anew.",
    Trouble.NEWER: "Upgrade softmix, or delete the file to begin anew.",
}


class CheckpointOnDisk:
    """A `CheckpointFile` at a path.

    Raises
    ------
    CheckpointError
        If no file can be there.
    """

    def __init__(self, path: PathLike) -> None:
        self.name, self._path = os.fspath(path), Path(path)
        if self._path.is_dir():
            raise CheckpointError(f"checkpoint={self.name!r} is a directory. Name a file in it.")
        if not self._path.parent.is_dir():
            raise CheckpointError(
                f"checkpoint={self.name!r}: there is no directory {str(self._path.parent)!r}. Make it first."
            )

    def read(self) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """What was last written, or None where there is nothing."""
        try:
            header, arrays = _KIND.read(self._path)
        except FileNotFoundError:
            return None
        except UnreadableError as error:
            raise CheckpointError(
                f"checkpoint={self.name!r} is not a usable checkpoint: {error.found}. {_HINTS[error.trouble]}"
            ) from error
        if (version := header.get("softmix_version")) != softmix.__version__:
            # Its sums may differ in the last bits, and its states in more.
            raise CheckpointError(
                f"checkpoint={self.name!r} was written by softmix {version}, and this is softmix "
                f"{softmix.__version__}. Go on with that version, or delete the file to begin anew."
            )
        return arrays, header["fit"]

    def write(self, arrays: dict[str, np.ndarray], scalars: dict[str, Any]) -> None:
        """Put this in place of what there was, wholly or not at all."""
        content = _KIND.to_bytes(arrays, scalars)
        with written_whole(self._path) as scratch:
            scratch.write_bytes(content)

    def remove(self) -> None:
        """Take it away, and with it what writers left that were killed while they wrote."""
        for left in self._path.parent.glob(f".{escape(self._path.name[:80])}.*.tmp"):
            left.unlink(missing_ok=True)
        self._path.unlink(missing_ok=True)
