"""How much longer than the bare HTTP calls it takes to read a large cloud.

    python -m bench.inventory [--hypervisors 1000] [--instances 50000]

Reads a recorded cloud that was grown (bench.grown, a process of its own) into SQLite
and into a PostgreSQL of its own: once whole, then CHANGES instances that changed, some
times. Then it sends the very same requests bare: a session of requests, JSON decoded,
inventories eight at a time as novaweb does. Ends with status 1 if the full scan takes
more than FULL times as long as the bare calls, an increment more than OWN seconds
longer than its own, or the process that reads takes more than MEMORY MB at its peak.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any

FULL, OWN, MEMORY = 1.2, 2.0, 300
CHANGES = 200
INCREMENTS = 5
AT_ONCE = 8


def main() -> int:
    parser = argparse.ArgumentParser(description="Time the reading of a large cloud.")
    parser.add_argument("--hypervisors", type=int, default=1000)
    parser.add_argument("--instances", type=int, default=50_000)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--reader", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.reader:
        print(json.dumps(read(asked.reader)))
        return 0
    with tempfile.TemporaryDirectory(prefix="novaweb-bench-") as folder:
        grown = subprocess.Popen(
            [
                *(sys.executable, "-m", "bench.grown"),
                *("--hypervisors", str(asked.hypervisors)),
                *("--instances", str(asked.instances)),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            url = (grown.stdout.readline() if grown.stdout else "").strip()
            return compared(url, Path(folder), asked.only)
        finally:
            grown.kill()
            grown.wait()


def compared(url: str, folder: Path, only: str | None) -> int:
    """Print how each database did; return 1 if a limit was missed, else 0."""
    bare: tuple[float, float] | None = None
    missed = 0
    for kind in ("sqlite", "postgresql"):
        if only not in (None, kind):
            continue
        found = measured(kind, url, folder / kind)
        if bare is None:
            bare = sent(url, found["full_asked"]), sent(url, found["changed_asked"])
            print(
                f"bare calls: {len(found['full_asked'])} take {bare[0]:.1f} s;"
                f" of an increment {len(found['changed_asked'])}, {bare[1]:.2f} s"
            )
        cpu, changed_cpu = found["full_cpu"], statistics.median(found["changed_cpu"])
        full, changed = found["full"], statistics.median(found["changed"])
        ratio, own = full / bare[0], changed - bare[1]
        print(
            f"{kind}: full scan {full:.1f} s = {ratio:.3f} x bare (limit {FULL}),"
            f" {cpu:.1f} s of the processor;"
            f" increment {changed:.2f} s, {own:.2f} s of our own (limit {OWN}),"
            f" {changed_cpu:.2f} s of the processor;"
            f" peak {found['peak']:.0f} MB (limit {MEMORY})"
        )
        missed += ratio > FULL or own > OWN or found["peak"] > MEMORY
    return 1 if missed else 0


def measured(kind: str, url: str, folder: Path) -> dict[str, Any]:
    """Return what a process of its own found that read the cloud into that database."""
    from tests.integrations.adapters.sham import write_clouds
    from tests.postgresql import PostgreSQL

    folder.mkdir()
    folder.parent.chmod(0o755)
    write_clouds(folder / "clouds.yaml", f"{url}/identity/v3")
    environment = {
        **os.environ,
        "NOVAWEB_STATE_DIR": str(folder),
        "NOVAWEB_DEBUG": "true",
        "NOVAWEB_LOG_LEVEL": "ERROR",
        "NOVAWEB_CLOUDS": "sham",
        "OS_CLIENT_CONFIG_FILE": str(folder / "clouds.yaml"),
        "DJANGO_SETTINGS_MODULE": "novaweb.settings",
    }
    server = None
    if kind == "postgresql":
        (folder / "server").mkdir()
        server = PostgreSQL(folder / "server")
    try:
        if server is not None:
            server.start()
            environment["NOVAWEB_DATABASE_URL"] = server.create("bench")
        migrate = [sys.executable, "manage.py", "migrate", "-v0"]
        subprocess.run(migrate, env=environment, check=True)
        reader = [sys.executable, "-m", "bench.inventory", "--reader", url]
        told = subprocess.run(
            reader, env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
    finally:
        if server is not None:
            server.stop()
    result: dict[str, Any] = json.loads(told.stdout)
    return result


def read(url: str) -> dict[str, Any]:
    """Read the cloud here, as a worker does; return how long it took, and what."""
    import django

    django.setup()
    import requests
    from django.conf import settings
    from django.utils import timezone

    from migrations_app.integrations import connect
    from migrations_app.inventory.sync import sync

    settings.DEBUG = False
    cloud = connect.cloud_of("sham")

    def reading() -> tuple[float, float, list[str]]:
        requests.get(f"{url}/bench/asked", timeout=60)
        began, used = time.perf_counter(), time.process_time()
        report = sync("sham", cloud, now=timezone.now())
        took = time.perf_counter() - began, time.process_time() - used
        if report.trouble:
            raise SystemExit(report.trouble)
        print(report, file=sys.stderr)
        return *took, requests.get(f"{url}/bench/asked", timeout=60).json()

    full, full_cpu, full_asked = reading()
    changed = []
    for _ in range(INCREMENTS):
        requests.get(f"{url}/bench/change?count={CHANGES}", timeout=60)
        changed.append(reading())
    return {
        "full": full,
        "full_cpu": full_cpu,
        "full_asked": full_asked,
        "changed": [it[0] for it in changed],
        "changed_cpu": [it[1] for it in changed],
        "changed_asked": changed[-1][2],
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def sent(url: str, asked: list[str]) -> float:
    """Send these requests bare; return how many seconds that took."""
    import requests

    paths = [it.removeprefix("GET ") for it in asked if it.startswith("GET ")]
    with requests.Session() as session, ThreadPoolExecutor(AT_ONCE) as pool:
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=AT_ONCE)
        session.mount("http://", adapter)

        def get(path: str) -> None:
            session.get(f"{url}{path}", timeout=60).json()

        began = time.perf_counter()
        for several, group in groupby(paths, lambda it: it.endswith("/inventories")):
            if several:
                list(pool.map(get, group))
            else:
                for path in group:
                    get(path)
        return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
