"""Updates novaweb's copy of a cloud: everything, or a single instance."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from migrations_app.errors import Gone, WorldError
from migrations_app.integrations import interfaces
from migrations_app.inventory import rows
from migrations_app.inventory.read_cloud import Report, read
from migrations_app.inventory.sync_lease import Overtaken, Turn, due_clouds
from migrations_app.models import Cloud, Instance

__all__ = ["Report", "due_clouds", "refresh_instance", "sync"]


def sync(
    cloud_name: str, cloud: interfaces.Cloud, *, now: datetime, whole: bool = False
) -> Report:
    """Update the copy to the state of the cloud after ``now``; the report has errors.

    Normally only changes since the last reading are read; everything if ``whole`` is
    set or a full scan is due (``full_scan_due``). If the cloud does not answer, or only
    in part, rows stay unless known to be deleted, ``Cloud.trouble`` has the sentence,
    and ``Cloud.synced_at`` is unchanged. One process at a time reads a cloud; others
    get a report that says so. Errors of the cloud are not raised.
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
    cloud_name: str, cloud: interfaces.Cloud, server_id: str, now: datetime
) -> Instance | None:
    """Update the row of this instance from Nova, or delete it if Nova has none.

    A full reading that began before ``now`` does not overwrite it. Raises the
    WorldError of the cloud, and then changes nothing.
    """
    row = Cloud.objects.get_or_create(name=cloud_name)[0]
    server: interfaces.Server | None
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
