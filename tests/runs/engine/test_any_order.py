"""People, time, deaths and troubles in any order: what must hold all the same.

Hypothesis plays: it asks, decides, stops, kills workers and breaks the pretend cloud.
Whatever it does, nothing runs that somebody else has not approved as it stands, Nova
takes each request once, and in a world that is mended every run comes to its end.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from migrations_app.errors import NovawebError, Unreachable
from migrations_app.models import (
    AuditEntry,
    Decision,
    Line,
    MigrationRequest,
    Run,
    Step,
)
from migrations_app.models.states import (
    OPEN_REQUESTS,
    REQUEST_STATE_OF_RUN,
    WALKING_RUNS,
    RequestState,
    RunState,
)
from migrations_app.requests import actions as request_actions
from migrations_app.requests import start as request_start
from migrations_app.runs import actions as run_actions
from pretend import Killed
from tests.cast import Cast
from tests.factories import person
from tests.played import Play
from tests.shorter import examples
from tests.stage import Stage, dying_at_write

pytestmark = [pytest.mark.django_db, pytest.mark.long]
CALLS = ["server", "actions", "migrations", "live_migrate", "migrate", "confirm"]
CALLS += ["abort", "revert", "ports", "services"]
# What Nova notes for what is asked, and where our rows say that it was asked.
ACTIONS = {
    "live-migration": {"key": "migrate_live", "asked_at__isnull": False},
    "live_migration_cancel": {"key": "migrate_live", "undo_asked_at__isnull": False},
    "migrate": {"key": "migrate_cold", "asked_at__isnull": False},
    "revertResize": {"key": "migrate_cold", "undo_asked_at__isnull": False},
    "confirmResize": {"key": "confirm", "asked_at__isnull": False},
}
ABOUT_REQUESTS: list[Any] = [request_actions.reject, request_actions.withdraw]
ABOUT_RUNS: list[Any] = [
    run_actions.stop,
    run_actions.abort,
    run_actions.force_complete,
]
ABOUT_HELD: list[Any] = [run_actions.look_again, run_actions.go_back, run_actions.close]


class Moves(Play):
    """One instance, two hosts, everybody, and one worker after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.cast = Cast()
        # one who may both ask and approve, and tries to do both
        self.greedy = person("greedy", "requester", "approver", staff=True)

    def teardown(self) -> None:
        try:
            self.mend()
            self.expect_an_end()
        finally:
            super().teardown()

    def attempt(self, act: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Do it; being refused in our own words, or dying in the midst, is no fault."""
        # not in a transaction of ours: what a verb does before it refuses stays done
        with suppress(NovawebError, Killed):
            act(*args, **kwargs)

    # -- people ----------------------------------------------------------------------
    @initialize(procedure=st.sampled_from(["live", "cold"]), slow=st.booleans())
    def begin(self, procedure: str, slow: bool) -> None:
        """Most of what is worth trying happens while an instance moves."""
        if slow:
            self.stage.cloud.set(live_seconds=300, cold_seconds=300)
        self.cast.run(self.stage, procedure=procedure)

    @rule(
        procedure=st.sampled_from(["live", "cold"]),
        to=st.sampled_from([Stage.target, Stage.target, Stage.source]),
        greedy=st.booleans(),
    )
    def ask(self, procedure: str, to: str, greedy: bool) -> None:
        by = self.greedy if greedy else self.cast.requester
        wanted = {"procedure": procedure, "target": to, "by": by}
        self.attempt(self.cast.ask, self.stage, **wanted)

    @precondition(lambda self: self.open())
    @rule(who=st.sampled_from(["approver", "second", "greedy"]))
    def approve(self, who: str) -> None:
        by = self.greedy if who == "greedy" else getattr(self.cast, who)
        # the page that the approver saw may be older than what the verb sees
        self.attempt(self.cast.approve, MigrationRequest.objects.latest("pk"), by=by)

    @precondition(lambda self: self.open())
    @rule(verb=st.sampled_from(ABOUT_REQUESTS))
    def decide_otherwise(self, verb: Any) -> None:
        by = (
            self.cast.approver if verb is request_actions.reject else self.cast.operator
        )
        latest = MigrationRequest.objects.latest("pk").pk
        self.attempt(verb, latest, by=by, note="So.")

    @precondition(lambda self: self.walking())
    @rule(verb=st.sampled_from(ABOUT_RUNS))
    def interfere(self, verb: Any) -> None:
        self.attempt(verb, Run.objects.latest("pk").pk, by=self.cast.operator)

    @precondition(lambda self: self.held())
    @rule(verb=st.sampled_from(ABOUT_HELD[:2]))
    def resolve(self, verb: Any) -> None:
        latest = Run.objects.latest("pk").pk
        self.attempt(verb, latest, by=self.cast.operator, note="So.")

    # -- workers and time ------------------------------------------------------------
    @rule(seconds=st.sampled_from([0.6, 5, 5, 11, 60, 700, 4000]))
    def work_later(self, seconds: float) -> None:
        self.stage.later(seconds=seconds)
        self.attempt(request_start.start_due, self.stage.time)
        for run in Run.objects.all():
            with suppress(Killed):
                self.stage.walk(run)

    @precondition(lambda self: self.walking())
    @rule(write=st.integers(0, 12), seconds=st.sampled_from([1, 11, 700]))
    def die_at_a_write(self, write: int, seconds: float) -> None:
        self.stage.later(seconds=seconds)
        with dying_at_write(write), suppress(Killed):
            self.stage.walk(Run.objects.latest("pk"))

    @rule(call=st.sampled_from(CALLS), moment=st.sampled_from(["before", "after"]))
    def die_at_a_call(self, call: str, moment: Any) -> None:
        self.stage.cloud.die(call, moment)

    # -- troubles --------------------------------------------------------------------
    @rule(call=st.sampled_from(CALLS), after=st.booleans())
    def fail(self, call: str, after: bool) -> None:
        error = Unreachable("Nova answered 500.")
        self.stage.cloud.fail(call, error, after=after)

    @rule(down=st.booleans())
    def lose_nova(self, down: bool) -> None:
        self.stage.cloud.down(down)

    @rule(wrong=st.booleans())
    def change_our_password(self, wrong: bool) -> None:
        self.stage.cloud.lock_out(wrong)

    @rule(up=st.booleans(), host=st.sampled_from([Stage.source, Stage.target]))
    def lose_a_host(self, up: bool, host: str) -> None:
        self.stage.cloud.edit_host(host, up=up)

    @rule(locked=st.booleans())
    def lock(self, locked: bool) -> None:
        self.stage.cloud.edit(self.stage.server, locked=locked)

    # -- what must hold --------------------------------------------------------------
    def open(self) -> bool:
        return MigrationRequest.objects.filter(state__in=OPEN_REQUESTS).exists()

    def walking(self) -> bool:
        return Run.objects.filter(state__in=WALKING_RUNS).exists()

    def held(self) -> bool:
        return Run.objects.filter(state=RunState.HELD).exists()

    @invariant()
    def only_what_somebody_else_approved_runs(self) -> None:
        for run in Run.objects.select_related("request"):
            others = Decision.objects.filter(
                request=run.request,
                approves=True,
                plan_digest=run.request.plan_digest,
            ).exclude(by=run.request.asked_by)
            assert others.exists()

    @invariant()
    def nova_took_each_request_once(self) -> None:
        rows = self.stage.cloud._store.rows("SELECT name FROM actions")
        taken = [row["name"] for row in rows]
        for name, asked in ACTIONS.items():
            assert taken.count(name) <= Step.objects.filter(**asked).count(), name

    @invariant()
    def what_people_see_agrees(self) -> None:
        for request in MigrationRequest.objects.all():
            assert (request.open_instance is None) == (
                request.state not in OPEN_REQUESTS
            )
        for run in Run.objects.select_related("request"):
            assert run.request.state == REQUEST_STATE_OF_RUN[RunState(run.state)]
            assert run.state != RunState.HELD or run.why
            numbers = Line.objects.filter(run=run).values_list("number", flat=True)
            assert list(numbers) == list(range(1, run.last_number + 1))

    @invariant()
    def every_change_is_in_the_audit_trail(self) -> None:
        for verb, there in (
            ("request.asked", MigrationRequest.objects.count()),
            ("request.approved", Decision.objects.filter(approves=True).count()),
            ("request.rejected", Decision.objects.filter(approves=False).count()),
            ("run.started", Run.objects.count()),
        ):
            assert AuditEntry.objects.filter(verb=verb).count() == there, verb

    def mend(self) -> None:
        self.stage.cloud._store.run("DELETE FROM faults")
        self.stage.cloud.set(down=0, locked_out=0)
        for host in (self.stage.source, self.stage.target):
            self.stage.cloud.edit_host(host, up=True)

    def expect_an_end(self) -> None:
        restless = (RequestState.APPROVED, RequestState.RUNNING)
        for _ in range(1500):
            for run in Run.objects.filter(state=RunState.HELD):
                run_actions.look_again(run.pk, by=self.cast.operator, note="Mended.")
            self.work_later(5)
            if not MigrationRequest.objects.filter(state__in=restless).exists():
                break
        ends = list(Run.objects.values_list("state", "why"))
        assert not self.walking() and not self.held(), ends
        self.nova_took_each_request_once()
        self.what_people_see_agrees()
        self.stage.later(minutes=1)
        assert self.stage.cloud.server(self.stage.server).status == "ACTIVE"


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_it_holds_in_any_order(settings: Any) -> None:
    settings.NOVAWEB_LEASE = 600.0
    run_state_machine_as_test(
        Moves,
        settings=hypothesis.settings(
            max_examples=examples(12),
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        ),
    )
