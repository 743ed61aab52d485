"""Rights to approve that are delegated to a person."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from migrations_app.access.roles import Role
from migrations_app.models import Delegation


@dataclass(frozen=True, slots=True)
class DelegatedRight:
    """The approval right of an approver that is delegated to this person."""

    giver: int
    giver_name: str
    groups: frozenset[str]


def delegated_to(taker: int) -> tuple[DelegatedRight, ...]:
    """Return the approval rights that are delegated to the person now."""
    now = timezone.now()
    rows = Delegation.objects.filter(
        taker=taker,
        starts_at__lte=now,
        ends_at__gt=now,
        revoked_at=None,
        giver__is_active=True,
        giver__is_superuser=False,
        giver__to_confirm=None,
    ).order_by("id")
    groups: dict[tuple[int, str], set[str]] = {}
    for giver, name, group in rows.values_list(
        "giver", "giver_name", "giver__groups__name"
    ):
        groups.setdefault((giver, name), set()).add(group or "")
    return tuple(
        DelegatedRight(giver, name, frozenset(its))
        for (giver, name), its in groups.items()
        if Role.APPROVER in its
    )
