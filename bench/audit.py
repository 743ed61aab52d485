"""Times the audit trail at 1,000,000 entries: pages, segments, appends, an export.

    .venv/bin/python -m bench.audit [--entries 1000000] [--database sqlite|postgresql]

On a database of its own, in a temporary folder. Limits: a page of the search and the
verification of its segment 100 ms of the processor's time, the database's included (the
best of 15, since a busy machine doubles it; then the median); 8 processes append
500 entries a second to one unbroken chain (PostgreSQL, as it is installed: every commit
is on the disk); an export of all grows its process by less than 50 MiB.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.audit_rows import fill

LIMIT = 100.0  # ms
RATE = 500  # entries a second
GROWTH = 50  # MiB
WRITERS, SECONDS, WARMING = 8, 10, 30
PAGES = (
    "/audit/",
    "/audit/?before=500000",
    "/audit/?instance=web-4711",
    "/audit/?host=compute-0500",
    "/audit/?host=compute-0500&verb=run.completed",
    "/audit/?actor=person-7",
    "/audit/?ticket=OPS-4242",
    "/audit/?verb=run.*&actor=person-3",
    "/audit/?verb=policy.changed",
    "/audit/?since=2026-01-10T00:00&until=2026-01-11T00:00",
    "/audit/?q=memory",
    "/audit/?q=nothing-like-it",
    "/audit/?q=emptied&host=compute-0007",
    "/audit/?q=nothing-like-it&host=compute-0007",
    "/audit/5000/",
)


def main() -> int:
    parser = argparse.ArgumentParser(description="Time the audit trail.")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--database", choices=("postgresql", "sqlite"))
    parser.add_argument("--write", type=float, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.write:
        return write(asked.write)
    chosen = [asked.database] if asked.database else ["postgresql", "sqlite"]
    missed = 0
    for vendor in chosen:
        print(f"--- {vendor}; load average {os.getloadavg()[0]:.1f}", flush=True)
        with tempfile.TemporaryDirectory(prefix="novaweb-bench-") as folder:
            missed += on(vendor, Path(folder), asked.entries)
    return 1 if missed else 0


def on(vendor: str, folder: Path, entries: int) -> int:
    """Run all on one database, in a process of its own; return how much was missed."""
    environment = {
        **os.environ,
        "NOVAWEB_STATE_DIR": str(folder),
        "NOVAWEB_DEBUG": "true",
        "NOVAWEB_LOG_LEVEL": "ERROR",
        "NOVAWEB_CLOUDS": "pretend",
        "DJANGO_SETTINGS_MODULE": "novaweb.settings",
    }
    script = f"from bench.audit import measure; raise SystemExit(measure({entries}))"
    command = [sys.executable, "-c", script]
    if vendor == "sqlite":
        return subprocess.run(command, env=environment, check=False).returncode
    from tests.postgresql import PostgreSQL

    home = folder / "postgresql"
    home.mkdir()
    folder.chmod(0o755)
    # one process of it does all, so that its time is all there is
    alone = "max_parallel_workers_per_gather=0"
    server = PostgreSQL(home, "shared_buffers=256MB", "max_wal_size=2GB", alone)
    try:
        server.start()
        environment["NOVAWEB_DATABASE_URL"] = server.create("bench")
        return subprocess.run(command, env=environment, check=False).returncode
    finally:
        server.stop()


def measure(entries: int) -> int:
    """Fill the database and take all figures; return how many limits are missed."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    # the server of a site has its debug switches off
    settings.DEBUG = False
    call_command("migrate", verbosity=0)
    started = time.monotonic()
    fill(entries)
    print(f"{entries} entries in {time.monotonic() - started:.0f} s", flush=True)
    missed = 0
    for path, best, median in pages():
        mark = "" if best < LIMIT else f"  over {LIMIT:.0f} ms"
        missed += bool(mark)
        print(f"{best:5.0f} ms {median:5.0f} ms  {path}{mark}", flush=True)
    if connection.vendor == "postgresql":
        rate = appended()
        missed += rate < RATE
        print(f"{rate:.0f} entries/s by {WRITERS} processes", flush=True)
    missed += exported()
    missed += verified()
    return missed


