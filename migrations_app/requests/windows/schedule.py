"""The calendar's answers about requests and hosts; they are never stored.

A start asks ``start_block`` twice, the second time in its transaction. An
emergency start does not ask it (requests/start.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from migrations_app.models import Hypervisor, Instance, MigrationRequest, Window
from migrations_app.models.states import BEFORE_START, OPEN_REQUESTS
from migrations_app.requests.windows import places
from migrations_app.requests.windows.calendar import conflicts as calendar_conflicts
from migrations_app.requests.windows.calendar.conflicts import WindowConflict
from migrations_app.requests.windows.calendar.occurrences import SLACK, all_between
from migrations_app.requests.windows.calendar.scope import Spot, Where, touches
from migrations_app.requests.windows.calendar.window import (
    Occurrence,
    WindowKind,
    WindowRule,
)

# A request that waits for the end of a freeze looks again so often: the freeze may be
# changed or retired meanwhile.
LOOK = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class StartBlock:
    """Why a request may not start now. ``over``: nor at any later time."""

    sentence: str
    again: datetime
    over: bool = False


def rule_of(row: Window) -> WindowRule:
    """Return the window as a value."""
    return WindowRule(
        kind=WindowKind(row.kind),
        name=row.name,
        time_zone=row.time_zone,
        starts=datetime.fromisoformat(row.starts),
        ends=datetime.fromisoformat(row.ends),
        recurrence=row.recurrence,
        exceptions=tuple(map(datetime.fromisoformat, row.exceptions)),
        clouds=frozenset(row.clouds),
        zones=frozenset(row.zones),
        hosts=frozenset(row.hosts),
        id=row.pk or 0,
        reason=row.reason,
    )


def rules(since: datetime, until: datetime | None = None) -> list[WindowRule]:
    """Return the active windows that may overlap that time; None: it has no end."""
    # stored moments were reckoned with the clocks' rules of then: hence the slack
    rows = Window.objects.filter(active=True).filter(
        Q(over_at=None) | Q(over_at__gt=since - SLACK)
    )
    if until is not None:
        rows = rows.filter(begins_at__lt=until + SLACK)
    return [rule_of(row) for row in rows]


def start_block(request: MigrationRequest, now: datetime) -> StartBlock | None:
    """Return why the request may not start now by the calendar; None: it may."""
    return start_block_at(
        places.where_of(request),
        now,
        window=(request.window_start, request.window_end),
        estimate=request.estimate,
    )


def start_block_at(
    about: Where,
    now: datetime,
    *,
    window: tuple[datetime | None, datetime | None],
    estimate: dict[str, Any] | None = None,
) -> StartBlock | None:
    """Return why nothing may start there now by the calendar; None: it may.

    A freeze that holds only what the scheduler might choose ends no request: somebody
    may choose another target for it.
    """
    start, end = window
    if end is not None and now >= end:
        return StartBlock(
            f"Its window ended at {calendar_conflicts.utc(end)} before it could start:"
            " create a new request if the move is still needed.",
            now,
            over=True,
        )
    if start is not None and now < start:
        return StartBlock(
            f"Its window begins at {calendar_conflicts.utc(start)}.", start
        )
    lasts = timedelta(seconds=lasting(estimate)[0])
    known = rules(now)
    frozen = calendar_conflicts.frozen(known, about.chosen, now=now, lasts=lasts)
    if frozen is None and about.choice is not None:
        frozen = calendar_conflicts.frozen(known, about, now=now, lasts=lasts)
    if frozen is None:
        return None
    if end is not None and frozen.until >= end and not frozen.landing:
        return StartBlock(
            f"{frozen.sentence} The freeze covers the rest of the window, which ends"
            f" at {calendar_conflicts.utc(end)}: create a new request with another"
            " window.",
            now,
            over=True,
        )
    return StartBlock(frozen.sentence, min(frozen.until, now + LOOK))


def lasting(estimate: dict[str, Any] | None) -> tuple[float, float]:
    """Return the least and most seconds that a move takes; 0 if that is not known."""
    least, most = (estimate or {}).get("duration") or (0.0, 0.0)
    return float(least), float(most)


def conflicts(
    about: Where,
    *,
    window: tuple[datetime | None, datetime | None],
    estimate: dict[str, Any] | None = None,
    other_than: int | None = None,
) -> list[WindowConflict]:
    """Return the conflicts of a move of these hosts at that time."""
    now = timezone.now()
    least, most = lasting(estimate)
    known = calendar_conflicts.conflicts(
        rules(now),
        about,
        now=now,
        window=window,
        lasts=(timedelta(seconds=least), timedelta(seconds=most)),
    )
    return known + _other_moves(about, window, now, other_than)


def conflicts_of(request: MigrationRequest) -> list[WindowConflict]:
    """Return the conflicts of the request's time; none once it has started."""
    if request.state not in BEFORE_START:
        return []
    return conflicts(
        places.where_of(request),
        window=(request.window_start, request.window_end),
        estimate=request.estimate,
        other_than=request.pk,
    )


