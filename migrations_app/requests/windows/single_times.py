"""Single times of series that were imported before: cancelled, moved, or forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from migrations_app.errors import Unfit
from migrations_app.models import Window
from migrations_app.requests.windows import actions as window_actions
from migrations_app.requests.windows import schedule
from migrations_app.requests.windows.calendar import ics_series
from migrations_app.requests.windows.calendar.ics_read import Read
from migrations_app.requests.windows.calendar.ics_times import written


@dataclass(frozen=True, slots=True)
class SeriesTime:
    """A start of a window that is no longer one of it.

    ``later``: nor are all after it; ``whole``: there is no other one.
    """

    row: Window
    at: datetime
    later: bool = False
    whole: bool = False


def of_series(event: Read, series: Window | None) -> tuple[Read, SeriesTime | None]:
    """Return a single time as an event, and what its series no longer has.

    None: the series does not have it now. Raises Unfit if the event cannot be put in
    its place.
    """
    if event.original is None:
        return event, None
    if series is None:
        return _alone(event), None
    rule = schedule.rule_of(series)
    at = ics_series.time_of(rule, event.original)
    shown = f"{written(at)} of “{series.name}”"
    if not series.active:
        raise Unfit(f"It is about {shown}, which was retired in novaweb.")
    if not ics_series.includes(rule, at):
        raise Unfit(f"It is about {shown}, which that window does not have.")
    later = ", and all later ones" if event.later else ""
    if not rule.recurrence or (event.later and at == rule.starts):
        if not event.cancelled:
            raise Unfit(f"It moves all of “{series.name}”: export that again.")
        return event, SeriesTime(series, at, whole=True)
    if event.cancelled:
        words = f"It takes {shown} out{later}."
    else:
        event = ics_series.since(rule, at, event) if event.later else event
        words = f"It stands for {shown}{later}."
    gone = None if at in rule.exceptions else SeriesTime(series, at, event.later)
    return event.remarked(words), gone


def _alone(event: Read) -> Read:
    nowhere = "of a series that is neither in the file nor among the windows"
    if event.cancelled:
        raise Unfit(f"It cancels a time {nowhere}.")
    if event.later:
        raise Unfit(
            f"It changes all later times {nowhere}: export the whole series again."
        )
    return event.remarked(f"It is a single time {nowhere}: only this time is taken.")


def take(gone: SeriesTime, *, by: User) -> None:
    """Take the time from the window, as that is now. Raises what a change raises."""
    row = window_actions.window(gone.row.pk)
    rule = schedule.rule_of(row)
    new: dict[str, Any] = {"exceptions": (*rule.exceptions, gone.at)}
    if gone.later:
        kept = tuple(each for each in rule.exceptions if each < gone.at)
        new = {"recurrence": ics_series.before(rule, gone.at), "exceptions": kept}
    wish = window_actions.changed_wish(row, new)
    window_actions.change(row.pk, wish, by=by, version=row.version)


def lost_of(uids: Iterable[str]) -> Callable[[str], str]:
    """Return what says, of a series’ UID, which of its single times a file lacks.

    ``uids`` are those of the file. Such times were imported as windows of their own;
    they stay, since a file need not have all of a series.
    """
    rows = Window.objects.filter(active=True, uid__contains="#").exclude(uid__in=uids)
    known = list(rows)

    def lost(series: str) -> str:
        mine = [row for row in known if row.uid.startswith(f"{series}#")]
        if not mine:
            return ""
        names = ", ".join(f"“{row.name}”, {row.starts}" for row in mine[:5])
        return (
            f"The file does not have these single times of it any more: {names}. They"
            " stay: retire them if they are not meant any more."
        )

    return lost
