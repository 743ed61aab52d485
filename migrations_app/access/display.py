"""How pages show times and lists to a person, as the person chose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django.utils import timezone

# The columns of a person that ``Display.of`` takes, in one query with their roles.
COLUMNS = tuple(f"display__{name}" for name in ("time_zone", "dates", "rows", "theme"))
MOST_ROWS = 200  # of a page of a list
_UTC = ZoneInfo("UTC")
_shown: ContextVar[ZoneInfo] = ContextVar("shown", default=_UTC)


@dataclass(frozen=True, slots=True)
class Display:
    """The choices of a person; empty, and 0: as pages do by themselves."""

    time_zone: str = ""
    dates: str = "iso"
    rows: int = 0
    theme: str = ""

    @classmethod
    def of(cls, values: Sequence[Any]) -> Display:
        """Return the choices in these COLUMNS, which are None without a row."""
        if values[0] is None:
            return cls()
        return cls(*values)

    @property
    def zone_name(self) -> str:
        """The zone that pages show instead of UTC; empty: UTC."""
        return "" if self.zone.key == "UTC" else self.zone.key

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which times are shown and typed; UTC where it is not known."""
        return zone(self.time_zone) or _UTC


NOTHING_CHOSEN = Display()


def zone(name: str) -> ZoneInfo | None:
    """Return the time zone of that name; None: this machine knows none, or no name."""
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return None


def shown_zone() -> ZoneInfo:
    """Return the zone in which this page shows times; where nobody chose one, UTC."""
    return _shown.get()


def as_shown(at: datetime) -> tuple[datetime, str]:
    """Return the moment in the zone in which this page shows times, and its name.

    In UTC where that zone's clocks have no such date, at the ends of the calendar:
    a cloud may tell any time.
    """
    chosen = shown_zone()
    try:
        return at.astimezone(chosen), chosen.key
    except OverflowError:
        return at.astimezone(UTC), _UTC.key


def is_known(name: str) -> bool:
    """Return whether this machine, and so any browser, knows a zone of that name."""
    return name in available_timezones() - {"Factory", "localtime"}


def show_times_in(chosen: ZoneInfo) -> None:
    """Show times in that zone from now on, within ``times_in``."""
    _shown.set(chosen)
    timezone.activate(chosen)


@contextmanager
def times_in(chosen: ZoneInfo = _UTC) -> Iterator[None]:
    """Show times in that zone meanwhile, and take typed ones as times there."""
    before = _shown.set(chosen)
    try:
        with timezone.override(chosen):
            yield
    finally:
        _shown.reset(before)