def pages() -> Iterator[tuple[str, float, float]]:
    """Yield each page, and a segment, with the best and the median time, in ms."""
    from django.test import Client

    from migrations_app.audit.verify import verify_segment
    from novaweb.garbage import collect_seldom
    from tests.factories import person

    client = Client(headers={"Host": "localhost"})
    client.force_login(person("olga", "operator"))
    collect_seldom()  # as a server does
    for path in PAGES:
        took = []
        for _ in range(16):
            started = busy()
            answer = client.get(path)
            took.append(busy() - started)
            if answer.status_code != 200:
                raise SystemExit(f"{path} answers {answer.status_code}")
        # the first one also reads templates and plans, once per process
        yield path, min(took[1:]), statistics.median(took[1:])
    for name, numbers in {
        "100 entries in a row": range(400_000, 400_100),
        "100 entries far apart": range(1, 500_000, 5000),
    }.items():
        took = []
        for _ in range(16):
            started = busy()
            if not verify_segment(numbers).good:
                raise SystemExit(f"{name} are not verified")
            took.append(busy() - started)
        yield f"verify {name}", min(took[1:]), statistics.median(took[1:])


def busy() -> float:
    """Return the processor's time of this process and of its database's, in ms."""
    from django.db import connection

    ours = 1000 * time.process_time()
    if connection.vendor != "postgresql":
        return ours
    connection.ensure_connection()
    backend = connection.connection.info.backend_pid
    # nanoseconds on a processor (Linux, Documentation/scheduler/sched-stats.rst)
    return ours + int(Path(f"/proc/{backend}/schedstat").read_text().split()[0]) / 1e6


def appended() -> float:
    """Return how many entries a second the writers record together."""
    from migrations_app.models import AuditEntry

    command = [sys.executable, "-m", "bench.audit", "--write"]
    start = time.time() + WARMING
    before = AuditEntry.objects.count()
    writers = [subprocess.Popen([*command, str(start)]) for _ in range(WRITERS)]
    if any(writer.wait() for writer in writers):
        raise SystemExit("a writer failed")
    return (AuditEntry.objects.count() - before) / SECONDS


def write(start: float) -> int:
    """Record for SECONDS, from that time on; a transaction for each entry."""
    import django

    django.setup()
    from migrations_app.audit import recorder

    time.sleep(max(0.0, start - time.time()))
    number = 0
    while time.time() < start + SECONDS:
        number += 1
        recorder.record(
            "account.signed_in", actor_name=f"writer-{os.getpid()}", note=f"{number}"
        )
    return 0


def exported() -> bool:
    """Export everything; tell whether memory grew beyond the limit."""
    from django.utils import timezone

    from migrations_app.audit.export import as_lines, measure, prepare

    def everything(found: Any) -> Any:
        return found

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started, size = time.monotonic(), 0
    span = measure(everything)
    made = prepare(everything, span, filters={}, signed=(), now=timezone.now())
    for line in as_lines(made):
        size += len(line)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    took = time.monotonic() - started
    print(
        f"export of {span.count}: {took:.0f} s, {size / 2**20:.0f} MiB written,"
        f" peak {before / 1024 + grown:.0f} MiB, {grown:.0f} MiB of it for this",
        flush=True,
    )
    return grown > GROWTH


def verified() -> bool:
    """Follow the whole chain; tell whether it is broken."""

    from migrations_app.audit.verify import verify_all

    started = time.monotonic()
    verdict = verify_all()
    took = time.monotonic() - started
    print(f"verified {verdict.count} in {took:.0f} s: {verdict.bad or 'one chain'}")
    return not verdict.good


if __name__ == "__main__":
    sys.exit(main())
