"""The cases: what is expected of a calendar file, and what is got."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from migrations_app.errors import Unfit
from migrations_app.requests.windows.calendar import ics, occurrences
from migrations_app.requests.windows.calendar.ics_read import Read
from migrations_app.requests.windows.calendar.window import WindowKind, WindowRule

FILES = Path(__file__).parent / "files"


@dataclass(frozen=True, slots=True)
class Case:
    """A file with the events that are expected, each as a table of its TOML file."""

    name: str
    producer: str
    what: str
    zone: str
    since: date
    until: date
    events: tuple[dict[str, Any], ...]

    @property
    def data(self) -> bytes:
        """The calendar file."""
        return (FILES / f"{self.name}.ics").read_bytes()

    @property
    def expected(self) -> list[str]:
        """What is expected of each event, as a line."""
        return [_line(each, each.get("times", ())) for each in self.events]

    def got(self) -> list[str]:
        """Return the result for each event, in the words of what is expected.

        Of a remark, a reason or a zone only what is expected is told.
        """
        events = ics.read(self.data, time_zone=self.zone)
        found = []
        for number, event in enumerate(events):
            asked = self.events[number] if number < len(self.events) else {}
            found.append(_line(self._told(event, asked), self._times(event)))
        return found

    def _told(self, event: Read, asked: dict[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = {"name": event.name}
        said = f"{event.trouble} {event.part}"
        if "why" in asked:
            told["why"] = asked["why"] if asked["why"] in said else said.strip()
        if "remark" in asked:
            remarks = " ".join(event.remarks)
            told["remark"] = asked["remark"] if asked["remark"] in remarks else remarks
        if "zone" in asked:
            told["zone"] = event.time_zone
        if becomes := _becomes(event):
            told["becomes"] = becomes
        return told

    def _times(self, event: Read) -> list[str]:
        if _becomes(event):
            return []
        rule = occurrences.checked(
            WindowRule(
                kind=WindowKind.FREEZE,
                name=event.name,
                time_zone=event.time_zone,
                starts=event.starts,
                ends=event.ends,
                recurrence=event.recurrence,
                exceptions=event.exceptions,
            )
        )
        found = occurrences.between(rule, _moment(self.since), _moment(self.until))
        return [
            f"{it.begins:%Y-%m-%dT%H:%MZ}/{_span(it.ends - it.begins)}" for it in found
        ]


def all_cases() -> Iterator[Case]:
    """Yield the cases, by their names."""
    for path in sorted(FILES.glob("*.toml")):
        said = tomllib.loads(path.read_text(encoding="utf-8"))
        yield Case(
            name=path.stem,
            producer=said["producer"],
            what=said["case"],
            zone=said["zone"],
            since=said["since"],
            until=said["until"],
            events=tuple(said["event"]),
        )


def got_of(case: Case) -> list[str]:
    """Return the result for each event, or why the file is refused."""
    try:
        return case.got()
    except Unfit as error:
        return [f"The file is refused: {error.sentence}"]


def _becomes(event: Read) -> str:
    if event.trouble:
        return "left out"
    if event.part:
        return "merged"
    if event.cancelled and event.original is not None:
        return "cancelled, looked for among the windows"
    return "cancelled" if event.cancelled else ""


def _line(told: dict[str, Any], times: Any) -> str:
    words = [", ".join(times) or told.get("becomes", "")]
    if "zone" in told:
        words.append(f"in {told['zone']}")
    words += [f"({told[name]})" for name in ("why", "remark") if name in told]
    return f"{told['name']}: {' '.join(words)}"


def _moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _span(length: timedelta) -> str:
    hours, minutes = divmod(int(length.total_seconds()) // 60, 60)
    return f"PT{hours}H{minutes}M" if minutes else f"PT{hours}H"
