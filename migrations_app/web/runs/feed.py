"""What all who watch a run see of it, read from the database and laid out once.

However many watch a run in one process, one feed looks for its news, and wakes them.
What it has read it keeps as values that are replaced and never changed, since the
thread that looks and the event loop that sends both use them.
"""

from __future__ import annotations

import asyncio
import re
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import monotonic
from typing import ParamSpec, TypeVar

import structlog
from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection

from migrations_app.access.display import NOTHING_CHOSEN
from migrations_app.access.permissions import Person
from migrations_app.errors import Gone
from migrations_app.models import Line
from migrations_app.runs import queries as run_queries
from migrations_app.runs.queries import Pulse
from migrations_app.web.runs.views import parts
from migrations_app.web.tags.runs import log_line

LOOK_EVERY = 0.15  # seconds; half of it is how late a line is, on average
BREATH = 5.0  # times as long as a look took, nothing is looked at: busy, we look less
SELDOM = 0.8  # seconds that are never passed so
BATCH = 200  # lines read at once
KEPT = 400  # lines that are kept for those who are a little behind
# Seconds between two layouts of the parts while only lines come: none of them shows a
# line, but a step may have gone on with it.
PARTS_EVERY = 1.0

log = structlog.get_logger(__name__)
_reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="stream")
P = ParamSpec("P")
T = TypeVar("T")
_NEWLINE = re.compile(r"\r\n|\r|\n")
_watched: dict[int, _Watched] = {}  # by run; only the event loop's


@dataclass(frozen=True, slots=True)
class Kept:
    """All lines after number ``base``, up to ``last``, as events."""

    base: int
    last: int
    numbers: tuple[int, ...] = ()
    events: tuple[str, ...] = ()

    def and_more(self, lines: list[Line], *, up_to: int) -> Kept:
        """Return these and the lines that follow them, without the oldest ones."""
        numbers = (*self.numbers, *(line.number for line in lines))
        events = (*self.events, *map(line_event, lines))
        dropped = numbers[:-KEPT]
        return Kept(
            dropped[-1] if dropped else self.base,
            lines[-1].number if lines else up_to,
            numbers[-KEPT:],
            events[-KEPT:],
        )

    def after(self, number: int) -> str | None:
        """Return the events of all lines after that number; None: not all are kept."""
        if number < self.base:
            return None
        return "".join(self.events[bisect_right(self.numbers, number) :])


class Feed:
    """The news of one run.

    ``edition`` is that of the page's changing parts: with a higher one they may be
    others. ``gone``: there is no such run any more. ``broken``: it could not be read.
    Neither changes again.
    """

    def __init__(self, run: int) -> None:
        self.run = run
        self.pulse: Pulse | None = None
        self.kept = Kept(0, 0)
        self.edition = 0
        self.gone = self.broken = False
        self._stale = False
        self._laid_out_at = 0.0
        self._parts: tuple[int, dict[Person, dict[str, str]]] = (0, {})
        self._bell = asyncio.Event()

    def look(self) -> bool:
        """Read what is new, and tell whether anything is."""
        try:
            # The pulse comes first: what is written after it is found next time, and a
            # run that it calls over has no line that the reading below could miss.
            pulse = run_queries.pulse(self.run)
        except Gone:
            self.gone = True
            return True
        before, known, edition = self.pulse, self.kept, self.edition
        if before is None:
            self.kept = Kept(pulse.last_number, pulse.last_number)
        elif pulse.last_number > known.last:
            lines = run_queries.lines_after(self.run, known.last, limit=BATCH)
            self.kept = known.and_more(lines, up_to=pulse.last_number)
        self._age(before, pulse)
        self.pulse = pulse
        # parts that waited for their time are news without a new pulse
        return pulse != before or self.kept is not known or self.edition != edition

    def _age(self, before: Pulse | None, now: Pulse) -> None:
        """Begin another edition of the parts if they may be others."""
        self._stale = self._stale or now != before
        more_than_lines = before is None or now != replace(
            before, last_number=now.last_number
        )
        since = monotonic() - self._laid_out_at
        if self._stale and (more_than_lines or since >= PARTS_EVERY):
            self._stale, self._laid_out_at = False, monotonic()
            self.edition += 1

    def parts(self, person: Person) -> dict[str, str]:
        """Return the changing parts of the page, laid out if they have not been."""
        if (known := self.known_parts(person)) is not None:
            return known
        edition = self.edition
        of_edition, laid_out = self._parts
        made = parts(run_queries.run(self.run), person)
        if of_edition != edition:
            laid_out = {}
        self._parts = (edition, {**laid_out, _alike(person): made})
        return made

    def known_parts(self, person: Person) -> dict[str, str] | None:
        """Return them if they were laid out for anybody with the same rights."""
        edition, laid_out = self._parts
        return laid_out.get(_alike(person)) if edition == self.edition else None

    def bell(self) -> asyncio.Event:
        """Return what is set when the next news is there."""
        return self._bell

    async def follow(self) -> None:
        """Look for news, and wake those who wait for it, until cancelled."""
        try:
            while not self.gone:
                began = monotonic()
                if await in_reader(self.look)():
                    self._ring()
                took = monotonic() - began
                await asyncio.sleep(min(max(LOOK_EVERY, BREATH * took), SELDOM))
        except DatabaseError as error:
            # A broken connection must not be tried for ever. The pages come again.
            log.warning("run not read", run=self.run, reason=str(error))
            await in_reader(connection.close)()
        finally:
            self.broken = not self.gone
            self._ring()

    def _ring(self) -> None:
        bell, self._bell = self._bell, asyncio.Event()
        bell.set()


@dataclass(slots=True)
class _Watched:
    feed: Feed
    task: asyncio.Task[None]
    by: int = 0


@contextmanager
def watched(run: int) -> Iterator[Feed]:
    """Yield the feed of the run, which looks for news while anybody watches it."""
    it = _watched.get(run)
    if it is None or it.task.done():
        feed = Feed(run)
        it = _watched[run] = _Watched(feed, asyncio.create_task(feed.follow()))
    it.by += 1
    try:
        yield it.feed
    finally:
        it.by -= 1
        if not it.by:
            it.task.cancel()
            if _watched.get(run) is it:
                del _watched[run]


def in_reader(call: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Return the call, made in the one thread that reads for all streams."""
    return sync_to_async(call, thread_sensitive=False, executor=_reader)


def event(name: str, data: str, *, id: int | None = None) -> str:
    """Return one event; its data may have several lines."""
    head = f"id: {id}\n" if id is not None else ""
    body = "".join(f"data: {line}\n" for line in _NEWLINE.split(data))
    return f"{head}event: {name}\n{body}\n"


def line_event(line: Line) -> str:
    """Return the event of a line of the log."""
    return event("line", log_line(line), id=line.number)


def _alike(person: Person) -> Person:
    """Return anybody with the same rights: the parts show of a person nothing else."""
    return replace(person, id=None, name="", display=NOTHING_CHOSEN)
