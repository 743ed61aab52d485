"""Makes our copy of a cloud agree with it: all of it, or a single instance."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from migrations_app.errors import Gone, WorldError
from migrations_app.integrations import interfaces as ports
from migrations_app.inventory import rows
from migrations_app.inventory.read_cloud import Report, read
from migrations_app.inventory.sync_lease import Overtaken, Turn, due_clouds
from migrations_app.models import Cloud, Instance

__all__ = ["Report", "due_clouds", "refresh_instance", "sync"]


def sync(
    cloud_name: str, cloud: ports.Cloud, *, now: datetime, whole: bool = False
) -> Report:
    """Our copy is as the cloud was after ``now``; if not, the report says why.

    Read is what Nova says has changed since the last reading, or all of it: where
    ``whole`` asks for that, and where only that can be trusted (``full_scan_due``).

    When the cloud does not answer, or not whole, every row that is not known to be
    gone stays, ``Cloud.trouble`` holds the sentence and ``Cloud.synced_at`` stays as
    old as it was. One process at a time reads a cloud: to the others the report says
    so. Raises nothing that a cloud may be the cause of.
    """
    turn = Turn.take(cloud_name, now=now)
    if turn is None:
        return Report(cloud_name, trouble="Another worker is reading this cloud.")
    try:
        report = read(turn, cloud, now, whole=whole)
        turn.end_well(whole=report.whole)
    except Overtaken as error:
        return Report(cloud_name, trouble=error.sentence)
    except WorldError as error:
        turn.end_badly(error.sentence)
        return Report(cloud_name, trouble=error.sentence)
    except Exception:
        turn.end_badly(
            "The last reading failed because of an error in novaweb: see its log."
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
    server: ports.Server | None
    try:
        server = cloud.server(server_id)
    except Gone:
        server = None
    if server is None or server.status == "DELETED":
        Instance.objects.filter(cloud=row, uuid=server_id).delete()
        return None
    with transaction.atomic():
        ours = Instance.objects.select_for_update().filter(cloud=row, uuid=server_id)
        before = ours.first()
        fresh = rows.instance_row(row, server, now)
        if before is not None:
            fresh.pk = before.pk
            fresh.group = before.group
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
