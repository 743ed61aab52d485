"""Notifications of one person on the pages."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from migrations_app.access.permissions import Person
from migrations_app.errors import Gone
from migrations_app.models import Notice

MOST_COUNTED = 100


def of(person: Person) -> QuerySet[Notice]:
    """Return the person's notifications, newest first."""
    return Notice.objects.filter(person=person.id).order_by("-pk")


def unread(person: Person) -> list[int]:
    """Return the numbers of the unread notifications, newest first; at most 100."""
    if person.id is None:
        return []
    rows = of(person).filter(read_at=None)
    return list(rows.values_list("pk", flat=True)[:MOST_COUNTED])


def new(person: Person, *, since: int, most: int = 3) -> list[Notice]:
    """Return the newest unread notifications behind that number, newest first."""
    return list(of(person).filter(read_at=None, pk__gt=since)[:most])


def read(pk: int, *, by: User) -> Notice:
    """Mark the notification as read. Raises Gone if it is not theirs."""
    mine = Notice.objects.filter(pk=pk, person=by)
    mine.filter(read_at=None).update(read_at=timezone.now())
    notice = mine.first()
    if notice is None:
        raise Gone(f"You have no notification {pk}.")
    return notice


def read_all(*, by: User, until: int) -> int:
    """Mark all up to that number as read; return how many were unread."""
    mine = Notice.objects.filter(person=by, pk__lte=until, read_at=None)
    return mine.update(read_at=timezone.now())
