"""Where a spool's file is, and whether there is room for one that nobody asked for."""

import os
import shutil
import tempfile
from pathlib import Path

# Of what is free: the disk is not ours alone, and other fits may be about to spool.
_SHARE_OF_FREE = 0.25
_ON_DISK = Path("/var/tmp")  # noqa: S108 (the file has no name that anyone could take)
_MOUNTS = Path("/proc/self/mountinfo")
_IN_MEMORY = ("tmpfs", "ramfs")


def spool_folder() -> Path:
    """TMPDIR, else /var/tmp, which, unlike /tmp, is in memory nowhere, else the system's for such files."""
    if given := os.environ.get("TMPDIR"):
        return Path(given)
    return _ON_DISK if os.access(_ON_DISK, os.W_OK) else Path(tempfile.gettempdir())


def has_room(folder: Path, n_bytes: int) -> bool:
    """Whether `n_bytes` are a small part of what is free in `folder`, on a disk and not in memory."""
    try:
        return n_bytes <= _SHARE_OF_FREE * shutil.disk_usage(folder).free and not _is_in_memory(folder)
    except OSError:
        return False


def _is_in_memory(folder: Path) -> bool:
    """Whether Linux says so; other systems have no temporary folders in memory unless they are made."""
    if not _MOUNTS.exists():
        return False
    device = folder.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    lines = (line.partition(" - ") for line in _MOUNTS.read_text(errors="replace").splitlines())
    kinds = [kind.split()[0] for mount, _, kind in lines if mount.split()[2] == number]
    return any(kind in _IN_MEMORY for kind in kinds)
