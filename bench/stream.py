"""How late lines are that many people watch, and what that takes of the web process.

    python -m bench.stream [--viewers 500] [--runs 50] [--lines 20] [--seconds 30]

Serves a site as in production, by one uvicorn, from an SQLite database in a folder that
is removed afterwards; writes so many lines a second to each of the runs, and reads the
streams of the viewers. Prints how long after a line was written its viewers had it (a
line is stamped when its transaction has begun), and the memory and processor time of
the web process. With ``--browser`` it also opens a run of 100,000 lines in Chromium and
prints what the page's process keeps in memory.

Ends with status 1 if a line was lost or doubled, or a limit is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.large import set_up

LATE = 1.0  # seconds for 99 of 100 lines
WEB = 300.0  # MiB
PAGE = 150.0  # MiB
EACH = 7  # streams of one person; one more than that is the most that is allowed
OPENED = 10  # streams that are opened at once
LONG = 100_000  # lines of the run that a browser opens
_LINE = re.compile(rb"^id: (\d+)\nevent: line\n.*?at=([\d.]+)", re.M)


@dataclass
class Seen:
    """What one viewer has got: numbers of lines, and how late each was, in seconds."""

    numbers: list[int] = field(default_factory=list)
    late: list[float] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(description="Stream logs to many viewers.")
    parser.add_argument("--viewers", type=int, default=500)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--lines", type=float, default=20.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--browser", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="novaweb-bench-") as folder:
        set_up(folder)
        return _measure(Path(folder), asked)


def _measure(folder: Path, asked: argparse.Namespace) -> int:
    from django.conf import settings
    from django.core.management import call_command

    from tests import factories
    from tests.browser.web import Web

    settings.DEBUG = False
    call_command("migrate", verbosity=0)
    factories.pacer_seen()
    rows = [factories.run(lines=["It begins."]) for _ in range(asked.runs)]
    cookies = [_session(f"viewer-{n}") for n in range(-(-asked.viewers // EACH))]
    web = Web(folder)
    web.start()
    if web.process is None:
        raise SystemExit("The site does not run.")
    over = threading.Event()
    writer = threading.Thread(
        target=_write, args=(rows, asked.lines, over), name="writer"
    )
    try:
        begun, before = time.monotonic(), _processor(web.process.pid)
        writer.start()
        seen = asyncio.run(
            _watch(
                web.port,
                [
                    (rows[n % len(rows)].pk, cookies[n // EACH])
                    for n in range(asked.viewers)
                ],
                asked.seconds,
            )
        )
        took = _processor(web.process.pid) - before
        seconds, memory = time.monotonic() - begun, _memory(web.process.pid)
        over.set()
        writer.join()
        missed = _tell(seen, memory=memory, share=took / seconds)
        if asked.browser:
            missed += _open_long(web.address, cookies[0])
    finally:
        over.set()
        web.stop()
    return 1 if missed else 0


def _session(name: str) -> str:
    from django.test import Client

    from tests import factories

    client = Client(headers={"Host": "localhost"})
    client.force_login(factories.person(name, "operator"))
    return str(client.cookies["sessionid"].value)


def _write(rows: list[Any], lines: float, over: threading.Event) -> None:
    """Write lines to all runs, at an even pace, until it is over."""
    from django.db import connection, transaction
    from django.db.models import F
    from django.utils import timezone

    from migrations_app.models import Line, Run

    due, number = time.monotonic(), 1
    while not over.wait(max(0.0, due - time.monotonic())):
        due, number = due + 1 / lines, number + 1
        with transaction.atomic():
            Run.objects.filter(pk__in=[row.pk for row in rows]).update(
                last_number=F("last_number") + 1
            )
            text = f"The copy goes on, at={time.time():.3f}"
            Line.objects.bulk_create(
                Line(run=row, number=number, at=timezone.now(), step="", text=text)
                for row in rows
            )
    connection.close()


async def _watch(
    port: int, streams: list[tuple[int, str]], seconds: float
) -> list[Seen]:
    """Read all the streams, for that long once all are there; return what they got."""
    seen = [Seen() for _ in streams]
    at_once = asyncio.Semaphore(OPENED)
    tasks = [
        asyncio.create_task(_read(port, run, cookie, into, at_once))
        for (run, cookie), into in zip(streams, seen, strict=True)
    ]
    while not all(
        it.numbers or task.done() for it, task in zip(seen, tasks, strict=True)
    ):
        await asyncio.sleep(0.1)
    for it in seen:
        it.late.clear()  # what was written before all were there
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    failed = [it for it in ended if not isinstance(it, asyncio.CancelledError)]
    if failed:
        raise SystemExit(f"{len(failed)} streams ended, the first with {failed[0]!r}")
    return seen


async def _read(
    port: int, run: int, cookie: str, into: Seen, at_once: asyncio.Semaphore
) -> None:
    """Read a run's stream, and the next one when it ends, as a page does."""
    while True:
        async with at_once:
            reading, writing = await asyncio.open_connection("127.0.0.1", port)
            after = into.numbers[-1] if into.numbers else 1
            writing.write(
                f"GET /runs/{run}/stream/?after={after} HTTP/1.1\r\n"
                f"Host: 127.0.0.1\r\nCookie: sessionid={cookie}\r\n\r\n".encode()
            )
            head = await reading.readuntil(b"\r\n\r\n")
        try:
            if b" 200 " not in head.split(b"\r\n")[0]:
                raise ConnectionError(head.split(b"\r\n")[0].decode())
            rest = b""
            while size := int(await reading.readline() or b"0", 16):
                rest += (await reading.readexactly(size + 2))[:size]
                now = time.time()
                # Django sends at most 64 KiB at once: the last event may go on
                events, _, rest = rest.rpartition(b"\n\n")
                for number, at in _LINE.findall(events):
                    into.numbers.append(int(number))
                    into.late.append(now - float(at))
        finally:
            writing.close()


