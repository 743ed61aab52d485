"""Log of a run as resumable Server-Sent Events.

The cursor is a line number, which the browser sends back (``Last-Event-ID``, or
``after``) after a disconnect: no line is lost or repeated. All streams of a process
share one thread with one database connection, and those of a run what is read and laid
out (feed.py); a waiting stream is a sleeping coroutine.
Each stream ends after a minute and the page opens the next one, so that a server can be
replaced without interruption.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_safe

from migrations_app.access import permissions
from migrations_app.access.permissions import Person, Verb
from migrations_app.access.require import require
from migrations_app.access.session_store import SessionStore
from migrations_app.errors import Gone, NotAllowed, NovawebError, TooMany
from migrations_app.runs import queries as run_queries
from migrations_app.runs.queries import LAST_LINE
from migrations_app.web.page import sorry, user_of
from migrations_app.web.runs.feed import (
    BATCH,
    Feed,
    event,
    in_reader,
    line_event,
    watched,
)
from migrations_app.wording import whole_number

LASTS = 60.0  # seconds that one connection is kept
HEARTBEAT = 10.0  # seconds of silence after which a proxy may think that we are dead
ASK_AGAIN = 5.0  # seconds after which it is asked again who reads
MOST = 8  # streams of one person in one process

_open: Counter[int] = Counter()  # streams by account; only the event loop counts


@require_safe
async def stream(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send the lines after the cursor, and the parts of the page when they change."""
    try:
        reader = await sync_to_async(_admit)(request, pk)
    except NovawebError as error:
        return await sync_to_async(sorry)(request, error)
    after = request.headers.get("Last-Event-ID") or request.GET.get("after", "")
    events = _events(pk, reader, whole_number(after, most=LAST_LINE) or 0)
    response = StreamingHttpResponse(events, content_type="text/event-stream")
    response["X-Accel-Buffering"] = "no"
    return response


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, by the session that they signed in to."""

    account: int
    session: str

    def person(self) -> Person:
        """Return them as they are now. Raises NotAllowed.

        A person who has signed out, was switched off, has another password or no role
        any more reads no further.
        """
        now = HttpRequest()
        now.session = SessionStore(self.session)
        user = get_user(now)
        if user.pk != self.account:
            raise NotAllowed("You are no longer signed in.")
        require(user, Verb.SEE)
        return permissions.person(user)


def _admit(request: HttpRequest, pk: int) -> Reader:
    """Return who reads; raises NotAllowed, Gone or TooMany.

    The database connection is closed afterwards (except inside a transaction of the
    caller): the stream uses its reader's connection.
    """
    require(request.user, Verb.SEE)
    if _open[user_of(request).pk] >= MOST:
        raise TooMany(
            f"You have {MOST} pages of runs open, which is as many as are kept up to"
            " date at once: close some.",
            wait=int(LASTS),
        )
    run_queries.pulse(pk)
    if not connection.in_atomic_block:
        connection.close()
    return Reader(user_of(request).pk, str(request.session.session_key))


async def _events(run: int, reader: Reader, after: int) -> AsyncIterator[str]:
    clock = asyncio.get_running_loop().time
    begun = spoken = clock()
    _open[reader.account] += 1
    try:
        with watched(run) as feed:
            watch = Watch(feed, reader, after=after)
            yield ": here\n\n"
            while clock() - begun < LASTS:
                bell = feed.bell()
                news = await watch.read()
                if watch.closed:
                    return  # the page asks again, and is told why not
                if news:
                    spoken = clock()
                    yield news
                elif clock() - spoken > HEARTBEAT:
                    spoken = clock()
                    yield ": still here\n\n"
                if watch.over:
                    yield event("end", "")
                    return
                if not watch.behind:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(bell.wait(), ASK_AGAIN)
    finally:
        _open[reader.account] -= 1
        if not _open[reader.account]:
            del _open[reader.account]


class Watch:
    """One reader's position in a run: last line read, and parts sent.

    ``closed``: they may not read any more, or it cannot be read. ``behind``: there are
    more lines already.
    """

    def __init__(self, feed: Feed, reader: Reader, *, after: int) -> None:
        self.feed = feed
        self.reader = reader
        self.after = after
        self.over = self.closed = self.behind = False
        self._person: Person | None = None
        self._asked_at = 0.0
        self._edition = 0
        self._known: dict[str, str] = {}

    async def read(self) -> str:
        """Return the new events: those that all get, or what is read for this reader.

        Raises DatabaseError.
        """
        now = time.monotonic()
        try:
            if self._person is None or now - self._asked_at >= ASK_AGAIN:
                self._person = await in_reader(self.reader.person)()
                self._asked_at = now
            return await self._read(self._person)
        except Gone:
            self.over = True
        except NotAllowed:
            self.closed = True
        except DatabaseError:
            await in_reader(connection.close)()
            raise
        return ""

    async def _read(self, person: Person) -> str:
        feed, pulse = self.feed, self.feed.pulse
        self.closed, self.over = feed.broken, feed.gone
        if pulse is None or self.closed or self.over:
            return ""
        # the edition before the parts: a newer one is laid out the next time
        edition, news = feed.edition, await self._lines(pulse.last_number)
        if edition != self._edition:
            parts = feed.known_parts(person)
            if parts is None:
                parts = await in_reader(feed.parts)(person)
            for name, html in parts.items():
                if self._known.get(name) != html:
                    self._known[name] = html
                    news += event(f"part-{name}", html)
            self._edition = edition
        self.behind = self.after < feed.kept.last
        self.over = pulse.over and self.after >= pulse.last_number
        return news

    async def _lines(self, newest: int) -> str:
        """Return the events of the lines after the last one that was sent."""
        if newest <= self.after:
            return ""
        kept = self.feed.kept
        news = kept.after(self.after)
        if news is not None:
            self.after = max(self.after, kept.last)
            return news
        lines = await in_reader(run_queries.lines_after)(
            self.feed.run, self.after, limit=BATCH
        )
        self.after = lines[-1].number if lines else newest
        return "".join(map(line_event, lines))
