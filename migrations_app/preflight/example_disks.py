"""Typical situations that are about disks, volumes and config drives."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from migrations_app.integrations.interfaces import Base
from migrations_app.preflight.situation import (
    FLAVOR,
    GIB,
    OFF,
    SCRATCH,
    Situation,
)

_DRIVER = "nova/virt/libvirt/driver.py"
_EPHEMERAL = {"flavor": replace(FLAVOR, ephemeral_gb=20)}
_RAW = {"libvirt.images_type": "raw"}
_DRIVE = {"config_drive": True}
_FROM_VOLUME = {"image": None, "volumes": ("vda",)}
_LOCAL_OR_SHARED = f"{_DRIVER} 33.0, check_can_live_migrate_source"
_EMPTIED = "commit 5827c01246 (30.1): the drive is no longer copied; seen with 34.0"
_CHANGED = f"{_DRIVER} 33.0, _create_images_and_backing; seen with 26.2 and 34.0"
_CONVERTED = f"{_DRIVER} 33.0, finish_migration (bug 2038898); seen with 34.0"


def _made(content: str) -> dict[str, Any]:
    """Return what a host says of the file that ephemeral disks stand on there."""
    return {"made": {SCRATCH: Base(20 * GIB, content, content)}}


DISKS: tuple[Situation, ...] = (
    Situation(
        "Running, on shared storage",
        at_target={"shared": True},
        authority=_LOCAL_OR_SHARED,
    ),
    Situation(
        "Running, on shared storage, with a config drive",
        _DRIVE,
        at_target={"shared": True},
        authority=_LOCAL_OR_SHARED,
    ),
    Situation("Running, with local disks", authority=_LOCAL_OR_SHARED),
    Situation(
        "Running, with local disks and a config drive", _DRIVE, authority=_EMPTIED
    ),
    Situation(
        "Running, with local disks and a config drive, the scheduler is to choose",
        _DRIVE,
        target=None,
        authority=_EMPTIED,
    ),
    Situation(
        "Running, with local disks and a config drive in vfat",
        _DRIVE,
        vfat=True,
        authority=f"{_DRIVER} 33.0, _live_migration_copy_disk_paths: what is read-only "
        "or a cdrom is left out",
    ),
    Situation(
        "Running, with local disks and a config drive, Nova Zed",
        _DRIVE,
        release=26,
        authority=f"{_DRIVER} 26.2.2, pre_live_migration copies disk.config by ssh",
    ),
    Situation(
        "Running, with local disks and a config drive, Nova 2024.1",
        _DRIVE,
        release=29,
        authority=f"{_DRIVER} 29.4, pre_live_migration copies disk.config by ssh",
    ),
    Situation(
        "Running, with local disks and a config drive, Nova 2024.2 (30.1)",
        _DRIVE,
        release=30,
        at_target={"nova": "30.1.0"},
        authority=_EMPTIED,
    ),
    Situation(
        "Running, with local disks and a config drive, Nova 2024.1, no ssh for Nova",
        _DRIVE,
        release=29,
        at_target={"nova_reaches": False, "nova_returns": False},
        authority=f"{_DRIVER} 29.4, pre_live_migration copies disk.config by ssh",
    ),
    Situation(
        "Running, with local disks and a config drive, no ssh for Nova",
        _DRIVE,
        at_target={"nova_reaches": False},
        authority=_EMPTIED,
    ),
    Situation(
        "Running, booted from a volume", _FROM_VOLUME, authority=_LOCAL_OR_SHARED
    ),
    Situation(
        "Stopped, on shared storage, no ssh for Nova",
        OFF,
        at_target={"shared": True, "nova_reaches": False},
        authority=f"{_DRIVER} 33.0, migrate_disk_and_power_off asks by ssh",
    ),
    Situation(
        "Running, booted from a volume, no ssh for Nova",
        _FROM_VOLUME,
        at_target={"nova_reaches": False},
        authority=_LOCAL_OR_SHARED,
    ),
    Situation(
        "Running, booted from a volume, with a config drive",
        {**_FROM_VOLUME, **_DRIVE},
        authority=_EMPTIED,
    ),
    Situation(
        "Running, with local disks and a data volume",
        {"volumes": ("vdb",)},
        authority=f"{_DRIVER} 33.0, _live_migration_copy_disk_paths leaves volumes out",
    ),
    Situation(
        "The root disk stands on the file of another image, which the target lacks",
        {"image": "debian-13"},
        at_target={"bases": {}},
        authority=f"{_DRIVER} 33.0, _create_images_and_backing (bug 1732428)",
    ),
    Situation(
        "With an ephemeral disk, whose backing file the target has otherwise",
        _EPHEMERAL,
        at_source=_made("a"),
        at_target=_made("b"),
        authority=_CHANGED,
    ),
    Situation(
        "With an ephemeral disk, whose backing file the target has not",
        _EPHEMERAL,
        at_source=_made("a"),
        at_target={"made": {SCRATCH: Base(None)}},
        authority=_CHANGED,
    ),
    Situation(
        "With an ephemeral disk, whose backing file was put on the target",
        _EPHEMERAL,
        at_source=_made("a"),
        at_target=_made("a"),
        authority=_CHANGED,
    ),
    Situation(
        "With an ephemeral disk, and novaweb has no access to hosts",
        _EPHEMERAL,
        seen=False,
        authority=_CHANGED,
    ),
    Situation(
        "The hosts keep raw disks, with use_cow_images on",
        at_source={"settings": _RAW},
        at_target={"settings": _RAW},
        raw=True,
        authority=_CONVERTED,
    ),
    Situation(
        "Stopped, and the hosts keep raw disks, with use_cow_images on",
        OFF,
        at_source={"settings": _RAW},
        at_target={"settings": _RAW},
        raw=True,
        authority=_CONVERTED,
    ),
)
