"""Decides whether a move may start under the calendar, and when; lists conflicts.

Pure functions: rules and moments in, values with sentences out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from migrations_app.requests.windows.calendar.occurrences import all_between, merged
from migrations_app.requests.windows.calendar.scope import (
    Where,
    covers,
    may_land_on,
    may_touch,
    touches,
)
from migrations_app.requests.windows.calendar.window import (
    Occurrence,
    WindowKind,
    WindowRule,
)
from migrations_app.wording import duration, duration_range

AHEAD = timedelta(days=60)
# A freeze that goes on for longer than this is as good as for ever.
FAR = timedelta(days=400)
# Hosts in a sentence; the others are counted.
NAMED = 3


@dataclass(frozen=True, slots=True)
class Frozen:
    """Freeze that delays a move: its end and its first window.

    ``landing``: the scheduler may choose these hosts of it; empty: it is for a host of
    the move.
    """

    until: datetime
    by: Occurrence
    landing: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The freeze, its reason and its end, and what to do, as sentences."""
        freeze = f"There is a freeze, “{self.by.rule.name}”, until {utc(self.until)}"
        why = _because(self.by.rule)
        if not self.landing:
            return f"{freeze}.{why}"
        return (
            f"{freeze}, and {_scheduler_may(self.landing)}.{why} Edit the request and"
            " choose a target outside of the freeze, or wait until it is over."
        )


@dataclass(frozen=True, slots=True)
class WindowConflict:
    """Conflict with the time of a move; it does not forbid the request."""

    kind: str  # freeze, no-window, too-short, other-move, over
    sentence: str
    begins: datetime | None = None
    ends: datetime | None = None
    window: int | None = None
    request: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it in its API form."""
        return {
            "kind": self.kind,
            "sentence": self.sentence,
            "begins": self.begins,
            "ends": self.ends,
            "window": self.window,
            "request": self.request,
        }


def utc(at: datetime) -> str:
    """Return a moment as text for sentences."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def frozen(
    rules: Iterable[WindowRule],
    where: Where,
    *,
    now: datetime,
    lasts: timedelta = timedelta(0),
) -> Frozen | None:
    """Return the freeze that forbids a start now, or that the move would run into.

    ``lasts`` is the least duration of the move. Freezes that follow each other without
    a gap, or with a gap that is too short for the move, count as one.
    """
    freezes = [r for r in rules if _is_freeze_for(r, where)]
    occurrences = all_between(freezes, now, now + FAR)
    until, by = now, None
    for begins, ends in merged(occurrences):
        if begins > until and begins - until >= lasts:
            break
        by = by or next(o for o in occurrences if o.begins <= begins < o.ends)
        until = ends
    return Frozen(until, by, _landing(by.rule, where)) if by else None


def _is_freeze_for(rule: WindowRule, where: Where) -> bool:
    """Whether it is a freeze that a move of these hosts is in, or may be in."""
    return rule.kind is WindowKind.FREEZE and may_touch(rule, where)


def _landing(rule: WindowRule, where: Where) -> tuple[str, ...]:
    """Return which hosts put the move into the freeze if the scheduler chooses them."""
    return () if touches(rule, where) else may_land_on(rule, where)


def _scheduler_may(hosts: tuple[str, ...]) -> str:
    more = f" and {len(hosts) - NAMED} more" if len(hosts) > NAMED else ""
    return (
        "the scheduler may choose a target that it is for:"
        f" {', '.join(hosts[:NAMED])}{more}"
    )


def inside(
    rules: Iterable[WindowRule], where: Where, begin: datetime, end: datetime
) -> bool:
    """Return whether maintenance windows of every host cover all of [begin, end]."""
    windows = [r for r in rules if r.kind is WindowKind.MAINTENANCE]
    if not where.spots:
        return _spanned([r for r in windows if touches(r, where)], begin, end)
    return all(
        _spanned([r for r in windows if covers(r, where.cloud, spot)], begin, end)
        for spot in where.spots
    )


def _spanned(rules: Sequence[WindowRule], begin: datetime, end: datetime) -> bool:
    found = merged(all_between(rules, begin, max(end, begin + timedelta(seconds=1))))
    return any(first <= begin and end <= last for first, last in found)


def openings(
    rules: Iterable[WindowRule], where: Where, *, now: datetime, most: int = 6
) -> list[tuple[datetime, datetime]]:
    """Return the next spans in which every host has a maintenance window.

    Freezes are cut out. A span that has begun starts now.
    """
    rules = list(rules)
    until = now + AHEAD
    if not any(r.kind is WindowKind.MAINTENANCE and touches(r, where) for r in rules):
        return []
    spans = [(now, until)]
    for spot in where.spots:
        windows = [
            r
            for r in rules
            if r.kind is WindowKind.MAINTENANCE and covers(r, where.cloud, spot)
        ]
        spans = _both(spans, merged(all_between(windows, now, until)))
    freezes = [r for r in rules if _is_freeze_for(r, where)]
    return _without(spans, merged(all_between(freezes, now, until)))[:most]


