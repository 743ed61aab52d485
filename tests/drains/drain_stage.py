"""A pretend cloud with a host to empty, and everybody who has a say in that."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from migrations_app.drains import actions as drain_actions
from migrations_app.drains import engine as drain_engine
from migrations_app.inventory.sync import sync
from migrations_app.models import Drain, MigrationRequest, Run
from migrations_app.models.states import RequestState
from pretend import Killed
from tests.cast import Cast
from tests.stage import WALKING, Stage

REASON = "New memory is to be put in."
LIMITS = {"per_source": 2, "per_target": 2, "per_zone": 0, "overall": 3}


class Emptying:
    """Five hosts in one zone; ``compute-30`` holds what is to leave it."""

    def __init__(self, stage: Stage, cast: Cast, *, instances: int = 5) -> None:
        self.stage, self.cast = stage, cast
        # each second of a move costs a look at it and one at its drain
        stage.cloud.set(live_seconds=5)
        for number in (35, 36, 37):
            stage.cloud.add_host(f"compute-{number}", zone="OS1")
        self.servers = [stage.server]
        for number in range(1, instances):
            self.servers.append(stage.cloud.create(f"web-{number}", host=stage.source))
        self.most = 0
        self.watch: Callable[[Drain], None] = lambda drain: None

    def read(self) -> None:
        sync("pretend", self.stage.cloud, now=self.stage.clock())

    def ask(self, **fields: Any) -> Drain:
        self.read()
        said: dict[str, Any] = {
            "by": self.cast.operator,
            "hosts": [self.stage.source],
            "reason": REASON,
            "limits": LIMITS,
            **fields,
        }
        return drain_actions.ask(**said)

    def planned(self, **fields: Any) -> Drain:
        drain = self.ask(**fields)
        for _ in range(20):
            drain.refresh_from_db()
            if drain.state != "planning":
                return drain
            self.look(drain)
        raise AssertionError(f"never planned: {drain.why}")

    def approved(self, **fields: Any) -> Drain:
        drain = self.planned(**fields)
        assert drain.state == "requested", drain.why
        return drain_actions.approve(
            drain.pk,
            by=self.cast.approver,
            plan_digest=drain.plan_digest,
            note="Fine.",
        )

    def look(self, drain: Drain) -> None:
        """Look at the drain once, as a worker does when it is due."""
        drain.refresh_from_db()
        due = drain.look_again_at
        if drain.lease and drain.lease_until:
            due = max(due or drain.lease_until, drain.lease_until)
        if due is not None:
            self.stage.time = max(self.stage.time, due + timedelta(milliseconds=1))
        drain_engine.look(drain.pk, clock=self.stage.clock)

    def tick(self, drain: Drain) -> None:
        """Look at the drain and at all of its runs that are due."""
        with contextlib.suppress(Killed):
            self.look(drain)
        for run in Run.objects.filter(request__drain=drain, state__in=WALKING):
            self.stage.later(seconds=0.3)
            try:
                self.stage.walk(run)
            except Killed:
                # its lease lapses
                Run.objects.filter(pk=run.pk).update(lease_until=self.stage.time)
        self.stage.later(seconds=0.5)
        running = self.running(drain)
        self.most = max(self.most, len(running))
        self.watch(drain)
        drain.refresh_from_db()

    def play(self, drain: Drain, *, until: str = "", ticks: int = 600) -> Drain:
        """Go on until the drain is over, or in that state."""
        for _ in range(ticks):
            drain.refresh_from_db()
            if drain.ended_at or drain.state == until:
                return drain
            self.tick(drain)
        raise AssertionError(
            f"{drain.state} {drain.why} "
            f"{list(drain.moves.values_list('instance_name', 'state', 'why'))}"
        )

    def running(self, drain: Drain) -> list[MigrationRequest]:
        return list(drain.moves.filter(state=RequestState.RUNNING))

    def hosts(self) -> list[str | None]:
        return [self.stage.cloud.server(each).host for each in self.servers]

    def service(self, host: str = Stage.source) -> Any:
        return self.stage.cloud.service(host)