def conflicts_of_instance(
    uuid: str,
    target: str | None,
    *,
    window: tuple[datetime | None, datetime | None],
    estimate: dict[str, Any] | None,
) -> list[WindowConflict]:
    """Return the conflicts of a move of the instance at that time."""
    row = Instance.objects.filter(uuid=uuid).select_related("cloud").first()
    if row is None:  # our copy does not know it yet, so nobody knows where it is
        return []
    about = places.where(row.cloud.name, [row.host, target], any_target=not target)
    return conflicts(about, window=window, estimate=estimate)


def openings(about: Where, *, most: int = 6) -> list[tuple[datetime, datetime]]:
    """Return the next times in which all these hosts have a maintenance window."""
    now = timezone.now()
    return calendar_conflicts.openings(rules(now), about, now=now, most=most)


def upcoming(about: Where, *, days: int = 30, most: int = 8) -> list[Occurrence]:
    """Return the next occurrences of windows that touch one of these hosts."""
    now = timezone.now()
    until = now + timedelta(days=days)
    mine = [rule for rule in rules(now, until) if touches(rule, about)]
    return all_between(mine, now, until)[:most]


def _other_moves(
    about: Where,
    window: tuple[datetime | None, datetime | None],
    now: datetime,
    other_than: int | None,
) -> list[WindowConflict]:
    """Return other requests for these hosts whose windows overlap this one."""
    if window[0] is None or window[1] is None:
        return []
    hosts = [spot.host for spot in about.spots if spot.host]
    rows = (
        MigrationRequest.objects.filter(
            state__in=OPEN_REQUESTS, cloud__name=about.cloud
        )
        .filter(Q(source__in=hosts) | Q(target__in=hosts))
        .filter(window_start__lt=window[1], window_end__gt=max(now, window[0]))
        .exclude(pk=other_than or 0)
        .order_by("window_start", "id")[:5]
    )
    return [
        WindowConflict(
            "other-move",
            f"Request {row.pk} moves {row.instance_name} from {row.source} to"
            f" {row.target or 'a host chosen by the scheduler'} in a window that"
            " overlaps.",
            row.window_start,
            row.window_end,
            request=row.pk,
        )
        for row in rows
    ]


def calendar(
    *,
    days: int,
    most: int,
    kind: str = "",
    cloud: str = "",
    zone: str = "",
    host: str = "",
) -> list[Occurrence]:
    """Return the occurrences of the next days that match the filters."""
    now = timezone.now()
    until = now + timedelta(days=days)
    if host and not zone:
        known = Hypervisor.objects.filter(host=host).values_list("zone", flat=True)
        zone = known.first() or ""
    about = Where(cloud, (Spot(zone, host),))
    mine = [
        rule
        for rule in rules(now, until)
        if (not kind or rule.kind == kind) and _asked_for(rule, about)
    ]
    return all_between(mine, now, until)[:most]


def next_of(rule: WindowRule, *, most: int = 10) -> list[Occurrence]:
    """Return the window's next occurrences, at most 400 days ahead."""
    now = timezone.now()
    return all_between([rule], now, now + calendar_conflicts.FAR)[:most]


def _asked_for(rule: WindowRule, about: Where) -> bool:
    """Whether the window matches the filters; an empty field matches anything."""
    spot = about.spots[0]
    return (
        (not about.cloud or not rule.clouds or about.cloud in rule.clouds)
        and (not spot.zone or not rule.zones or spot.zone in rule.zones)
        and (not spot.host or not rule.hosts or spot.host in rule.hosts)
    )
