"""Actions on calendar files: preview, import and export."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog
from django.contrib.auth.models import User
from django.db import transaction

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require
from migrations_app.errors import Unfit, VerbError
from migrations_app.models import Window
from migrations_app.requests.windows import actions as window_actions
from migrations_app.requests.windows import reach, schedule, single_times
from migrations_app.requests.windows.actions import Wish
from migrations_app.requests.windows.calendar import ics, ics_series, ics_writing
from migrations_app.requests.windows.calendar.ics_read import Read
from migrations_app.requests.windows.reach import Reach
from migrations_app.requests.windows.single_times import SeriesTime

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class EventDefaults:
    """The kind, time zone and scopes of events that do not have their own.

    ``unmatched``: new ones are taken although they match nothing now.
    """

    kind: str
    time_zone: str
    clouds: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    reason: str = ""
    unmatched: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """The outcome of one event: new, changed, same, merged, retired or left-out.

    ``why`` is the reason of the last, or how a series of the file has taken it in;
    ``remarks`` are what people should know of how it was read. ``gone`` is what it
    takes from a window that was imported before. ``unmatched`` says what about it
    matches nothing now, where it is left out for that alone.
    """

    what: str
    name: str
    why: str = ""
    wish: Wish | None = None
    row: Window | None = None
    remarks: tuple[str, ...] = ()
    gone: SeriesTime | None = None
    unmatched: tuple[str, ...] = ()


def preview(text: bytes, scope: EventDefaults, *, by: User) -> list[Planned]:
    """Return what the import would do, a line for each event; nothing is changed.

    Raises Unfit.
    """
    require(by, Verb.CALENDAR)
    events = ics.read(text, time_zone=scope.time_zone)
    uids = {_uid(event) for event in events} | {event.series for event in events}
    known = {row.uid: row for row in Window.objects.filter(uid__in=uids - {""})}
    events = [_placed(event, known) for event in events]
    uids = {_uid(event) for event in events} - known.keys()
    known |= {row.uid: row for row in Window.objects.filter(uid__in=uids)}
    planned = [_planned(event, scope, known) for event in events]
    lost = single_times.lost_of({_uid(event) for event in events})
    copy = Reach()
    return [_reaching(_remarked(each, lost), scope, copy) for each in planned]


def take_in(text: bytes, scope: EventDefaults, *, by: User) -> list[Planned]:
    """Import the file: create, change and retire windows; return what was done.

    Each event is independent: one that fails is left out, with the reason. To import
    the same file again changes nothing.
    """
    return [_done(each, by=by) for each in preview(text, scope, by=by)]


def give_out(rows: Iterable[Window]) -> bytes:
    """Return the windows as a calendar file."""
    return ics_writing.write(
        ics_writing.Written(
            schedule.rule_of(row),
            row.uid,
            version=row.version,
            changed_at=row.changed_at,
        )
        for row in rows
    )


def summary(planned: Sequence[Planned]) -> str:
    """Return the outcome of an import in one sentence."""
    words = ("new", "changed", "same", "merged", "retired", "left-out")
    counts = {word: sum(each.what == word for each in planned) for word in words}
    return ", ".join(
        f"{count} {word.replace('-', ' ')}" for word, count in counts.items() if count
    )


def _uid(event: Read) -> str:
    return event.uid[:255]


def _placed(event: Read, known: Mapping[str, Window]) -> Read:
    """Return a single time with the UID that its window has, if the series is known."""
    row = known.get(event.series)
    if row is None or event.original is None or _uid(event) in known:
        return event
    at = ics_series.time_of(schedule.rule_of(row), event.original)
    return replace(event, uid=ics_series.own_uid(event, at))


def _planned(event: Read, scope: EventDefaults, known: Mapping[str, Window]) -> Planned:
    row = known.get(_uid(event))
    if event.trouble:
        return Planned("left-out", event.name, event.trouble)
    if event.part and not (row and row.active):
        return Planned("merged", event.name, event.part, remarks=event.remarks)
    gone = None
    if event.original is not None:
        try:
            event, gone = single_times.of_series(event, known.get(event.series))
        except Unfit as error:
            return Planned("left-out", event.name, error.sentence)
    if row is not None and not row.active and not event.cancelled:
        why = (
            "The window was retired in novaweb: create a new one if you need it again."
        )
        return Planned("left-out", event.name, why)
    if event.cancelled:
        return _cancelled(event, row, gone)
    wish = _wish(event, scope)
    try:
        values = window_actions.fields(wish)
    except VerbError as error:
        return Planned("left-out", event.name, error.sentence)
    planned = Planned("new", wish.name, wish=wish, remarks=event.remarks, gone=gone)
    if row is None:
        return planned
    same = all(getattr(row, name) == value for name, value in values.items())
    return replace(planned, what="same" if same and not gone else "changed", row=row)


def _reaching(planned: Planned, scope: EventDefaults, copy: Reach) -> Planned:
    """Return it with what it matches; left out if it is new and that is nothing.

    So is a change that makes it match nothing. Any other change counts: what the
    calendar no longer has must not stay in force.
    """
    wish, row = planned.wish, planned.row
    if wish is None or planned.what not in ("new", "changed"):
        return planned
    rule = reach.rule_of(wish)
    nothing = (*copy.unmatched(rule), *reach.over(rule))
    refused = nothing
    if row is not None or planned.gone is not None:
        before = schedule.rule_of(row) if row is not None else rule
        refused = tuple(set(copy.unmatched(rule)) - set(copy.unmatched(before)))
    if refused and not scope.unmatched:
        why = " ".join(nothing)
        return Planned("left-out", planned.name, why, unmatched=nothing)
    words = (str(copy.matches(rule)), *nothing)
    return replace(planned, remarks=(*planned.remarks, *words))


def _remarked(planned: Planned, lost: Callable[[str], str]) -> Planned:
    words = lost(planned.wish.uid) if planned.wish and planned.wish.recurrence else ""
    return replace(planned, remarks=(*planned.remarks, words)) if words else planned


def _cancelled(event: Read, row: Window | None, gone: SeriesTime | None) -> Planned:
    if row is not None and row.active:
        why = event.part or "It is cancelled."
        return Planned("retired", event.name, why, row=row, gone=gone)
    if gone is not None and gone.whole:
        return Planned("retired", event.name, row=gone.row, remarks=event.remarks)
    if gone is not None:
        return Planned(
            "changed", event.name, row=gone.row, remarks=event.remarks, gone=gone
        )
    if event.original is not None:
        return Planned("same", event.name, remarks=event.remarks)
    if row is not None:
        return Planned("same", event.name, row=row, remarks=("It is retired already.",))
    why = "It is cancelled, and there is no window of it."
    return Planned("left-out", event.name, why)


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
    try:
        with transaction.atomic():
            return _do(planned, by=by)
    except VerbError as error:
        return replace(planned, what="left-out", why=error.sentence)
    except Exception as error:
        # one event must not stop the others
        log.exception("an event was not imported")
        why = f"It could not be saved ({type(error).__name__}): ask who runs novaweb."
        return replace(planned, what="left-out", why=why)


def _do(planned: Planned, *, by: User) -> Planned:
    """Change what it takes from its series, and its own window: both, or nothing."""
    row, wish, gone = planned.row, planned.wish, planned.gone
    if gone is not None:
        single_times.take(gone, by=by)
    match planned.what:
        case "new" if wish is not None:
            row = window_actions.create(wish, by=by)
        case "changed" if wish is not None and row is not None:
            row = window_actions.change(row.pk, wish, by=by, version=row.version)
        case "retired" if row is not None:
            row = window_actions.retire(
                row.pk, by=by, note="Cancelled in its calendar."
            )
    return replace(planned, row=row)
