"""The files that a command writes: checked before it computes, in place together at its end."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from softmix.cli.errors import UserError
from softmix.store.atomic import move_into_place, scratch_path

TABLES = (".csv", ".parquet")
PICTURES = (".png", ".pdf", ".svg")
MODELS = (".softmix",)


class Outputs:
    """Scratch files beside their targets; on leaving they all become the targets, or disappear.

    Parameters
    ----------
    inputs : sequence of str
        Files that are read: writing over them is refused.
    """

    def __init__(self, inputs: Sequence[str] = ()) -> None:
        self._inputs = [Path(path) for path in inputs]
        self._scratch: dict[Path, Path] = {}

    def add(self, target: str | None, option: str, endings: Sequence[str]) -> Path | None:
        """A path to write in place of `target`; None where the user asked for no such file.

        Raises
        ------
        UserError
            If it can be told now that `target` cannot be written, or should not be.
        """
        if target is None:
            return None
        path = Path(target)
        if path.suffix.lower() not in endings:
            ending = repr(path.suffix) if path.suffix else "a name without ending"
            raise UserError(f"{option} {target}: cannot write {ending}. Use {' or '.join(endings)}.")
        self._check_place(path, option)
        try:
            self._scratch[path] = scratch_path(path)
        except OSError as error:
            raise UserError(f"{option} {target}: cannot write there ({error.strerror}).") from error
        return self._scratch[path]

    def refuse_inputs(self, files: Sequence[str]) -> None:
        """Raise a UserError if one of the `files` that are read would be written over."""
        for target in self._scratch:
            if any(_same(target, Path(file)) for file in files):
                raise UserError(f"{target}: would write over a file that is read. Choose another name.")

    def _check_place(self, path: Path, option: str) -> None:
        if path.is_dir():
            raise UserError(f"{option} {path}: is a directory. Name a file in it.")
        if not path.parent.is_dir():
            raise UserError(f"{option} {path}: there is no directory {str(path.parent)!r}. Make it first.")
        if any(_same(path, other) for other in self._inputs):
            raise UserError(f"{option} {path}: would write over the file that is read. Choose another name.")
        if any(_same(path, other) for other in self._scratch):
            raise UserError(f"{option} {path}: two outputs would go to this file. Choose another name.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                for target, scratch in self._scratch.items():
                    move_into_place(scratch, target)
        finally:
            for scratch in self._scratch.values():
                scratch.unlink(missing_ok=True)


def _same(path: Path, other: Path) -> bool:
    return path.resolve() == other.resolve()
