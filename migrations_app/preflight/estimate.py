"""How long a move may take, said honestly: a range, and what it hangs on.

A range, because nobody outside of the host knows how much of its memory a guest has
filled, how fast it writes, how full its disk is, and whether the hosts share storage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from migrations_app.integrations.interfaces import Server
from migrations_app.preflight.rule import LIVE, MANUAL
from migrations_app.wording import duration_range

# What one stream between two hosts carries, in Mbit/s, when nobody has measured it.
DEFAULT_SPEED = 1000

# Seconds that pass whatever the size: Nova's checks and messages, plugging ports.
_SETTING_UP = (5, 60)
# A guest that is asked to shut down has 60 s (Nova's shutdown_timeout); then it boots.
_SHUTTING_DOWN = (2, 60)
_STARTING = (3, 30)
# libvirt stops the guest for the last round of a live migration: by default it aims at
# 0.5 s ([libvirt]live_migration_downtime); the network may need a moment more.
_HANDING_OVER = (0, 2)
# Empty pages cost nothing, pages that change are sent again: 10 % to three times.
_MEMORY_SENT = (0.1, 3.0)
# By hand nearly all is copied while the guest runs. When it is off, what it has written
# since is copied; and at the most, where QEMU did not track it, all is read twice: to
# find that, and to compare both sides.
_WRITTEN_SINCE = 0.2
_READING_MB_S = 400  # each host reads its own disk, whatever the network carries


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds, least and most, for the whole move and for the guest's standstill.

    ``words`` says the same for a person. The wait for a confirmation is not in it: the
    guest runs meanwhile.
    """

    duration: tuple[int, int]
    downtime: tuple[int, int]
    words: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "duration": list(self.duration),
            "downtime": list(self.downtime),
            "words": self.words,
        }


def estimate(
    server: Server,
    procedure: str,
    *,
    speed: int = DEFAULT_SPEED,
    copied: bool | None = None,
) -> Estimate:
    """Estimate a move of the server between hosts ``speed`` Mbit/s apart.

    ``copied``: whether its local disks are; None: not known. The least assumes that
    they are not, and the most, unless it is known, that all of each of them is.
    """
    if procedure == MANUAL and server.vm_state != "stopped":
        return _by_hand(server, speed)
    disk = 0 if copied is False else _local_disk_mb(server, swap=procedure == LIVE)
    if procedure == LIVE:
        return _live(server, disk, speed)
    return _cold(server, disk, speed, known=copied is not None)


def _live(server: Server, disk: int, speed: int) -> Estimate:
    memory = server.flavor.ram_mb
    least = _SETTING_UP[0] + _seconds(memory * _MEMORY_SENT[0], speed)
    most = _SETTING_UP[1] + _seconds(memory * _MEMORY_SENT[1] + disk, speed)
    words = (
        f"Takes {duration_range(least, most)}; the guest is paused for"
        f" {duration_range(*_HANDING_OVER)}, longer if it writes faster than the"
        " network copies and completion is forced."
    )
    return Estimate((least, most), _HANDING_OVER, words)


def _cold(server: Server, disk: int, speed: int, *, known: bool) -> Estimate:
    copying = _seconds(disk, speed)
    least, most = _SETTING_UP[0], _SETTING_UP[1] + copying
    if server.vm_state == "stopped":
        words = f"Takes {duration_range(least, most)}; the guest is off already."
        return Estimate((least, most), (0, 0), words)
    off = (_SHUTTING_DOWN[0] + _STARTING[0], _SHUTTING_DOWN[1] + _STARTING[1] + copying)
    least, most = least + off[0], most + _SHUTTING_DOWN[1] + _STARTING[1]
    less = ", less if its disks are in Ceph" if copying and not known else ""
    words = (
        f"Takes {duration_range(least, most)}; the guest is off for "
        f"{duration_range(*off)}{less}."
    )
    return Estimate((least, most), off, words)


def _by_hand(server: Server, speed: int) -> Estimate:
    disk = _local_disk_mb(server, swap=True)
    copying = _seconds(disk, speed)
    last = round(_WRITTEN_SINCE * copying + 2 * disk / _READING_MB_S)
    off = (_SHUTTING_DOWN[0] + _STARTING[0], _SHUTTING_DOWN[1] + _STARTING[1] + last)
    least, most = _SETTING_UP[0] + off[0], _SETTING_UP[1] + copying + off[1]
    words = (
        f"Takes {duration_range(least, most)}; the guest is off for "
        f"{duration_range(*off)}: nearly all is copied while it runs."
    )
    return Estimate((least, most), off, words)


def _local_disk_mb(server: Server, *, swap: bool) -> int:
    flavor = server.flavor
    root = flavor.disk_gb if server.image is not None else 0
    return (root + flavor.ephemeral_gb) * 1024 + (flavor.swap_mb if swap else 0)


def _seconds(mebibytes: float, speed: int) -> int:
    return round(mebibytes * 1024 * 1024 * 8 / (speed * 1_000_000))
