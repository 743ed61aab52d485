"""Reads the lines of calendar files: components and their properties, as written.

icalendar 7.3 reads dates and zones while it reads lines: a zone that one file explains
stays for the whole process (timezone/tzp.py), what cannot be read in one zone ends the
whole file, and the Z of a time with a TZID is lost (prop/dt/datetime.py). So lines are
read here, what they mean in ics_times.py and ics_timezones.py, and a line that cannot
be read spoils its own event at most. Its functions still undo the escapes of texts.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from icalendar.parser import split_on_unescaped_comma, unescape_backslash

from migrations_app.errors import Unfit

NO_CALENDAR = (
    "This is not a calendar file: it must begin with BEGIN:VCALENDAR and be complete."
)
DEEPEST = 8  # components within each other
_HEAD = re.compile(r"\s*([A-Za-z0-9-]+)\s*([;:].*)", re.DOTALL)
_PARAMETER = re.compile(r';\s*([A-Za-z0-9-]+)\s*=\s*("[^"]*"|[^;"]*)')
_VALUE = re.compile(r'((?:[^:"]|"[^"]*")*):(.*)', re.DOTALL)
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u2028\u2029]")
# Their values have no colon, but some programs write zone names with one, unquoted.
_DATED = frozenset({"DTSTART", "DTEND", "EXDATE", "RDATE", "RECURRENCE-ID"})
KEPT = _DATED | {
    *("UID", "SUMMARY", "DESCRIPTION", "CATEGORIES", "STATUS", "SEQUENCE"),
    *("DTSTAMP", "LAST-MODIFIED", "DURATION", "RRULE", "EXRULE"),
    *("X-NOVAWEB-KIND", "X-NOVAWEB-SCOPES"),
    *("METHOD", "X-WR-TIMEZONE", "TZID", "X-LIC-LOCATION"),
    *("TZOFFSETFROM", "TZOFFSETTO", "TZNAME"),
}


@dataclass(frozen=True, slots=True)
class Property:
    """A property: its name in capital letters, its parameters, its value as written."""

    name: str
    parameters: dict[str, str]
    value: str

    @property
    def text(self) -> str:
        """The value without escapes and without characters that nobody sees."""
        return _UNSEEN.sub("", str(unescape_backslash(self.value)))


@dataclass(slots=True)
class Component:
    """A component, such as VEVENT; ``whole`` unless its END is missing."""

    name: str
    properties: list[Property] = field(default_factory=list)
    parts: list[Component] = field(default_factory=list)
    whole: bool = True

    def all(self, *names: str) -> list[Property]:
        """Return the properties of these names, in the order of the file."""
        return [each for each in self.properties if each.name in names]

    def first(self, name: str) -> Property | None:
        """Return the first property of that name."""
        return next(iter(self.all(name)), None)

    def text(self, name: str) -> str:
        """Return the text of the first property of that name; empty if none."""
        found = self.first(name)
        return found.text.strip() if found else ""

    def words(self, name: str) -> list[str]:
        """Return the words, by commas, of all properties of that name."""
        return [
            word.strip()
            for each in self.all(name)
            for word in split_on_unescaped_comma(each.value)
        ]

    def walk(self, *names: str) -> Iterator[Component]:
        """Yield the components of these names within it, at any depth."""
        for part in self.parts:
            if part.name in names:
                yield part
            yield from part.walk(*names)


def decoded(data: bytes) -> str:
    """Return the text of a file: UTF-8, or UTF-16 if it says so, else Windows' own.

    RFC 5545 (3.1.4) wants UTF-8, but older programs write letters of one byte.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    # a line may be folded within a letter (RFC 5545, 3.1)
    data = b"\r\n".join(_unfolded(data.removeprefix(codecs.BOM_UTF8)))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def calendars(text: str) -> list[Component]:
    """Return the calendars of a file. Raises Unfit if it is none, or is cut off."""
    found: list[Component] = []
    stack: list[Component] = []
    for line in _unfolded(text.encode()):
        head = _HEAD.fullmatch(line.decode())
        if head is None:
            continue
        name, rest = head[1].upper(), head[2]
        if name == "BEGIN":
            _begin(rest[1:].strip().upper(), stack, found)
        elif name == "END":
            _end(rest[1:].strip().upper(), stack)
        elif name in KEPT and stack:
            stack[-1].properties.append(_property(name, rest))
    if not found or stack:
        raise Unfit(NO_CALENDAR)
    return found


def _unfolded(data: bytes) -> list[bytes]:
    """Return the lines, those that go on in the next put together.

    They end with CR LF (RFC 5545, 3.1), and in files of other systems with one of them.
    """
    lines: list[list[bytes]] = []
    for line in data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"):
        # a file that was put behind another one has its mark still
        line = line.removeprefix(codecs.BOM_UTF8)
        if not line:
            continue
        if line[:1] in (b" ", b"\t") and lines:
            lines[-1].append(line[1:])
        else:
            lines.append([line])
    return [b"".join(parts) for parts in lines]


def _begin(name: str, stack: list[Component], found: list[Component]) -> None:
    if not stack and name != "VCALENDAR":
        raise Unfit(NO_CALENDAR)
    if len(stack) >= DEEPEST:
        raise Unfit(f"The file has components more than {DEEPEST} deep.")
    open_names = [each.name for each in stack]
    # an event is in no other: the END of the one before is missing
    if name in ("VEVENT", "VTIMEZONE") and len(stack) > 1:
        _cut(stack, 1)
    if name == "VCALENDAR" and "VCALENDAR" in open_names:
        raise Unfit(NO_CALENDAR)
    component = Component(name)
    (stack[-1].parts if stack else found).append(component)
    stack.append(component)


def _end(name: str, stack: list[Component]) -> None:
    for depth in range(len(stack) - 1, -1, -1):
        if stack[depth].name == name:
            _cut(stack, depth + 1)
            stack.pop()
            return


def _cut(stack: list[Component], depth: int) -> None:
    """Close all components that are deeper, none of which has an END."""
    while len(stack) > depth:
        stack.pop().whole = False


def _property(name: str, rest: str) -> Property:
    if name in _DATED:
        parameters, _, value = rest.rpartition(":")
    else:
        split = _VALUE.fullmatch(rest)
        parameters, value = (split[1], split[2]) if split else ("", "")
    known = {
        each[1].upper(): each[2].strip().strip('"').strip()
        for each in _PARAMETER.finditer(parameters)
    }
    return Property(name, known, value)
