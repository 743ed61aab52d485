"""Stores Nova's migration records: running ones, and those of the last day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models.functions import Coalesce

from migrations_app.integrations import interfaces
from migrations_app.inventory.rows import BATCH, clip, write_each
from migrations_app.models import (
    Cloud,
    Hypervisor,
    LaneOf,
    NovaMigration,
    OneByOne,
)

KEPT = timedelta(days=1)
FIELDS = ("number", "instance", "type", "status", "source", "target")


def write_moves(
    cloud: Cloud, seen: Iterable[interfaces.Migration], now: datetime, *, whole: bool
) -> None:
    """Store the listed records, and delete those that ended more than a day ago.

    ``whole`` says that all running records were listed: other running records are
    deleted too, but only if one of their hosts was seen, because a cell that is down
    lists none.
    """
    rows = {
        move.uuid: NovaMigration(
            cloud=cloud,
            number=move.id,
            uuid=move.uuid,
            instance=clip(move.server_id, 36),
            type=clip(move.type, 50),
            status=clip(move.status, 50),
            source=clip(move.source, 255),
            target=clip(move.target, 255),
            created_at=move.created_at,
            updated_at=move.updated_at,
        )
        for move in seen
    }
    write_each(
        OneByOne(LaneOf.MIGRATIONS, now),
        list(rows.values()),
        _write,
        named=lambda row: f"{row.uuid} of {cloud.name}",
    )
    ours = NovaMigration.objects.filter(cloud=cloud)
    old = ours.annotate(touched=Coalesce("updated_at", "created_at"))
    over = old.filter(touched__lt=now - KEPT, status__in=interfaces.MIGRATION_OVER)
    over.delete()
    if whole:
        hosts = Hypervisor.objects.filter(cloud=cloud, seen_at=now)
        listed = set(hosts.values_list("host", flat=True))
        gone = [
            key
            for key, uuid, source, target in ours.values_list(
                *("pk", "uuid", "source", "target")
            )
            if uuid not in rows and listed & {source, target}
        ]
        for start in range(0, len(gone), BATCH):
            ours.filter(pk__in=gone[start : start + BATCH]).delete()


def _write(rows: Sequence[NovaMigration]) -> None:
    NovaMigration.objects.bulk_create(
        rows,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["cloud", "uuid"],
        update_fields=[*FIELDS, "created_at", "updated_at"],
    )
