"""Neighbours of an audit entry."""

from __future__ import annotations

from django.db.models import QuerySet

from migrations_app.models import (
    AuditEntry,
)
from migrations_app.models.lookup import get_or_gone


def neighbour(number: int, *, newer: bool) -> int | None:
    """Return the number of the next or previous entry; None if there is none."""
    rows = AuditEntry.objects.values_list("pk", flat=True)
    if newer:
        return rows.filter(pk__gt=number).order_by("pk").first()
    return rows.filter(pk__lt=number).order_by("-pk").first()


def of_act(entry: AuditEntry, *, most: int = 100) -> list[AuditEntry]:
    """Return the other entries of the same operation, oldest first."""
    if not entry.act:
        return []
    rows = AuditEntry.objects.filter(act=entry.act).order_by("pk")[: most + 1]
    return [row for row in rows if row.pk != entry.pk][:most]


# -- audit --------------------------------------------------------------------------


def audit_entries() -> QuerySet[AuditEntry]:
    """Return the audit trail, newest first."""
    return AuditEntry.objects.all()


def audit_entry(number: int) -> AuditEntry:
    """Return the entry of that number. Raises Gone when there is none."""
    return get_or_gone(audit_entries(), number, "audit entry")
