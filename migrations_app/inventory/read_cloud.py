"""Reads a cloud: everything, or the changes since the last reading.

Data is stored page by page, so that memory does not grow with the cloud, and no
transaction is open during a call. An object that is not listed is not deleted at once:
Nova silently leaves out everything in a cell that does not answer
(nova/compute/multi_cell_list.py, list_records_by_skipping_down_cells).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from migrations_app.errors import Gone, Unreachable, WorldError
from migrations_app.integrations import interfaces
from migrations_app.inventory import rows
from migrations_app.inventory.nova_migrations import KEPT, write_moves
from migrations_app.inventory.reading import Reading
from migrations_app.inventory.server_groups import write_groups
from migrations_app.inventory.snapshots import take_snapshots
from migrations_app.inventory.sync_lease import Turn, full_scan_due
from migrations_app.models import Cloud, Hypervisor, Instance, LaneOf

# What Nova changed shortly before the last reading is read again: its clock is not
# ours, and a change shows only when its transaction has ended.
SKEW = timedelta(minutes=2)
# How often the server groups are read: an instance stays in its group for life.
GROUPS_EVERY = timedelta(hours=1)
# Instances that were not listed, and whose cell may be down, are asked for one by one;
# so many at most in one reading, the rest in the next ones.
DOUBTS = 100
# A cloud that fails at so many of them does not answer at all.
ENOUGH = 3


@dataclass(frozen=True, slots=True)
class Report:
    """Result of a reading; ``trouble`` is an error sentence, empty if successful."""

    cloud: str
    whole: bool = False
    hypervisors: int = 0
    instances: int = 0
    removed: int = 0
    snapshots: int = 0
    trouble: str = ""

    def __str__(self) -> str:
        if self.trouble:
            return f"{self.cloud}: {self.trouble}"
        changed = "" if self.whole else " changed"
        return (
            f"{self.cloud}: {self.hypervisors} hypervisors and"
            f" {self.instances}{changed} instances read, {self.removed} deleted"
            " instances removed."
        )


def read(turn: Turn, cloud: interfaces.Cloud, now: datetime, *, whole: bool) -> Report:
    """Read the cloud and store it. Raises WorldError, Overtaken."""
    hypervisors = cloud.hypervisors()
    services = cloud.services()
    hosts = Reading(turn.cloud, LaneOf.HYPERVISORS, now)
    servers = Reading(turn.cloud, LaneOf.INSTANCES, now)
    if not hypervisors and Hypervisor.objects.filter(cloud=turn.cloud).exists():
        raise WorldError(
            "The cloud lists no hypervisor, although it had some: the last known"
            " inventory was kept. Check whether Nova's cells answer (nova-manage"
            " cell_v2 list_cells, openstack compute service list)."
        )
    since = turn.cloud.changes_until
    whole = (
        whole
        or since is None
        or full_scan_due(turn.cloud, now)
        or _some_came_back(turn.cloud, [it for it in hypervisors if not it.unread])
    )
    if whole:
        turn.begin_full_scan()
    else:
        turn.go_on()
    written = [
        row
        for seen in hypervisors
        if (row := hosts.row(seen.host, seen.unread, partial(_host_row, turn, seen)))
    ]
    rows.write_each(
        hosts.lane,
        written,
        rows.write_hypervisors,
        named=lambda row: hosts.named(row.host),
    )
    removed = _remove_hypervisors(turn.cloud, services, now)
    if whole or since is None:
        instances = _read_all(turn, cloud, servers)
        removed += _remove_instances(turn, cloud, now)
        new = True
        moves = [*cloud.moves(), *cloud.moves(since=now - KEPT)]
    else:
        instances, gone, new = _read_changed(turn, cloud, since - SKEW, servers)
        removed += gone
        moves = cloud.moves(since=since - SKEW)
    turn.go_on()
    write_moves(turn.cloud, moves, now, whole=whole)
    read_at = turn.cloud.layout_read_at
    if new or read_at is None or read_at < now - GROUPS_EVERY:
        groups = cloud.groups()
        turn.groups_read()
        write_groups(turn.cloud, groups, now)
    return Report(
        cloud=turn.cloud.name,
        whole=whole,
        hypervisors=len(written),
        instances=instances,
        removed=removed,
        snapshots=take_snapshots(turn.cloud, now=now),
    )


def _some_came_back(cloud: Cloud, listed: list[interfaces.Hypervisor]) -> bool:
    """Return whether a host is listed that the last good reading did not see.

    Its cell was down, so changes there were not reported and will not be.
    """
    missed = Hypervisor.objects.filter(cloud=cloud, seen_at__lt=cloud.synced_at)
    silent = set(missed.values_list("uuid", flat=True))
    return any(seen.id in silent for seen in listed)


def _host_row(turn: Turn, seen: interfaces.Hypervisor, now: datetime) -> Hypervisor:
    return rows.hypervisor_row(turn.cloud, seen, now)


def _read_all(turn: Turn, cloud: interfaces.Cloud, reading: Reading) -> int:
    names = {project.id: project.name for project in cloud.projects()}
    count = 0
    for batch in _batches(cloud.servers()):
        turn.go_on()
        there = _still_there(batch)
        count += _write(reading, there, names)
    return count


def _still_there(servers: list[interfaces.Server]) -> list[interfaces.Server]:
    """Return the instances that are not deleted.

    For a moment Nova lists an instance as DELETED before it removes the row.
    """
    return [each for each in servers if each.status != "DELETED"]


def _read_changed(
    turn: Turn, cloud: interfaces.Cloud, since: datetime, reading: Reading
) -> tuple[int, int, bool]:
    """Store the changes; return how many changed, were deleted, and whether any is new.

    A new instance may be in a group that Nova did not report with it (before 2.100).
    """
    ours = Instance.objects.filter(cloud=turn.cloud)
    count = removed = 0
    new = False
    for batch in _batches(cloud.servers(changes_since=since)):
        turn.go_on()
        gone = [each.id for each in batch if each.status == "DELETED"]
        old = ours.filter(uuid__in=gone, seen_at__lte=reading.now)
        removed += old.delete()[0]
        there = _still_there(batch)
        known = set(
            ours.filter(uuid__in=[each.id for each in there]).values_list(
                "uuid", flat=True
            )
        )
        new = new or any(each.id not in known and each.hints is None for each in there)
        count += _write(reading, there, _names(turn.cloud, cloud, there))
    return count, removed, new


def _names(
    of: Cloud, cloud: interfaces.Cloud, servers: list[interfaces.Server]
) -> dict[str, str]:
    """Return the names of these projects; unknown ones are queried."""
    wanted = {each.project_id for each in servers}
    others = Instance.objects.filter(cloud=of, project_id__in=wanted)
    known = dict(
        others.exclude(project_name="")
        .order_by()
        .values_list("project_id", "project_name")
        .distinct()
    )
    if wanted - known.keys():
        known.update((project.id, project.name) for project in cloud.projects())
    return known


def _write(
    reading: Reading, servers: list[interfaces.Server], names: dict[str, str]
) -> int:
    """Store the servers; return how many could be. The others' rows stay."""
    cloud, now = reading.cloud, reading.now
    made = [
        row
        for each in servers
        if (row := reading.row(each.id, each.unread, _row_of(cloud, each, names)))
    ]
    failed = rows.write_each(
        reading.lane,
        made,
        lambda some: rows.write_instances(
            cloud, some, now=now, names_known=bool(names)
        ),
        named=lambda row: reading.named(row.uuid),
    )
    stored = {row.uuid for row in made} - {row.uuid for row in failed}
    lost = [each.id for each in servers if each.id not in stored]
    # they are there, whatever else they are
    Instance.objects.filter(cloud=cloud, uuid__in=lost).update(seen_at=now)
    return len(stored)


