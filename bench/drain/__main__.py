"""How much longer a drain takes than Nova's own times allow, on a lab of 20 hosts.

    python -m bench.drain [--live-seconds 5] [--workers 2]

Brings up a lab of its own (docs/lab.md) and boots 100 instances there: some in
anti-affinity, soft anti-affinity and affinity groups, half of them pinned to a zone,
some shut off. Beside it a site of its own, with workers as processes: two hosts that
hold 24 of the instances are emptied by one drain, and when a third has moved a worker
is killed (SIGKILL) and another one started. The lab is taken down afterwards, whatever
happens.

The ideal is the longest chain of Nova's own times: of each live migration from when
its source could begin it, which carries out one at a time, until its record was last
written; of a cold one the times of Nova's two actions. Ends with status 1 if the drain
takes more than LIMIT times the ideal, if an instance is where a rule forbids it or is
neither moved nor named with a reason, or if more moves ran at once than was allowed.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.drain.guests import LEAVE, PATIENCE, boot, say, until
from bench.drain.verdict import broken, ideal, unsaid

if TYPE_CHECKING:
    from migrations_app.models import Drain
    from tests.integrations.adapters.clouds import LabPlace
    from tests.processes.site import Site

LIMIT = 1.3
LAB = {
    "NOVAWEB_LAB_NAME": "drain",
    "NOVAWEB_LAB_ADDRESS": "127.0.0.29",
    "NOVAWEB_LAB_FAKE_HOSTS": "20",
    "NOVAWEB_LAB_LIBVIRT": "0",
    "NOVAWEB_LAB_CINDER": "0",
    # no host is small: where an instance may go is to be the rules' doing
    "NOVAWEB_LAB_DRIVERS": "compute-30=ArticleFakeDriver",
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Time a drain of two hosts.")
    parser.add_argument("--live-seconds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="novaweb-bench-") as folder:
        os.environ.update(LAB, NOVAWEB_LAB_LIVE_SECONDS=str(asked.live_seconds))
        os.environ.update(
            DJANGO_SETTINGS_MODULE="novaweb.settings",
            NOVAWEB_STATE_DIR=folder,
            NOVAWEB_DATABASE_URL=f"sqlite:///{folder}/novaweb.sqlite3",
            NOVAWEB_DEBUG="true",
            NOVAWEB_HOSTS_ENTERED_BY="self",
            NOVAWEB_LOG_LEVEL="ERROR",
            NOVAWEB_CLOUDS="lab",
            OS_CLIENT_CONFIG_FILE=f"{folder}/clouds.yaml",
        )
        with lab():
            return drained(Path(folder), asked.workers)


@contextmanager
def lab() -> Iterator[None]:
    """A lab with nothing in it, for as long as the block lasts."""

    def run(verb: str, *, check: bool = True) -> None:
        subprocess.run([sys.executable, "-m", "lab", verb], check=check)

    try:
        run("up")
        run("reset")
        yield
    finally:
        run("down", check=False)


def drained(folder: Path, workers: int) -> int:
    """Empty the two hosts and return the status."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from lab.settings import from_environment
    from migrations_app.inventory.sync import sync
    from tests.integrations.adapters.clouds import LabPlace
    from tests.processes.site import Site

    call_command("migrate", verbosity=0)
    settings = from_environment()
    place = LabPlace(settings.clouds_yaml, folder)
    guests = boot(place, settings.fake_hosts, settings.zone)
    report = sync("lab", place.cloud, now=timezone.now())
    if report.trouble:
        raise SystemExit(report.trouble)
    site = Site(
        folder, NOVAWEB_CLOUDS="lab", OS_CLIENT_CONFIG_FILE=str(place.clouds_yaml)
    )
    try:
        drain = planned(site, workers)
        most = watched(drain, site)
    finally:
        site.close()
    wrongs = [
        *broken(place, guests, settings.zone),
        *unsaid(drain, guests),
        *(f"{count} moves at once {where}" for where, count in most.items()),
    ]
    return told(drain, place, wrongs)


def planned(site: Site, workers: int) -> Drain:
    """Return the drain of the two hosts, planned and approved by somebody else."""
    from migrations_app.drains import actions as drain_actions
    from tests.processes.site import person

    for _ in range(workers):
        site.work()
    began = time.monotonic()
    drain = drain_actions.ask(
        by=person("operator"),
        hosts=LEAVE,
        reason="New memory is put in.",
        cloud="lab",
    )
    until(lambda: again(drain).state != "planning", "the drain to be planned")
    say(f"planned in {time.monotonic() - began:.1f} s: {drain.moves.count()} moves")
    for each in drain.stays:
        say(f"  {each['name']} stays: {each['sentence']} {each['way_out']}")
    number = 0
    while again(drain).state == "requested":
        drain_actions.approve(
            drain.pk,
            by=person("approver", f"approver-{number}"),
            plan_digest=drain.plan_digest,
            note="Fine.",
        )
        number += 1
    if drain.state not in {"approved", "running"}:
        raise SystemExit(f"The drain is {drain.state}: {drain.why}")
    return drain


def watched(drain: Drain, site: Site) -> dict[str, int]:
    """The drain is over, with a worker killed; return where too many moves ran."""
    allowed, killed = drain.limits, False
    most: Counter[str] = Counter()
    deadline = time.monotonic() + PATIENCE
    while not again(drain).ended_at:
        if drain.state == "paused" or time.monotonic() > deadline:
            raise SystemExit(f"The drain is {drain.state}: {drain.why}")
        running = list(drain.moves.filter(state="running"))
        counts = {
            "per_source": Counter(move.source for move in running),
            "per_target": Counter(move.target or "" for move in running),
            "overall": Counter("in all" for _ in running),
        }
        for limit, count in counts.items():
            for where, moves in count.items():
                if 0 < allowed[limit] < moves:
                    most[where] = max(most[where], moves)
        moved = drain.moves.filter(state="completed").count()
        if not killed and moved >= drain.moves.count() // 3:
            killed = True
            worker = site.workers[0]
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            say(f"killed a worker when {moved} had moved; starting another one")
            site.work()
        time.sleep(0.25)
    return dict(most)


def told(drain: Drain, place: LabPlace, wrongs: list[str]) -> int:
    """Say how long it took, and what was wrong; return the status."""
    moved = list(drain.moves.filter(state="completed"))
    best = ideal(drain, place, moved)
    if drain.started_at is None or drain.ended_at is None or not moved:
        raise SystemExit(f"The drain is {drain.state}: {drain.why}")
    took = (drain.ended_at - drain.started_at).total_seconds()
    states = Counter(drain.moves.values_list("state", flat=True))
    say(f"{drain.state}: {dict(states)}, {len(drain.stays)} stay")
    for move in drain.moves.exclude(state="completed"):
        say(f"  {move.instance_name} is {move.state}: {move.why}")
    for wrong in wrongs:
        say(f"WRONG: {wrong}")
    good = took <= LIMIT * best and not wrongs
    say(
        f"took {took:.0f} s, ideal {best:.0f} s: {took / best:.2f} times as long "
        f"(limit {LIMIT})" + ("" if good else "  MISSED")
    )
    return 0 if good else 1


def again(drain: Drain) -> Drain:
    drain.refresh_from_db()
    return drain


if __name__ == "__main__":
    sys.exit(main())
