"""Audit entries for sign-in, sign-out and failed sign-in.

Signals are otherwise not used, but Django's pages, its admin, single sign-on and the
API all sign accounts in, and only these three signals cover them all.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django.contrib.auth import (
    user_logged_in,
    user_logged_out,
    user_login_failed,
)
from django.contrib.auth.models import AbstractBaseUser, User
from django.db import models, transaction
from django.db.models import F
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from migrations_app.access import sessions, sign_in_backend
from migrations_app.access.sign_in_throttle import keyed_hash
from migrations_app.audit import recorder
from migrations_app.models import LaneOf, OneByOne, RefusedSignIns
from migrations_app.models.failed_item import resting

# This number of refusals in a minute have an entry each; the others are counted.
MOST_ENTRIES = 30


@receiver(user_logged_in)
def signed_in(
    sender: Any, request: HttpRequest | None, user: AbstractBaseUser, **kwargs: Any
) -> None:
    """Begin the time of the session, and record that somebody signed in."""
    if request is not None:
        sessions.begin(request)
    shown = getattr(request, "shown_factor", "")
    note = _where(request) + (f", with {shown}" if shown else "")
    recorder.record("account.signed_in", by=user, note=note)


@receiver(user_logged_out)
def signed_out(
    sender: Any,
    request: HttpRequest | None,
    user: AbstractBaseUser | None,
    **kwargs: Any,
) -> None:
    """Record a sign-out; an expired session records nothing."""
    if user is not None:
        recorder.record("account.signed_out", by=user, note=_where(request))


@receiver(user_login_failed)
def refused(
    sender: Any,
    credentials: dict[str, Any],
    request: HttpRequest | None = None,
    **kwargs: Any,
) -> None:
    """Record a failed sign-in, or second factor, by an entry of its own, or count it.

    Counted are those that had to wait, and those of a minute that has many: entries
    are kept for ever, and anybody can make them.
    """
    now = timezone.now()
    waited = bool(sign_in_backend.seconds_to_wait(request))
    record_counted(now)
    if waited or not _has_room(now):
        _this_minute(now).update(counted=F("counted") + 1)
        return
    factor = "second_factor" in credentials
    recorder.record(
        "account.factor_refused" if factor else "account.refused",
        actor_name=_who(str(credentials.get("username") or "")),
        note=_where(request) + _why(request),
    )


def is_due(now: datetime) -> bool:
    """Return whether refusals of a minute that is over are only counted."""
    return _over(now).exists()


def record_counted(now: datetime) -> int:
    """Record the refusals that were counted in each minute that is over, once each.

    Returns how many entries that made. A minute that fails keeps no other one waiting.
    """
    lane = OneByOne(LaneOf.REFUSALS, now)
    made = 0
    for row in _over(now):
        record = partial(_record_minute, row)
        item = f"{row.minute:%F %H:%M} UTC"
        made += bool(lane.serve(item, record, number=row.pk))
    return made


def _record_minute(row: RefusedSignIns) -> bool:
    """Record one minute; False if it had none, or another process was faster."""
    same = RefusedSignIns.objects.filter(pk=row.pk, counted=row.counted)
    with transaction.atomic():
        removed, _ = same.delete()
        if not removed or not row.counted:
            return False
        recorder.record(
            "account.refused_more",
            note=f"In the minute from {row.minute:%F %H:%M} UTC",
            after={"name": str(row.counted), "count": row.counted},
        )
    return True


def _over(now: datetime) -> models.QuerySet[RefusedSignIns]:
    """Return the minutes that are over, but those that failed a moment ago."""
    rows = RefusedSignIns.objects.filter(minute__lt=_minute(now))
    return rows.exclude(pk__in=resting(LaneOf.REFUSALS, now))


def _minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)


def _this_minute(now: datetime) -> Any:
    row, _ = RefusedSignIns.objects.get_or_create(minute=_minute(now))
    return RefusedSignIns.objects.filter(pk=row.pk)


def _has_room(now: datetime) -> bool:
    rows = _this_minute(now).filter(entries__lt=MOST_ENTRIES)
    return bool(rows.update(entries=F("entries") + 1))


def _who(name: str) -> str:
    """Return the name of an account; of any other word a keyed hash.

    People type their password where the name goes, and entries are read by many.
    """
    known = "\0" not in name and User.objects.filter(username=name).exists()
    if known:
        return name
    return f"unknown name {keyed_hash(name)[:12]}" if name else "nobody"


def _why(request: HttpRequest | None) -> str:
    """Return what else than a wrong password it was that kept somebody out."""
    error = sign_in_backend.trouble(request)
    return f". {error.sentence}" if error is not None else ""


def _where(request: HttpRequest | None) -> str:
    if request is None:
        return ""
    address = sign_in_backend.address_of(request)
    return f"At {request.path}" + (f" from {address}" if address else "")
