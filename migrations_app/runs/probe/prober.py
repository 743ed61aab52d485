"""The prober: asks the guests of walking runs every 200 ms whether they are there.

One thread in every worker. A probe is claimed by a lease in the database, like a run,
so that one worker at a time probes a guest and another one follows when it dies; what
nobody measured meanwhile stays a hole, not a gap of the guest. The answers are written
about once a second. A walk never waits for any of this.
"""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import structlog
from django.db import Error, close_old_connections, connection, connections

from migrations_app.errors import NovawebError, told
from migrations_app.integrations.interfaces.guests import Reachable
from migrations_app.integrations.interfaces.probe_target import Target, parse
from migrations_app.runs.probe import samples
from migrations_app.runs.probe.gaps import Answer

log = structlog.get_logger(__name__)
INTERVAL = 0.2  # seconds between two questions
TIMEOUT = 1.0  # seconds after which a question was asked in vain
DATABASE_INTERVAL = 1.0  # seconds between two looks into the database
# When this process was not let run for so long, what was on its way then is no
# witness: an answer may have come and not been read.
STALL = 0.25
# A worker carries so many guests; the others take the rest.
MAX_GUESTS = 200

Open = Callable[[Target], Reachable]


@dataclass(slots=True)
class Probing:
    """One guest that this process probes."""

    run: int
    guest: Reachable
    task: asyncio.Task[None] | None = None
    under_way: set[asyncio.Task[None]] = field(default_factory=set)
    # by the monotonic clock: sent, answered or given up; and the answer itself
    done: list[tuple[float, float, Answer]] = field(default_factory=list)
    failed: Exception | None = None  # what was raised instead of an answer


class Prober:
    """Probes for as long as it is let; ``open_guest`` says how a guest is asked."""

    def __init__(self, open_guest: Open) -> None:
        self.token = uuid.uuid4().hex
        self._open = open_guest
        self._held: dict[int, Probing] = {}
        self._stalls: list[tuple[float, float]] = []
        self._database = ThreadPoolExecutor(1, thread_name_prefix="prober-database")

    def run(self, stop: threading.Event) -> None:
        """Probe until ``stop`` is set, whatever happens to the database."""
        asyncio.run(self._run(stop))

    async def _run(self, stop: threading.Event) -> None:
        watch = asyncio.create_task(self._watch_for_stalls())
        try:
            while not stop.is_set():
                await self._exchange()
                await asyncio.sleep(DATABASE_INTERVAL)
        finally:
            watch.cancel()
            await self._shut_down()

    async def _shut_down(self) -> None:
        for run in list(self._held):
            await self._drop(run)
        await self._ask(lambda: samples.release_all(self.token))
        # each thread has a connection of its own, which ends with nobody else
        self._database.submit(connections.close_all)
        self._database.shutdown()

    async def _exchange(self) -> None:
        """Write what was answered; keep, take and drop probes as the database says."""
        for run, held in list(self._held.items()):
            if held.failed is not None:
                await self._drop(run)
                await self._give_up(run, held.failed)
        answers = {run: self._certain_answers(held) for run, held in self._held.items()}
        room = MAX_GUESTS - len(self._held)
        told = await self._ask(
            lambda: samples.save_and_claim(self.token, answers, room=room)
        )
        if told is None:
            for run, kept in answers.items():  # once more, when the database is back
                self._put_back(run, kept)
            return
        for run in set(self._held) - told.keys():
            await self._drop(run)
        for run, text in told.items():
            if run not in self._held:
                await self._take(run, text)

    async def _ask(
        self, question: Callable[[], dict[int, str]]
    ) -> dict[int, str] | None:
        """Ask the database in its own thread; None when it does not answer."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._database, _without_raising, question)

    async def _take(self, run: int, text: str) -> None:
        try:
            held = Probing(run, self._open(parse(text)))
        except Exception as error:  # noqa: BLE001 - logged with it, and said in the run
            await self._give_up(run, error)
            return
        held.task = asyncio.create_task(self._probe_guest(held))
        self._held[run] = held

    async def _give_up(self, run: int, error: Exception) -> None:
        """Note why the guest is not probed here, and go on with the others."""
        if not isinstance(error, NovawebError):
            log.error("guest not probed", run=run, exc_info=error)
        sentence = told(error)
        await self._ask(lambda: samples.release_with_reason(self.token, run, sentence))

    async def _drop(self, run: int) -> None:
        held = self._held.pop(run)
        tasks = [task for task in (held.task, *held.under_way) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            held.guest.close()
        except Exception:
            log.exception("guest's socket not closed", run=run)

    async def _probe_guest(self, held: Probing) -> None:
        due = time.monotonic()
        while True:
            task = asyncio.create_task(self._probe_once(held))
            held.under_way.add(task)
            task.add_done_callback(held.under_way.discard)
            due = max(due + INTERVAL, time.monotonic())
            await asyncio.sleep(due - time.monotonic())

    async def _probe_once(self, held: Probing) -> None:
        sent, at = time.monotonic(), time.time()
        try:
            latency = await held.guest.knock(TIMEOUT)
        except Exception as error:  # noqa: BLE001 - logged with it, and said in the run
            # that it could not be asked is no answer of the guest
            held.failed = error
            return
        held.done.append((sent, time.monotonic(), Answer(at, latency)))

    async def _watch_for_stalls(self) -> None:
        """Note when this process was not let run."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(INTERVAL / 4)
            now = time.monotonic()
            if now - before > INTERVAL / 4 + STALL:
                self._stalls = [*self._stalls[-50:], (before, now)]

    def _certain_answers(self, held: Probing) -> list[Answer]:
        """Take the answers that no stall can spoil any more."""
        limit = time.monotonic() - STALL
        ripe = [each for each in held.done if each[1] <= limit]
        held.done = [each for each in held.done if each[1] > limit]
        return [
            answer
            for sent, ended, answer in ripe
            if not any(begin < ended and sent < end for begin, end in self._stalls)
        ]

    def _put_back(self, run: int, kept: list[Answer]) -> None:
        if run in self._held:
            now = time.monotonic() - 2 * STALL
            old = [(now, now, answer) for answer in kept]
            self._held[run].done = old + self._held[run].done


def _without_raising(question: Callable[[], dict[int, str]]) -> dict[int, str] | None:
    try:
        close_old_connections()
        return question()
    except Error as error:
        log.warning("the prober's database went away", reason=str(error))
        connection.close()
    except Exception:
        # measuring must outlive what it meets; it never ends a worker
        log.exception("prober stumbled")
    return None