def _row_of(
    cloud: Cloud, server: interfaces.Server, names: dict[str, str]
) -> Callable[[datetime], Instance]:
    name = names.get(server.project_id, "")
    return lambda now: rows.instance_row(cloud, server, now, project_name=name)


def _batches(servers: Iterable[interfaces.Server]) -> Iterator[list[interfaces.Server]]:
    stream = iter(servers)
    while batch := list(islice(stream, rows.BATCH)):
        yield batch


def _remove_hypervisors(
    cloud: Cloud, services: list[interfaces.Service], now: datetime
) -> int:
    """Delete hypervisors that were not listed and whose nova-compute is unknown too.

    For a cell that is down Nova lists the nova-compute (from 2.69), but not the
    hypervisor; a deleted host has neither. A host that returned with another UUID has
    been listed.
    """
    silent = {service.host for service in services}
    listed = Hypervisor.objects.filter(cloud=cloud, seen_at=now)
    silent.difference_update(listed.values_list("host", flat=True))
    gone = Hypervisor.objects.filter(cloud=cloud, seen_at__lt=now)
    return gone.exclude(host__in=silent).delete()[0]


def _remove_instances(turn: Turn, cloud: interfaces.Cloud, now: datetime) -> int:
    """Delete instances that were not listed although their host was; query the others.

    In random order, so that those in a cell that stays down do not block the rest.
    """
    unlisted = Instance.objects.filter(cloud=turn.cloud, seen_at__lt=now)
    listed = Hypervisor.objects.filter(cloud=turn.cloud, seen_at=now)
    sure = unlisted.filter(host__in=listed.values("host"))
    turn.go_on()
    removed = sure.delete()[0]
    doubtful = unlisted.order_by("?").values_list("uuid", flat=True)
    gone = []
    failed = 0
    for uuid in list(doubtful[:DOUBTS]):
        try:
            cloud.server(uuid)
        except Gone:
            gone.append(uuid)
        except Unreachable:
            # Nova fails at this one: it stays, and the others are asked for
            failed += 1
            if failed == ENOUGH:
                raise
    turn.go_on()
    return removed + unlisted.filter(uuid__in=gone).delete()[0]
