"""Actions on maintenance windows and freezes: create, change, retire."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require, require_now
from migrations_app.audit import notes as audit_notes
from migrations_app.audit import recorder
from migrations_app.errors import TooLate, Unfit
from migrations_app.integrations.clouds import configured
from migrations_app.models import Window
from migrations_app.models.lookup import get_or_gone
from migrations_app.requests.windows import schedule
from migrations_app.requests.windows.calendar import occurrences
from migrations_app.requests.windows.calendar.window import (
    WindowKind,
    WindowRule,
    occurrence,
)

# Every look at the calendar reads all that are active.
MOST = 500
MOST_NAMES = 200
_FACTS = (
    "name",
    "kind",
    "clouds",
    "zones",
    "hosts",
    "time_zone",
    "starts",
    "ends",
    "recurrence",
    "exceptions",
    "reason",
)


@dataclass(frozen=True, slots=True)
class Wish:
    """The fields of a window, as a person gives them.

    ``starts`` and ``ends`` are local times in ``time_zone``.
    """

    name: str
    kind: str
    starts: datetime
    ends: datetime
    reason: str
    time_zone: str = ""
    recurrence: str = ""
    exceptions: tuple[datetime, ...] = ()
    clouds: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    uid: str = field(default="", compare=False)


def create(wish: Wish, *, by: User) -> Window:
    """Create the window, which applies from now on. Raises Unfit, NotAllowed."""
    require(by, Verb.CALENDAR)
    return _create(fields(wish), wish.uid, by=by)


def change(window_id: int, wish: Wish, *, by: User, version: int) -> Window:
    """Change the window that was read as ``version``.

    Runs that have begun go on; waiting requests are checked again within a minute.
    Raises Unfit, NotAllowed, and TooLate if it was changed or retired meanwhile.
    """
    require(by, Verb.CALENDAR)
    row = window(window_id)
    new = fields(wish)
    before = facts(row)
    now = timezone.now()
    with transaction.atomic():
        require_now(by, Verb.CALENDAR)
        changed = Window.objects.filter(pk=row.pk, version=version, active=True).update(
            **new,
            version=version + 1,
            changed_by_name=by.get_username(),
            changed_at=now,
        )
        if changed != 1:
            raise TooLate(
                "The window was changed or retired by somebody else"
                " meanwhile. Reload the page."
            )
        row = window(window_id)
        recorder.record(
            "window.changed",
            by=by,
            about=recorder.CloudObject(cloud=_one(row.clouds), source=_one(row.hosts)),
            note=row.reason,
            before=before,
            after=facts(row),
        )
    return row


def retire(
    window_id: int, *, by: User, note: str, version: int | None = None
) -> Window:
    """Deactivate the window, for good; it stays readable.

    ``version`` is the one that was read; None: whichever it is. Raises NotAllowed,
    Unfit, and TooLate if it is retired already, or another version.
    """
    require(by, Verb.CALENDAR)
    note = audit_notes.note(note, "Give a reason to retire it (auditors read it).")
    row = window(window_id)
    with transaction.atomic():
        require_now(by, Verb.CALENDAR)
        rows = Window.objects.filter(pk=row.pk, active=True)
        rows = rows if version is None else rows.filter(version=version)
        changed = rows.update(
            active=False,
            version=row.version + 1,
            changed_by_name=by.get_username(),
            changed_at=timezone.now(),
        )
        if changed != 1:
            raise TooLate("The window is retired already, or was changed meanwhile.")
        recorder.record(
            "window.retired",
            by=by,
            about=recorder.CloudObject(cloud=_one(row.clouds), source=_one(row.hosts)),
            note=note,
            before=facts(row),
        )
    return window(window_id)


def window(window_id: int) -> Window:
    """Return the window. Raises Gone."""
    return get_or_gone(Window.objects.all(), window_id, "window")


def home() -> str:
    """Return the time zone of windows that name none."""
    return str(settings.TIME_ZONE)


def facts(row: Window) -> dict[str, Any]:
    """Return the window as its audit entries have it."""
    return {"window": row.pk, **{name: getattr(row, name) for name in _FACTS}}


def fields(wish: Wish) -> dict[str, Any]:
    """Return the wish as fields of a Window. Raises Unfit."""
    name = " ".join(wish.name.split())
    if not name or len(name) > 100:
        raise Unfit("Give the window a name of at most 100 characters.")
    reason = audit_notes.note(wish.reason, "Give a reason for the window.")
    if wish.kind not in set(WindowKind):
        raise Unfit("A window is a maintenance window or a freeze.")
    rule = occurrences.checked(
        WindowRule(
            kind=WindowKind(wish.kind),
            name=name,
            time_zone=wish.time_zone.strip() or home(),
            starts=wish.starts,
            ends=wish.ends,
            recurrence=wish.recurrence,
            exceptions=wish.exceptions,
        )
    )
    clouds = _names(wish.clouds, "cloud")
    for cloud in sorted(clouds):
        configured(cloud)
    return {
        "name": name,
        "kind": str(rule.kind),
        "clouds": clouds,
        "zones": _names(wish.zones, "zone"),
        "hosts": _names(wish.hosts, "host"),
        "time_zone": rule.time_zone,
        "starts": rule.starts.isoformat(),
        "ends": rule.ends.isoformat(),
        "recurrence": rule.recurrence,
        "exceptions": [each.isoformat() for each in rule.exceptions],
        "reason": reason,
        "begins_at": occurrence(rule, rule.starts).begins,
        "over_at": occurrences.over_at(rule),
    }


def wish_of(row: Window) -> Wish:
    """Return the window as the wish that would create it again."""
    rule = schedule.rule_of(row)
    return Wish(
        name=row.name,
        kind=row.kind,
        starts=rule.starts,
        ends=rule.ends,
        reason=row.reason,
        time_zone=row.time_zone,
        recurrence=row.recurrence,
        exceptions=rule.exceptions,
        clouds=tuple(row.clouds),
        zones=tuple(row.zones),
        hosts=tuple(row.hosts),
        uid=row.uid,
    )


def changed_wish(row: Window, given: Mapping[str, Any]) -> Wish:
    """Return the window as a wish, with the given fields replaced."""
    return replace(wish_of(row), **given)


def _create(values: dict[str, Any], uid: str, *, by: User) -> Window:
    if Window.objects.filter(active=True).count() >= MOST:
        raise Unfit(f"There are already {MOST} windows: retire the past ones.")
    row = Window(
        **values,
        uid=uid or f"{uuid.uuid4()}@novaweb",
        changed_by_name=by.get_username(),
        changed_at=timezone.now(),
    )
    try:
        with transaction.atomic():
            require_now(by, Verb.CALENDAR)
            row.save(force_insert=True)
            recorder.record(
                "window.created",
                by=by,
                about=recorder.CloudObject(
                    cloud=_one(row.clouds), source=_one(row.hosts)
                ),
                note=row.reason,
                after=facts(row),
            )
    except IntegrityError as error:
        raise TooLate(
            "Somebody else created this window meanwhile. Reload the page."
        ) from error
    return row


def _names(given: Iterable[str], what: str) -> list[str]:
    names = sorted({each.strip() for each in given} - {""})
    if len(names) > MOST_NAMES:
        raise Unfit(f"A window names at most {MOST_NAMES} {what}s.")
    for name in names:
        if len(name) > 255 or not name.isprintable():
            raise Unfit(f"No {what} has a name like that.")
    return names


def _one(names: list[str]) -> str:
    """Return the only name, for a column of the audit trail; else the empty text."""
    return names[0] if len(names) == 1 else ""
