"""Reads a cloud and makes our copy agree with it.

What is read is written page by page, so that memory does not grow with the cloud, and
never with a transaction open while the cloud is asked. What was not listed is not
taken for gone at once: Nova leaves out, without a word, all that is in a cell which
does not answer (nova/compute/multi_cell_list.py, list_records_by_skipping_down_cells).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db import transaction

from migrations_app import ports
from migrations_app.errors import Gone, WorldError
from migrations_app.inventory import rows
from migrations_app.inventory.snapshots import take_snapshots
from migrations_app.inventory.turn import Overtaken, Turn, due_clouds
from migrations_app.models import Cloud, Hypervisor, Instance

__all__ = ["Report", "due_clouds", "refresh_instance", "sync"]

# Instances that were not listed, and whose cell may be down, are asked for one by one;
# so many at most in one reading, the rest in the next ones.
DOUBTS = 100


@dataclass(frozen=True, slots=True)
class Report:
    """What a reading came to. ``trouble`` is a sentence, empty when it went well."""

    cloud: str
    hypervisors: int = 0
    instances: int = 0
    removed: int = 0
    snapshots: int = 0
    trouble: str = ""

    def __str__(self) -> str:
        if self.trouble:
            return f"{self.cloud}: {self.trouble}"
        return (
            f"{self.cloud}: {self.hypervisors} hypervisors and {self.instances}"
            f" instances read, {self.removed} that are gone removed."
        )


def sync(cloud_name: str, cloud: ports.Cloud, *, now: datetime) -> Report:
    """Our copy is as the cloud was after ``now``; if not, the report says why.

    When the cloud does not answer, or not whole, every row that is not known to be
    gone stays, ``Cloud.trouble`` holds the sentence and ``Cloud.synced_at`` stays as
    old as it was. One process at a time reads a cloud: to the others the report says
    so. Raises nothing that a cloud may be the cause of.
    """
    turn = Turn.take(cloud_name, now=now)
    if turn is None:
        return Report(cloud_name, trouble="Another worker is reading it just now.")
    try:
        report = _read(turn, cloud, now)
        turn.end_well()
    except Overtaken as error:
        return Report(cloud_name, trouble=error.sentence)
    except WorldError as error:
        turn.end_badly(error.sentence)
        return Report(cloud_name, trouble=error.sentence)
    except Exception:
        turn.end_badly(
            "The last reading failed for a reason of novaweb's own: its log"
            " of that moment has it."
        )
        raise
    return report


def refresh_instance(
    cloud_name: str, cloud: ports.Cloud, server_id: str, now: datetime
) -> Instance | None:
    """The row of this one instance is as Nova has it now, or gone if Nova has none.

    A reading of the whole cloud that began before ``now`` does not change it back.
    Raises the WorldError that the cloud answers with, and then changes nothing.
    """
    row = Cloud.objects.get_or_create(name=cloud_name)[0]
    try:
        server = cloud.server(server_id)
    except Gone:
        Instance.objects.filter(cloud=row, uuid=server_id).delete()
        return None
    with transaction.atomic():
        ours = Instance.objects.select_for_update().filter(cloud=row, uuid=server_id)
        before = ours.first()
        fresh = rows.instance_row(row, server, now)
        if before is not None:
            fresh.pk = before.pk
            fresh.seen_at = max(now, before.seen_at)
            if before.project_id == fresh.project_id:
                fresh.project_name = before.project_name
        else:
            fresh.project_name = _known_name(row, fresh.project_id)
        fresh.save()
    return fresh


def _known_name(cloud: Cloud, project_id: str) -> str:
    others = Instance.objects.filter(cloud=cloud, project_id=project_id)
    return others.values_list("project_name", flat=True).first() or ""


def _read(turn: Turn, cloud: ports.Cloud, now: datetime) -> Report:
    hypervisors = cloud.hypervisors()
    services = cloud.services()
    if not hypervisors and Hypervisor.objects.filter(cloud=turn.cloud).exists():
        raise WorldError(
            "The cloud lists no hypervisor at all, though it had some: what is known"
            " of it was kept. Look whether Nova's cells answer (nova-manage cell_v2"
            " list_cells, openstack compute service list)."
        )
    projects = cloud.projects()
    turn.go_on()
    written = [rows.hypervisor_row(turn.cloud, seen, now) for seen in hypervisors]
    rows.write_hypervisors(written)
    instances = _read_instances(turn, cloud, projects, now)
    removed = _remove_hypervisors(turn.cloud, services, now)
    removed += _remove_instances(turn, cloud, now)
    return Report(
        cloud=turn.cloud.name,
        hypervisors=len(written),
        instances=instances,
        removed=removed,
        snapshots=take_snapshots(turn.cloud, now=now),
    )


def _read_instances(
    turn: Turn, cloud: ports.Cloud, projects: list[ports.Project], now: datetime
) -> int:
    names = {project.id: project.name for project in projects}
    count = 0
    for batch in _batches(cloud.servers()):
        turn.go_on()
        rows.write_instances(
            turn.cloud,
            (
                rows.instance_row(
                    turn.cloud,
                    server,
                    now,
                    project_name=names.get(server.project_id, ""),
                )
                for server in batch
            ),
            now=now,
            names_known=bool(names),
        )
        count += len(batch)
    return count


def _batches(servers: Iterable[ports.Server]) -> Iterator[list[ports.Server]]:
    stream = iter(servers)
    while batch := list(islice(stream, rows.BATCH)):
        yield batch


def _remove_hypervisors(
    cloud: Cloud, services: list[ports.Service], now: datetime
) -> int:
    """Remove those that were not listed and whose nova-compute is not known either.

    Nova lists the nova-compute of a cell that is down (from 2.69 on), but not its
    hypervisor; one that was deleted has neither. A host that came back under another
    UUID has been listed.
    """
    silent = {service.host for service in services}
    listed = Hypervisor.objects.filter(cloud=cloud, seen_at=now)
    silent.difference_update(listed.values_list("host", flat=True))
    gone = Hypervisor.objects.filter(cloud=cloud, seen_at__lt=now)
    return gone.exclude(host__in=silent).delete()[0]


def _remove_instances(turn: Turn, cloud: ports.Cloud, now: datetime) -> int:
    """Remove those that were not listed though their host was; ask for the others.

    In no order, so that those whose cell stays down do not hide the rest.
    """
    unlisted = Instance.objects.filter(cloud=turn.cloud, seen_at__lt=now)
    listed = Hypervisor.objects.filter(cloud=turn.cloud, seen_at=now)
    sure = unlisted.filter(host__in=listed.values("host"))
    turn.go_on()
    removed = sure.delete()[0]
    doubtful = unlisted.order_by("?").values_list("uuid", flat=True)
    gone = []
    for uuid in list(doubtful[:DOUBTS]):
        try:
            cloud.server(uuid)
        except Gone:
            gone.append(uuid)
    turn.go_on()
    return removed + unlisted.filter(uuid__in=gone).delete()[0]