def _both(
    left: list[tuple[datetime, datetime]], right: list[tuple[datetime, datetime]]
) -> list[tuple[datetime, datetime]]:
    return sorted(
        (max(a, c), min(b, d)) for a, b in left for c, d in right if a < d and c < b
    )


def _without(
    spans: list[tuple[datetime, datetime]], cut: list[tuple[datetime, datetime]]
) -> list[tuple[datetime, datetime]]:
    for begins, ends in cut:
        pieces = []
        for a, b in spans:
            pieces += [(a, min(b, begins)), (max(a, ends), b)]
        spans = [(a, b) for a, b in pieces if a < b]
    return spans


def conflicts(
    rules: Iterable[WindowRule],
    where: Where,
    *,
    now: datetime,
    window: tuple[datetime | None, datetime | None],
    lasts: tuple[timedelta, timedelta] = (timedelta(0), timedelta(0)),
) -> list[WindowConflict]:
    """Return the conflicts with the requested time, gravest first.

    ``lasts`` is the least and greatest duration of the move. Without a window the move
    would start at once, and the next day is checked.
    """
    rules = list(rules)
    begin = max(now, window[0] or now)
    end = window[1] or begin + max(lasts[1], timedelta(days=1))
    if end <= now:
        return [WindowConflict("over", "The window is over: it cannot start any more.")]
    about = [r for r in rules if may_touch(r, where)]
    freezes = all_between([r for r in about if r.kind is WindowKind.FREEZE], begin, end)
    found = [_freeze(each, begin, end, where) for each in freezes[:10]]
    if window[1] and not _without([(begin, end)], merged(freezes)):
        found.insert(0, _nothing_left(freezes, where))
    if window[1] and end - begin < lasts[1]:
        found.append(_too_short(begin, end, lasts))
    if any(r.kind is WindowKind.MAINTENANCE and touches(r, where) for r in about):
        asked = end if window[1] else begin + lasts[0]
        if not inside(rules, where, begin, asked):
            found.append(_no_window(rules, where, begin))
    return found


def _freeze(
    each: Occurrence, begin: datetime, end: datetime, where: Where
) -> WindowConflict:
    covers_all = each.begins <= begin and end <= each.ends
    what = "it covers the whole window" if covers_all else "it does not start in it"
    sentence = (
        f"There is a freeze, “{each.rule.name}”, from {utc(each.begins)} until"
        f" {utc(each.ends)}: {what}.{_because(each.rule)}"
    )
    if landing := _landing(each.rule, where):
        sentence = (
            f"{sentence} It would be held, since {_scheduler_may(landing)}. Choose a"
            " target outside of the freeze, or another time."
        )
    return WindowConflict("freeze", sentence, each.begins, each.ends, each.rule.id)


def _nothing_left(freezes: list[Occurrence], where: Where) -> WindowConflict:
    first = freezes[0]
    avoidable = any(_landing(each.rule, where) for each in freezes)
    return WindowConflict(
        "freeze",
        "Freezes cover the whole window: the request would expire without starting."
        f" Choose another window{', or a target' if avoidable else ''}.",
        first.begins,
        max(each.ends for each in freezes),
        first.rule.id,
    )


def _too_short(
    begin: datetime, end: datetime, lasts: tuple[timedelta, timedelta]
) -> WindowConflict:
    never = end - begin < lasts[0]
    words = "cannot be over" if never else "may not be over"
    return WindowConflict(
        "too-short",
        f"The move {words} when its window ends: it takes {duration_range(*lasts)},"
        f" and the window lasts {duration(end - begin)}. A window only limits the"
        " start.",
        begin,
        end,
    )


def _no_window(
    rules: list[WindowRule], where: Where, begin: datetime
) -> WindowConflict:
    found = openings(rules, where, now=begin, most=1)
    following = f" The next: {utc(found[0][0])} to {utc(found[0][1])}." if found else ""
    return WindowConflict(
        "no-window",
        f"This time is outside the maintenance windows of the hosts.{following}",
        *(found[0] if found else (None, None)),
    )


def _because(rule: WindowRule) -> str:
    reason = rule.reason.strip()
    return f" Why: {reason}{'' if reason[-1] in '.!?' else '.'}" if reason else ""
