"""Paths, globs and folders -> files of one kind; folders may be partitioned (`key=value`)."""

import glob
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from softmix.exceptions import TableError

_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class FoundFile:
    """A file, the kind that its ending says, and the partition that its folders name."""

    path: Path
    kind: str
    partition: dict[str, str | None] = field(default_factory=dict)


def find_files(
    source: str | Path | Sequence[str | Path], kinds: dict[str, tuple[str, ...]]
) -> list[FoundFile]:
    """The files that `source` stands for, in the order of their paths.

    Parameters
    ----------
    source : path, or list of paths
        A file, a glob (``*``, ``?``, ``[…]``, ``**``), or a folder, which is searched in depth;
        in folders, names that begin with ``.`` or ``_`` and endings that are not known are passed over.
    kinds : dict of str to tuple of str
        The endings of each kind.

    Raises
    ------
    TableError
        If there are no such files, or files of several kinds.
    """
    if not isinstance(source, (str, Path)):
        found = [file for each in source for file in find_files(each, kinds)]
    else:
        found = _find(Path(source), kinds)
    of_kinds = {file.kind: file for file in found}
    if len(of_kinds) > 1:
        first, second = sorted(str(file.path) for file in of_kinds.values())[:2]
        raise TableError(
            f"{source}: has files of several kinds ({first}, {second}). Name those of one kind, as in "
            f"'{source}/**/*{Path(first).suffix}'."
        )
    return found


def _find(path: Path, kinds: dict[str, tuple[str, ...]]) -> list[FoundFile]:
    if path.is_dir() and not _kind(path, kinds):
        found = [
            FoundFile(file, kind, _partition(file.relative_to(path)))
            for file in sorted(path.rglob("*"))
            if not _is_hidden(file.relative_to(path)) and file.is_file() and (kind := _kind(file, kinds))
        ]
        if not found:
            raise TableError(f"{path}: no file in this folder is of a kind that can be read{_known(kinds)}")
        return found
    if not path.exists() and glob.has_magic(str(path)):
        matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 (absolute patterns, too)
        if not matches:
            raise TableError(f"{path}: no file matches.")
        return [file for match in matches for file in _find(Path(match), kinds)]
    kind = _kind(path, kinds)
    if kind is None:
        raise TableError(f"{path}: cannot read this kind of file{_known(kinds)}")
    return [FoundFile(path, kind)]


def _kind(path: Path, kinds: dict[str, tuple[str, ...]]) -> str | None:
    return next((kind for kind, endings in kinds.items() if path.name.lower().endswith(endings)), None)


def _known(kinds: dict[str, tuple[str, ...]]) -> str:
    return f". Use one of {', '.join(ending for endings in kinds.values() for ending in endings)}."


def _is_hidden(relative: Path) -> bool:
    return any(part.startswith((".", "_")) for part in relative.parts)


def _partition(relative: Path) -> dict[str, str | None]:
    """Keys and values of folders named as Hive does; None where the value was missing."""
    pairs = [part.split("=", 1) for part in relative.parent.parts if "=" in part]
    return {unquote(key): None if value == _NO_VALUE else unquote(value) for key, value in pairs}
