"""A file is written whole or not at all: under another name beside it, then moved into place."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def scratch_path(target: Path) -> Path:
    """Create an empty file beside `target` and give its path.

    A symbolic link is followed, so that moving into place replaces the file and keeps the link.
    Unlike `tempfile`, the file gets the permissions that the user's umask gives to new files.
    """
    target = Path(os.path.realpath(target))
    # The head is cut so that a name at the file system's limit does not become too long.
    path = target.with_name(f".{target.name[:80]}.{secrets.token_hex(4)}.tmp")
    path.touch(exist_ok=False)
    return path


def move_into_place(scratch: Path, target: Path) -> None:
    """Give `scratch` the name `target`, replacing what was there, in one step."""
    # Without the flush, a crash of the machine could leave the new name on an empty file.
    with scratch.open("rb+") as file:
        os.fsync(file.fileno())
    scratch.replace(os.path.realpath(target))


@contextmanager
def written_whole(target: str | os.PathLike[str]) -> Iterator[Path]:
    """A path to write to; it becomes `target` at the end, or disappears on any error."""
    target = Path(target)
    scratch = scratch_path(target)
    try:
        yield scratch
        move_into_place(scratch, target)
    finally:
        scratch.unlink(missing_ok=True)
