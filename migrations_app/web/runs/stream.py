"""Log of a run as resumable Server-Sent Events.

The cursor is a line number, which the browser sends back (``Last-Event-ID``, or
``after``) after a disconnect: no line is lost or repeated. All streams of a process
share one thread with one database connection; a waiting stream is a sleeping coroutine.
Each stream ends after a minute and the page opens the next one, so that a server can be
replaced without interruption.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
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
from migrations_app.runs.queries import LAST_LINE, Pulse
from migrations_app.web.page import sorry, user_of
from migrations_app.web.runs.views import parts
from migrations_app.web.tags.runs import log_line
from migrations_app.wording import whole_number

LOOK_EVERY = 0.15  # seconds; half of it is how late a line is, on average
LASTS = 60.0  # seconds that one connection is kept
HEARTBEAT = 10.0  # seconds of silence after which a proxy may think that we are dead
BATCH = 200  # lines read at once
ASK_AGAIN = 5.0  # seconds after which it is asked again who reads
MOST = 8  # streams of one person in one process

_open: Counter[int] = Counter()  # streams by account; only the event loop counts
_reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="stream")
_NEWLINE = re.compile(r"\r\n|\r|\n")


@require_safe
async def stream(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send the lines after the cursor, and the parts of the page when they change."""
    try:
        reader = await sync_to_async(_admit)(request, pk)
    except NovawebError as error:
        return await sync_to_async(sorry)(request, error)
    after = request.headers.get("Last-Event-ID") or request.GET.get("after", "")
    watch = Watch(pk, reader, after=whole_number(after, most=LAST_LINE) or 0)
    response = StreamingHttpResponse(_events(watch), content_type="text/event-stream")
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


async def _events(watch: Watch) -> AsyncIterator[str]:
    read = sync_to_async(watch.read, thread_sensitive=False, executor=_reader)
    clock = asyncio.get_running_loop().time
    begun = spoken = clock()
    _open[watch.reader.account] += 1
    try:
        yield ": here\n\n"
        while clock() - begun < LASTS:
            news = await read()
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
            await asyncio.sleep(LOOK_EVERY)
    finally:
        _open[watch.reader.account] -= 1
        if not _open[watch.reader.account]:
            del _open[watch.reader.account]


class Watch:
    """One reader's position in a run: last line read, and parts sent.

    ``closed``: they may not read any more.
    """

    def __init__(self, run: int, reader: Reader, *, after: int) -> None:
        self.run = run
        self.reader = reader
        self.after = after
        self.over = self.closed = False
        self._person: Person | None = None
        self._asked_at = 0.0
        self._pulse: Pulse | None = None
        self._known: dict[str, str] = {}

    def read(self) -> str:
        """Return the new events; one small query if there are none."""
        try:
            return self._read()
        except Gone:
            self.over = True
            return ""
        except NotAllowed:
            self.closed = True
            return ""
        except DatabaseError:
            # A broken connection must not be tried for ever. The page comes again.
            connection.close()
            raise

    def _read(self) -> str:
        now = time.monotonic()
        if self._person is None or now - self._asked_at >= ASK_AGAIN:
            self._person, self._asked_at = self.reader.person(), now
        # The pulse comes first: what is written after it is found next time, and a run
        # that it calls over has no line that the reading below could miss.
        pulse = run_queries.pulse(self.run)
        news = []
        if pulse.last_number > self.after:
            lines = run_queries.lines_after(self.run, self.after, limit=BATCH)
            for line in lines:
                news.append(event("line", log_line(line), id=line.number))
            self.after = lines[-1].number if lines else pulse.last_number
        if pulse != self._pulse:
            self._pulse = pulse
            for name, html in parts(run_queries.run(self.run), self._person).items():
                if self._known.get(name) != html:
                    self._known[name] = html
                    news.append(event(f"part-{name}", html))
        self.over = pulse.over and self.after >= pulse.last_number
        return "".join(news)


def event(name: str, data: str, *, id: int | None = None) -> str:
    """Return one event; its data may have several lines."""
    head = f"id: {id}\n" if id is not None else ""
    body = "".join(f"data: {line}\n" for line in _NEWLINE.split(data))
    return f"{head}event: {name}\n{body}\n"
