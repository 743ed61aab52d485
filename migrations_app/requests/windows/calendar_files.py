"""Actions on calendar files: preview, import and export."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.contrib.auth.models import User

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require
from migrations_app.errors import VerbError
from migrations_app.models import Window
from migrations_app.requests.windows import actions as window_actions
from migrations_app.requests.windows import schedule
from migrations_app.requests.windows.actions import Wish
from migrations_app.requests.windows.calendar import ics
from migrations_app.requests.windows.calendar.ics import Read


@dataclass(frozen=True, slots=True)
class EventDefaults:
    """The kind, time zone and scopes of events that do not have their own."""

    kind: str
    time_zone: str
    clouds: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """The outcome of one event: new, changed, same, retired or left-out (``why``)."""

    what: str
    name: str
    why: str = ""
    wish: Wish | None = None
    row: Window | None = None


def preview(text: bytes, scope: EventDefaults, *, by: User) -> list[Planned]:
    """Return what the import would do; nothing is changed. Raises Unfit."""
    require(by, Verb.CALENDAR)
    events = ics.read(text, time_zone=scope.time_zone)
    uids = [_uid(event) for event in events]
    known = {row.uid: row for row in Window.objects.filter(uid__in=uids)}
    return [_planned(event, scope, known.get(_uid(event))) for event in events]


def take_in(text: bytes, scope: EventDefaults, *, by: User) -> list[Planned]:
    """Import the file: create, change and retire windows; return what was done.

    Each event is independent: one that fails is left out, with the reason. To import
    the same file again changes nothing.
    """
    return [_done(each, by=by) for each in preview(text, scope, by=by)]


def give_out(rows: Iterable[Window]) -> bytes:
    """Return the windows as a calendar file."""
    return ics.write((schedule.rule_of(row), row.uid, row.changed_at) for row in rows)


def summary(planned: Sequence[Planned]) -> str:
    """Return the outcome of an import in one sentence."""
    words = ("new", "changed", "same", "retired", "left-out")
    counts = {word: sum(each.what == word for each in planned) for word in words}
    return ", ".join(
        f"{count} {word.replace('-', ' ')}" for word, count in counts.items() if count
    )


def _uid(event: Read) -> str:
    return event.uid[:255]


def _planned(event: Read, scope: EventDefaults, row: Window | None) -> Planned:
    if event.trouble:
        return Planned("left-out", event.name, event.trouble)
    if row is not None and not row.active:
        why = (
            "The window was retired in novaweb: create a new one if you need it again."
        )
        return Planned("left-out", event.name, why)
    if event.cancelled:
        if row is None:
            return Planned("left-out", event.name, "It is cancelled.")
        return Planned("retired", event.name, row=row)
    wish = _wish(event, scope)
    try:
        values = window_actions.fields(wish)
    except VerbError as error:
        return Planned("left-out", event.name, error.sentence)
    if row is None:
        return Planned("new", wish.name, wish=wish)
    same = all(getattr(row, name) == value for name, value in values.items())
    return Planned("same" if same else "changed", wish.name, wish=wish, row=row)


def _wish(event: Read, scope: EventDefaults) -> Wish:
    def about(name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(event.scopes[name]) if event.scopes else default

    return Wish(
        name=event.name,
        kind=event.kind or scope.kind,
        starts=event.starts,
        ends=event.ends,
        reason=event.reason or scope.reason or "Imported from a calendar file.",
        time_zone=event.time_zone,
        recurrence=event.recurrence,
        exceptions=event.exceptions,
        clouds=about("clouds", scope.clouds),
        zones=about("zones", scope.zones),
        hosts=about("hosts", scope.hosts),
        uid=_uid(event),
    )


def _done(planned: Planned, *, by: User) -> Planned:
    row, wish = planned.row, planned.wish
    try:
        match planned.what:
            case "new" if wish is not None:
                row = window_actions.create(wish, by=by)
            case "changed" if wish is not None and row is not None:
                row = window_actions.change(row.pk, wish, by=by, version=row.version)
            case "retired" if row is not None:
                row = window_actions.retire(
                    row.pk, by=by, note="Cancelled in its calendar."
                )
    except VerbError as error:
        return replace(planned, what="left-out", why=error.sentence)
    return replace(planned, row=row)
