"""A stage for moves: a pretend cloud, a clock that jumps, and workers that die.

Time passes only when a test says so; the engine and the cloud read the same clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

from django.contrib.auth.models import Group, User
from django.test import override_settings
from django.utils import timezone

from migrations_app.integrations.interfaces import World
from migrations_app.models import Cloud, Decision, MigrationRequest, Run
from migrations_app.models.states import RequestState, RunState
from migrations_app.requests import plan as request_plan
from migrations_app.requests.start import begin
from migrations_app.runs.engine.lease import RunLease
from migrations_app.runs.engine.run_context import Outcome
from migrations_app.runs.engine.walk import walk
from pretend import Killed, PretendCloud

WALKING = {RunState.RUNNING, RunState.GOING_BACK}
# what tells whether and when a run is to be looked at
LOOKED_AT = ("state", "lease", "lease_until", "look_again_at")


class Stage:
    """A cloud with two hosts in zone OS1 and one instance, ``web``, on the first."""

    source, target = "compute-30", "compute-34"

    def __init__(self, **settings: float) -> None:
        self.time = timezone.now()
        self.cloud = PretendCloud(clock=self.clock)
        self.cloud.set(**settings)
        for host in (self.source, self.target):
            self.cloud.add_host(host, zone="OS1")
        self.server = self.cloud.create("web", host=self.source)

    @property
    def world(self) -> World:
        return World(self.cloud, self.cloud.hosts, self.cloud.nova_db)

    def clock(self) -> datetime:
        return self.time

    def later(self, **span: float) -> None:
        """Let time pass."""
        self.time += timedelta(**span)

    def start(
        self, procedure: str, *, target: str | None = target, **options: Any
    ) -> Run:
        """Have an approved request begin to run, as it would by itself."""
        drawn = request_plan.draft(
            self.world,
            instance=self.server,
            procedure=procedure,
            target=target,
            options=options,
        )
        asker = _with_role("requester", "requester")
        request = MigrationRequest.objects.create(
            cloud=Cloud.objects.get_or_create(name="pretend")[0],
            instance=self.server,
            instance_name="web",
            open_instance=f"pretend:{self.server}",
            asked_procedure=procedure,
            target=target,
            options=options,
            reason="because",
            state=RequestState.APPROVED,
            asked_by=asker,
            asked_by_name=asker.username,
            asked_at=self.time,
            expires_at=self.time + timedelta(days=1),
            look_again_at=self.time,
            **drawn.as_fields(),
        )
        for name in ("approver-1", "approver-2"):
            Decision.objects.create(
                request=request,
                by=_with_role(name, "approver"),
                by_name=name,
                groups=["approver"],
                approves=True,
                note="Fine.",
                plan_digest=request.plan_digest,
                at=self.time,
            )
        assert begin(request, drawn, self.time)
        return Run.objects.get(request=request)

    def walk(self, run: Run) -> Outcome | None:
        """Look at the run once, as a worker does."""
        return walk(run.pk, lambda _: self.world, clock=self.clock)

    def play(self, run: Run, *, steps: int = 400, tick: float = 5.0) -> Run:
        """Look at the run whenever it is due, until it has come to rest.

        A worker that dies is followed by another one when its lease has lapsed. While
        nothing happens for long, it is looked at every ``tick`` seconds.
        """
        with override_settings(NOVAWEB_TICK=tick):
            return self._play(run, steps)

    def _play(self, run: Run, steps: int) -> Run:
        for _ in range(steps):
            run.refresh_from_db(fields=LOOKED_AT)
            if run.state not in WALKING:
                run.refresh_from_db()
                return run
            due = run.look_again_at
            if run.lease and run.lease_until:
                due = max(due or run.lease_until, run.lease_until)
            if due is not None:
                self.time = max(self.time, due + timedelta(milliseconds=1))
            try:
                self.walk(run)
            except Killed:
                continue
        said = "\n".join(str(line) for line in run.lines.all())
        raise AssertionError(
            f"no rest after {steps} looks: {run.state}\n{said[-3000:]}"
        )

    def play_until_death(self, run: Run) -> None:
        """Look at the run until its worker dies; its lease has lapsed then."""
        for _ in range(400):
            self.later(seconds=0.6)
            try:
                self.walk(run)
            except Killed:
                run.refresh_from_db()
                self.time = max(self.time, run.lease_until or self.time)
                self.later(seconds=1)
                return
        raise AssertionError("no worker died")

    def asked(self, *names: str) -> list[str]:
        """Return the requests of these names that reached Nova, oldest first."""
        actions = reversed(self.cloud.actions(self.server))
        return [a.name for a in actions if a.name in names]

    @property
    def host(self) -> str | None:
        return self.cloud.server(self.server).host


def _with_role(name: str, role: str) -> User:
    user, _ = User.objects.get_or_create(username=name)
    user.groups.add(Group.objects.get_or_create(name=role)[0])
    return user


@contextmanager
def dying_at_write(number: int) -> Iterator[list[int]]:
    """Kill the worker at the ``number``-th write to a run (counting from 0).

    Yields a list whose only item is how many writes there were.
    """
    count = [0]
    real = RunLease.write

    def write(self: RunLease, **fields: Any) -> None:
        count[0] += 1
        if count[0] == number + 1:
            raise Killed("write")
        real(self, **fields)

    with mock.patch.object(RunLease, "write", write):
        yield count
