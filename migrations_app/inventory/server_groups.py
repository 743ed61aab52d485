"""Stores server groups and their members, which the list of servers lacks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from migrations_app.integrations import interfaces
from migrations_app.inventory.rows import BATCH, clip
from migrations_app.models import Cloud, Instance, ServerGroup


def write_groups(
    cloud: Cloud, seen: Sequence[interfaces.ServerGroup], now: datetime
) -> None:
    """Store the listed groups, delete the others, and set the group of every member.

    The list is always complete: Nova keeps groups in its API database, so a cell that
    is down does not shorten it.
    """
    rows = [
        ServerGroup(
            cloud=cloud,
            uuid=group.id,
            name=clip(group.name, 255),
            policy=clip(group.policy, 255),
            max_per_host=group.max_per_host,
            seen_at=now,
        )
        for group in seen
    ]
    of = {member: group.id for group in seen for member in group.members}
    with transaction.atomic():
        ServerGroup.objects.bulk_create(
            rows,
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=["cloud", "uuid"],
            update_fields=["name", "policy", "max_per_host", "seen_at"],
        )
        ServerGroup.objects.filter(cloud=cloud, seen_at__lt=now).delete()
    there = Instance.objects.filter(cloud=cloud).only("pk", "uuid", "group")
    changed = []
    for row in there.order_by("pk").iterator(chunk_size=2000):
        group = of.get(row.uuid, "")
        if row.group != group:
            row.group = group
            changed.append(row)
    Instance.objects.bulk_update(changed, ["group"], batch_size=BATCH)
