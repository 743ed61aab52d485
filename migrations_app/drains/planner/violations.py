"""Which limits and rules a move breaks at the moment when it begins, as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from migrations_app.drains.planner.model import (
    AFFINITY,
    ANTI_AFFINITY,
    SOFT_AFFINITY,
    SOFT_ANTI_AFFINITY,
    Fleet,
    Guest,
    Host,
    Task,
)
from migrations_app.drains.planner.occupancy import Ledger
from migrations_app.integrations.interfaces import DISK_GB, MEMORY_MB, PCPU, VCPU

_UNITS = {
    VCPU: "VCPUs",
    PCPU: "dedicated CPUs",
    MEMORY_MB: "MiB of memory",
    DISK_GB: "GiB of disk",
}


class Kind(StrEnum):
    """What a move breaks."""

    CAPACITY = "capacity"  # a host gets more than it may hold
    GROUP = "group"  # a hard rule of a server group
    WISH = "wish"  # a soft one
    ZONE = "zone"  # an instance leaves the zone that it must stay in
    PROJECT = "project"  # the host is set aside for others
    HOST = "host"  # the host takes no instances now
    GUEST = "guest"  # the instance cannot be moved, or is not there


@dataclass(frozen=True, slots=True)
class Broken:
    """One limit or rule that is broken, at which move (from 1), as a sentence."""

    kind: Kind
    step: int
    sentence: str
    host: str
    guest: str  # its id

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "kind": str(self.kind),
            "step": self.step,
            "sentence": self.sentence,
            "host": self.host,
            "instance": self.guest,
        }


def unit(resource: str) -> str:
    """Return what one counts of a resource class, as people say it."""
    return _UNITS.get(resource, resource)


def broken_by(
    fleet: Fleet, ledger: Ledger, task: Task, *, step: int
) -> Iterator[Broken]:
    """Yield all that the move breaks when it begins now."""
    for kind, sentence in _sentences(fleet, ledger, task):
        yield Broken(kind, step, sentence, task.target, task.guest)


def _sentences(fleet: Fleet, ledger: Ledger, task: Task) -> Iterator[tuple[Kind, str]]:
    guest, host = fleet.guests.get(task.guest), fleet.hosts.get(task.target)
    if guest is None:
        yield Kind.GUEST, f"No instance {task.guest} is known."
        return
    if host is None:
        yield Kind.HOST, f"No host {task.target} is known."
        return
    if not ledger.holds(task.source, guest.id):
        yield (
            Kind.GUEST,
            f"{guest.name} is on {guest.host or 'no host'}, not on {task.source}.",
        )
    if task.source == task.target:
        yield Kind.HOST, f"{guest.name} is on {host.name} already."
        return
    if guest.why_not:
        yield Kind.GUEST, guest.why_not
    if host.why_not:
        yield Kind.HOST, host.why_not
    if guest.zone and guest.zone != host.zone:
        yield (
            Kind.ZONE,
            f"{guest.name} must stay in the zone {guest.zone}; {host.name} is in "
            f"{host.zone or 'none'}.",
        )
    if host.projects and guest.project not in host.projects:
        yield (
            Kind.PROJECT,
            f"{host.name} is reserved for projects other than that of {guest.name}.",
        )
    yield from _room(ledger, task, guest, host)
    yield from _group(fleet, ledger, task, guest)


def _room(
    ledger: Ledger, task: Task, guest: Guest, host: Host
) -> Iterator[tuple[Kind, str]]:
    now = ledger.stock(host.name)
    for name, amount in guest.resources.items():
        if name in now and amount > now[name].max_unit:
            yield (
                Kind.CAPACITY,
                f"{guest.name} takes {amount} {unit(name)}; {host.name} gives one "
                f"instance {now[name].max_unit} at most.",
            )
    for name, over in ledger.shortage(task).items():
        stock = now[name]
        yield (
            Kind.CAPACITY,
            f"{host.name} would hold {stock.capacity + over} {unit(name)} with "
            f"{guest.name}, {over} more than the {stock.capacity} that it may.",
        )


def _group(
    fleet: Fleet, ledger: Ledger, task: Task, guest: Guest
) -> Iterator[tuple[Kind, str]]:
    group = fleet.group_of(guest.id)
    if group is None:
        return
    others = ledger.members(guest, task.target)
    if group.policy == AFFINITY:
        yield (
            Kind.GROUP,
            f"{guest.name} is in the affinity group {group.name}: Nova moves none of "
            "its members.",
        )
    elif group.policy == ANTI_AFFINITY and others >= group.max_per_host:
        yield (
            Kind.GROUP,
            f"{task.target} would hold {others + 1} members of the anti-affinity "
            f"group {group.name} with {guest.name}; it may hold {group.max_per_host}.",
        )
    elif group.policy == SOFT_ANTI_AFFINITY and others:
        yield (
            Kind.WISH,
            f"{task.target} already holds a member of {group.name}, whose members "
            f"should be on different hosts: {guest.name} would be with it.",
        )
    elif (
        group.policy == SOFT_AFFINITY
        and not others
        and ledger.members(guest, task.source)
    ):
        yield (
            Kind.WISH,
            f"{guest.name} leaves other members of {group.name}, who should be on one "
            "host.",
        )
