"""The manual move: disks over SSH, and a guarded change to Nova's database.

The article's last resort, made whole for today's Nova: what Nova does in a cold
migration (nova/virt/libvirt/driver.py, nova/compute/manager.py) is done from outside,
each part verified and reversible. Until the guest starts on the target everything can
go back; from then on its disks there are the true ones, so that start is the point of
no return. What the source had is kept for some days.
"""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from posixpath import basename, dirname, normpath
from typing import Any

from migrations_app.errors import Unreachable, WorldError
from migrations_app.integrations.host_commands import base_images
from migrations_app.integrations.interfaces import (
    NOVA_DB,
    PLACE,
    Cloud,
    Guest,
    InsideFacts,
    Move,
    Server,
    Survey,
)
from migrations_app.procedures.base import Procedure
from migrations_app.procedures.steps.manual_copy import (
    CopyBase,
    CopyRest,
    CopyWarm,
    PutInPlace,
)
from migrations_app.procedures.steps.manual_power import (
    AttachVolumes,
    DetachVolumes,
    GuestIsThere,
    StartOnTarget,
    Stop,
)
from migrations_app.procedures.steps.manual_prepare import (
    ChargeTarget,
    DatabaseIsReady,
    HostsAreReady,
    Lock,
    ReleaseSource,
    RestsThere,
    TargetIsUp,
    Unlock,
)
from migrations_app.procedures.steps.manual_switch import (
    BindPorts,
    ForgetOnSource,
    TellNova,
)
from migrations_app.procedures.steps.manual_tracking import ProveCopy, TrackWrites
from migrations_app.procedures.steps.verify import AllocationIsMoved, PortsAreBound

# Paths that may stand in a command as they are.
PLAIN = re.compile(r"/[A-Za-z0-9._/+-]+")
NAME = re.compile(r"[A-Za-z0-9._+-]+")


class Manual(Procedure):
    """Move an instance without Nova's migration, where Nova itself cannot."""

    name = "manual"
    title = "Manual"
    keeps_running = False
    steps = (
        RestsThere(),
        TargetIsUp(),
        HostsAreReady(),
        Lock(),
        ChargeTarget(),
        CopyBase(),
        TrackWrites(),
        CopyWarm(),
        DatabaseIsReady(),
        Stop(),
        DetachVolumes(),
        CopyRest(),
        PutInPlace(),
        TellNova(),
        BindPorts(),
        StartOnTarget(),
        ReleaseSource(),
        AttachVolumes(),
        GuestIsThere(),
        ProveCopy(),
        ForgetOnSource(),
        Unlock(),
        PortsAreBound(),
        AllocationIsMoved(),
    )

    @classmethod
    def cloud_facts(
        cls, cloud: Cloud, move: Move, *, server: Server, inside: InsideFacts
    ) -> dict[str, Any]:
        """Return where the instance is for Nova, and what it is to have again.

        Empty when that may not be read: the pre-flight says why, and HostsAreReady
        starts nothing with such a plan. Raises Unreachable.
        """
        for subject in (NOVA_DB, PLACE):
            if subject in inside.unread:
                raise Unreachable(inside.unread[subject])
        if inside.row is None or inside.place is None:
            return {}
        before, after = inside.row.place, inside.place
        try:
            volumes = cloud.attachments(move.server_id)
            zone = before.zone and _zone(cloud, move)
        except Unreachable:
            raise  # it will come round: that is no other plan
        except WorldError:
            return {}
        return {
            "running": server.status == "ACTIVE",
            "locked": server.locked and move.token not in (server.locked_reason or ""),
            "volumes": [asdict(each) for each in volumes if not each.root],
            "before": asdict(before),
            "after": asdict(replace(after, zone=zone)),
        }

    @classmethod
    def survey_facts(cls, survey: Survey) -> dict[str, Any]:
        """Return where the instance's files are on both hosts; empty if not plain, or
        if that is not the same path on both."""
        if survey.guest is None or not survey.guest.folder:
            return {}
        chains = (disk.chain for disk in survey.guest.disks)
        bases = sorted({path for chain in chains for path in chain})
        instances = dirname(survey.guest.folder)
        if not all(PLAIN.fullmatch(path) for path in (instances, *bases)):
            return {}
        there = survey.target.instances if survey.target is not None else ""
        if PLAIN.fullmatch(there) and normpath(there) != normpath(instances):
            return {}  # Nova would look for the disks elsewhere: hosts.instances_path
        facts: dict[str, Any] = {"instances": instances, "bases": bases}
        facts["domain"] = survey.guest.domain
        facts["tracked"] = _tracked(survey.guest)
        renamed = _renamed(survey)
        return {**facts, "renamed": renamed} if renamed else facts


def _tracked(guest: Guest) -> list[str]:
    """Return the disks whose writes QEMU can keep track of: those that are qcow2."""
    named = {
        basename(disk.source)
        for disk in guest.local_disks
        if (disk.format, disk.device, disk.refused) == ("qcow2", "disk", "")
        and dirname(disk.source) == guest.folder
    }
    return sorted(name for name in named if NAME.fullmatch(name))


def _renamed(survey: Survey) -> dict[str, str]:
    """Return the disks that cannot stand on the file of that name on the target.

    By the disk's name, with the file's path. A file that another one stands on keeps
    its name, and the copy then fails before the guest is stopped.
    """
    if survey.guest is None or survey.target is None:
        return {}
    here, there, found = survey.source, survey.target, {}
    for disk in survey.guest.disks:
        name = basename(disk.source)
        if disk.format == "qcow2" and disk.chain and NAME.fullmatch(name):
            path = disk.chain[0]
            sizes = here.bases.get(path), there.bases.get(path)
            other = base_images.same(here.made.get(path), there.made.get(path))
            taken = there.made[path].size is not None if path in there.made else True
            resized = None not in sizes and sizes[0] != sizes[1]
            if resized or (other is False and taken):
                found[name] = path
    deeper = {path for disk in survey.guest.disks for path in disk.chain[1:]}
    return {name: path for name, path in found.items() if path not in deeper}


def _zone(cloud: Cloud, move: Move) -> str | None:
    """Return the target's zone, as Nova tells it."""
    for service in cloud.services():
        if service.host == move.target and service.binary == "nova-compute":
            return service.zone
    return None
