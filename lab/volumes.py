"""The volumes that libvirt hosts can attach: loop devices of a lab's own files.

lab/inside/volume_driver.py makes them, for Cinder.
"""

from __future__ import annotations

from pathlib import Path

from lab.progress import run
from lab.settings import Settings


def backends(settings: Settings) -> tuple[str, ...]:
    """Return the names of Cinder's backends, which are those of volume types, too."""
    return ("fake", "loop") if settings.laid_out.volumes else ("fake",)


def folder(settings: Settings) -> Path:
    """Return where the files of the volumes are."""
    return settings.state / "cinder/volumes"


def release(settings: Settings) -> None:
    """No file of a volume is a loop device any more."""
    if not folder(settings).exists():
        return
    listed = run(["losetup", "--list", "--noheadings", "-O", "NAME,BACK-FILE"])
    for line in listed.splitlines():
        device, _, file = line.strip().partition(" ")
        if Path(file.strip()).is_relative_to(folder(settings)):
            run(["losetup", "--detach", device])
