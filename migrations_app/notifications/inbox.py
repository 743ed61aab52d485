"""What one person was told on the pages, and that they have read it."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from migrations_app.access.permissions import Person
from migrations_app.errors import Gone
from migrations_app.models import Notice

MOST_COUNTED = 100


def of(person: Person) -> QuerySet[Notice]:
    """Return what the person was told, newest first."""
    return Notice.objects.filter(person=person.id).order_by("-pk")


def unread(person: Person) -> int:
    """Return how much of it they have not read: 100 stands for that or more."""
    if person.id is None:
        return 0
    return of(person).filter(read_at=None)[:MOST_COUNTED].count()


def read(pk: int, *, by: User) -> Notice:
    """The person has read it. Raises Gone when it is not theirs."""
    mine = Notice.objects.filter(pk=pk, person=by)
    mine.filter(read_at=None).update(read_at=timezone.now())
    notice = mine.first()
    if notice is None:
        raise Gone(f"You have no notification {pk}.")
    return notice


def read_all(*, by: User, until: int) -> int:
    """The person has read all up to that number; return how many were new to them."""
    mine = Notice.objects.filter(person=by, pk__lte=until, read_at=None)
    return mine.update(read_at=timezone.now())
