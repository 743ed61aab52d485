"""Whether the disks have room for what is to be made on them."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lab.progress import LabError

PACKAGES = Path("/usr")  # where the distribution puts nearly all of a package


@dataclass(frozen=True, kw_only=True)
class Need:
    """Something to be made, in megabytes, in a folder that may not be there yet."""

    what: str
    folder: Path
    megabytes: int


def require(needs: Iterable[Need]) -> None:
    """Raise LabError, in one sentence, if a file system has too little room."""
    by_device: dict[int, list[Need]] = {}
    for need in needs:
        by_device.setdefault(os.stat(_there(need.folder)).st_dev, []).append(need)
    for together in by_device.values():
        folder = _there(together[0].folder)
        free = shutil.disk_usage(folder).free // 10**6
        wanted = sum(need.megabytes for need in together)
        if free < wanted:
            parts = ", ".join(f"{n.what} {n.megabytes} MB" for n in together)
            raise LabError(
                f"There is too little room on the disk of {folder}: {free} MB are "
                f"free, and {wanted} MB are needed ({parts}). Make room, then say "
                "this again."
            )


def is_full(error: OSError) -> bool:
    """Say whether an error means that there is no room left."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT}


def _there(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    while not folder.exists():
        folder = folder.parent
    return folder
