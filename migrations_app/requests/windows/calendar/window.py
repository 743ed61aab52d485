"""A window as a value, its occurrences, and local times converted to UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from migrations_app.errors import Unfit


class WindowKind(StrEnum):
    """What a window says about its time."""

    MAINTENANCE = "maintenance"
    FREEZE = "freeze"


@dataclass(frozen=True, slots=True)
class WindowRule:
    """A window: ``starts`` and ``ends`` are its first times on clocks in ``time_zone``.

    ``recurrence`` is an RRULE as recurrence.py returns it; ``exceptions`` are starts to
    skip. Empty scopes mean everywhere.
    """

    kind: WindowKind
    name: str
    time_zone: str
    starts: datetime
    ends: datetime
    recurrence: str = ""
    exceptions: tuple[datetime, ...] = ()
    clouds: frozenset[str] = frozenset()
    zones: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    id: int = 0
    reason: str = ""

    @property
    def length(self) -> timedelta:
        """The duration in local time."""
        return self.ends - self.starts


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One occurrence, in UTC from ``begins`` until before ``ends``.

    ``start`` is its start in local time, which exceptions refer to.
    """

    rule: WindowRule
    start: datetime
    begins: datetime
    ends: datetime

    @property
    def freeze(self) -> bool:
        """Whether moves must not start in it."""
        return self.rule.kind is WindowKind.FREEZE


def zone(name: str) -> ZoneInfo:
    """Return the time zone of that IANA name. Raises Unfit."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Unfit(
            f"There is no time zone “{name[:60]}”. Give an IANA name, such as"
            " Europe/Berlin or UTC."
        ) from None


def moment(clock: datetime, zone_name: str) -> datetime:
    """Return that local time of the zone in UTC.

    An ambiguous time means its first occurrence; a skipped time is read with the offset
    before the change (RFC 5545, 3.3.5).
    """
    return clock.replace(tzinfo=zone(zone_name), fold=0).astimezone(UTC)


def clock(at: datetime, zone_name: str) -> datetime:
    """Return the local time of the zone at that moment."""
    return at.astimezone(zone(zone_name)).replace(tzinfo=None, fold=0)


def occurrence(rule: WindowRule, start: datetime) -> Occurrence:
    """Return the rule's occurrence with that local start.

    Its end is in local time too: a window until 06:00 ends at 06:00 when clocks change.
    If the change leaves no time between start and end, it keeps its length.
    """
    begins = moment(start, rule.time_zone)
    ends = moment(start + rule.length, rule.time_zone)
    if ends <= begins:
        ends = begins + rule.length
    return Occurrence(rule, start, begins, ends)


def read_clock(text: str) -> datetime:
    """Return the local time of an ISO text. Raises Unfit."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Unfit(
            f"“{text.strip()[:40]}” is no time; give it as 2026-12-24T22:00."
        ) from None
    if at.tzinfo is not None:
        raise Unfit(
            "Give the times of a window in local time without an offset, for example"
            " 2026-12-24T22:00, and the time zone separately."
        )
    return at.replace(second=0, microsecond=0, fold=0)
