"""An event of a calendar file, as it was read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from migrations_app.requests.windows.calendar.ics_times import Time
from migrations_app.requests.windows.calendar.window import WindowKind


@dataclass(frozen=True, slots=True)
class Read:
    """Event of a file; ``trouble`` says why it cannot be a window.

    ``kind`` and ``scopes`` are set if the file names them. ``remarks`` are what people
    should know of how it was read. ``part`` says how its series in the file has taken
    it in. A single time of a series has the ``series``, a UID, and the ``original``
    time there; ``later``: all that come after it, too. ``extra`` are single times
    beside a recurrence, as events.
    """

    uid: str
    name: str
    reason: str = ""
    time_zone: str = ""
    starts: datetime = datetime.min
    ends: datetime = datetime.min
    recurrence: str = ""
    exceptions: tuple[datetime, ...] = ()
    kind: WindowKind | None = None
    scopes: dict[str, list[str]] = field(default_factory=dict)
    cancelled: bool = False
    trouble: str = ""
    remarks: tuple[str, ...] = ()
    part: str = ""
    series: str = ""
    original: Time | None = None
    later: bool = False
    extra: tuple[Read, ...] = ()
    version: tuple[int, str] = (0, "")

    def remarked(self, *words: str) -> Read:
        """Return it with these remarks, too."""
        return replace(self, remarks=(*self.remarks, *(each for each in words if each)))