def _tell(seen: list[Seen], *, memory: float, share: float) -> int:
    """Print the figures, and return how many limits were missed."""
    late = sorted(each for it in seen for each in it.late)
    lost = sum(it.numbers != list(range(2, 2 + len(it.numbers))) for it in seen)
    silent = sum(not it.numbers for it in seen)
    if not late:
        raise SystemExit("No line came.")
    last = late[int(len(late) * 0.99)]
    print(
        f"{len(seen)} viewers, {sum(len(it.numbers) for it in seen)} lines:"
        f" median {statistics.median(late):.3f} s, 99 of 100 within {last:.3f} s,"
        f" the latest {late[-1]:.3f} s; {lost} with lines lost or doubled,"
        f" {silent} with none"
    )
    print(f"web process: {memory:.0f} MiB, {100 * share:.0f} % of a processor")
    return (last > LATE) + (memory > WEB) + (lost > 0) + (silent > 0)


def _open_long(address: str, cookie: str) -> int:
    """Open a run of very many lines, scroll through it, and tell what that takes."""
    from django.utils import timezone
    from playwright.sync_api import sync_playwright

    from bench.paint import chromium
    from migrations_app.models import Line, Run
    from tests import factories

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    row = factories.run(lines=["It begins."])
    text = "Copied {} of 100000 pieces of the disk to compute-31."
    Line.objects.bulk_create(
        (
            Line(run=row, number=n, at=timezone.now(), step="", text=text.format(n))
            for n in range(2, LONG + 1)
        ),
        batch_size=1000,
    )
    Run.objects.filter(pk=row.pk).update(last_number=LONG)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium())
        context = browser.new_context(viewport={"width": 1366, "height": 768})
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": address}])
        page = context.new_page()
        page.goto(f"{address}/runs/{row.pk}/")
        page.wait_for_selector(f"#line-{LONG}")
        for number in range(LONG + 1, LONG + 2001):
            factories.write_line(Run.objects.get(pk=row.pk), f"Line {number}.")
        page.wait_for_selector(f"#line-{LONG + 2000}", state="attached")
        session = context.new_cdp_session(page)
        session.send("HeapProfiler.collectGarbage")
        session.send("Performance.enable")
        told = session.send("Performance.getMetrics")["metrics"]
        heap = {it["name"]: it["value"] for it in told}["JSHeapUsedSize"]
        lines = page.locator("#lines > li").count()
        pages = [_own_memory(pid) for pid in _renderers(os.getpid())]
        browser.close()
    memory = max(pages)
    print(
        f"page of {LONG + 2000} lines: {lines} of them in it, its process has"
        f" {memory:.0f} MiB of its own, {heap / 2**20:.0f} MiB of them objects"
    )
    return memory > PAGE


def _renderers(pid: int) -> list[int]:
    """The processes below that one that show pages."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, path.read_text().split()):
            words = Path(f"/proc/{child}/cmdline").read_bytes()
            found += [child] if b"--type=renderer" in words else []
            found += _renderers(child)
    return found


def _processor(pid: int) -> float:
    """Seconds of processor that the process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory(pid: int) -> float:
    """MiB that are resident."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", text)[0]) / 1024


def _own_memory(pid: int) -> float:
    """MiB that are resident, without what it shares with other processes."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(map(int, re.findall(r"Private_\w+:\s+(\d+)", text))) / 1024


if __name__ == "__main__":
    sys.exit(main())
