"""How long the server takes for each page of a large cloud, and when one sees it.

    python -m bench.pages [--hypervisors 1000] [--instances 50000] [--browser]

Fills an SQLite database of its own, in a folder that is removed afterwards, asks for
each page some times and prints the processor's time, SQLite's included: the best, which
says what the page takes, and the median, which other users of the machine may double
(as Python's timeit says of its own figures). With ``--browser`` it serves
them, too, as a site does, and prints when Chromium had painted what pages are for
(bench/paint.py), on an otherwise idle machine. Ends with status 1 if a page takes
longer than LIMIT, or is painted later than PAINT.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.large import fill, pages, set_up

LIMIT = 100.0  # ms
PAINT = 1000.0  # ms
TIMES = 15


def main() -> int:
    parser = argparse.ArgumentParser(description="Time every page of a large cloud.")
    parser.add_argument("--hypervisors", type=int, default=1000)
    parser.add_argument("--instances", type=int, default=50_000)
    parser.add_argument("--requests", type=int, default=5_000)
    parser.add_argument("--browser", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="novaweb-bench-") as folder:
        set_up(folder)
        fill(asked.hypervisors, asked.instances, asked.requests)
        slow = 0
        print(f"{'best':>8} {'median':>8}  page")
        for path, best, median in measured():
            slow += told(path, best, median, best < LIMIT)
        if asked.browser:
            from bench.paint import painted

            print(f"{'median':>8} {'worst':>8}  painted")
            for path, median, worst in painted(Path(folder)):
                slow += told(path, median, worst, median < PAINT)
    return 1 if slow else 0


def told(path: str, one: float, other: float, in_time: bool) -> bool:
    """Print the page's figures, and return whether it is too slow."""
    mark = "" if in_time else "  too slow"
    print(f"{one:5.0f} ms {other:5.0f} ms  {path[:90]}{mark}", flush=True)
    return not in_time


def measured() -> Iterator[tuple[str, float, float]]:
    """Yield each page with the best and the median time it took, in ms."""
    from django.contrib.auth.models import User
    from django.test import Client

    from novaweb.garbage import collect_seldom

    client = Client(headers={"Host": "localhost"})
    client.force_login(User.objects.get(username="olga"))
    # as every process does that serves pages
    collect_seldom()
    for path in pages():
        took = []
        for _ in range(TIMES + 1):
            started = time.process_time()
            answer = client.get(path)
            took.append(1000 * (time.process_time() - started))
            if answer.status_code != 200:
                raise SystemExit(f"{path} answers {answer.status_code}")
        # the first one also reads templates and plans, once per process
        yield path, min(took[1:]), statistics.median(took[1:])


if __name__ == "__main__":
    sys.exit(main())
