"""Who plays on a stage: one person for each role, and what they usually say."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from migrations_app.integrations import connect
from migrations_app.models import AuditEntry, MigrationRequest, Run
from migrations_app.models.states import REQUEST_STATE_OF_RUN, RunState
from migrations_app.requests import actions as request_actions
from migrations_app.requests import recent_check
from migrations_app.requests import start as request_start
from tests.factories import person
from tests.stage import Stage

# What is recorded of each command is told by tests of its own.
COMMANDS = ("run.command", "run.answered", "run.looked")
REASON = "The host is to be emptied."


class Cast:
    """One person for each role, two approvers, and somebody without any."""

    def __init__(self) -> None:
        self.requester = person("requester", "requester")
        self.approver = person("approver", "approver")
        self.second = person("second", "approver")
        self.operator = person("operator", "operator")
        self.auditor = person("auditor", "auditor")
        self.nobody = person("nobody")

    def ask(self, stage: Stage, **fields: Any) -> MigrationRequest:
        """Have the requester ask for a live move to the stage's target."""
        said: dict[str, Any] = {
            "by": self.requester,
            "instance": stage.server,
            "procedure": "live",
            "target": stage.target,
            "reason": REASON,
            **fields,
        }
        return request_actions.ask(**said)

    def approve(
        self, request: MigrationRequest, *, by: User | None = None
    ) -> MigrationRequest:
        """Have the approver approve the plan as it stands."""
        request.refresh_from_db()
        return request_actions.approve(
            request.pk,
            by=by or self.approver,
            plan_digest=request.plan_digest,
            note="Fine.",
        )

    def approved(self, stage: Stage, **fields: Any) -> MigrationRequest:
        """Return a request that was asked for and approved."""
        return self.approve(self.ask(stage, **fields))

    def run(self, stage: Stage, **fields: Any) -> Run:
        """Return the run of a request that was asked for, approved and started."""
        request = self.approved(stage, **fields)
        assert request_start.start_due(stage.time) == 1
        return Run.objects.get(request=request)


def outdate_the_check(stage: Stage) -> None:
    """Let so much time pass that no start goes by the check of an approval."""
    stage.time += recent_check.FRESH


def verbs(of: MigrationRequest | Run) -> list[str]:
    """Return the verbs of the audit trail about a request, oldest first."""
    number = of.request_id if isinstance(of, Run) else of.pk
    return list(
        AuditEntry.objects.filter(request_number=number)
        .exclude(verb__in=COMMANDS)
        .order_by("id")
        .values_list("verb", flat=True)
    )


def last_entry(verb: str) -> AuditEntry:
    """Return the one entry of that verb; there must be exactly one."""
    return AuditEntry.objects.get(verb=verb)


def expect_rest(run: Run, state: RunState, *words: str) -> None:
    """The run has come to rest in that state, and all that people see agrees."""
    run.refresh_from_db()
    run.request.refresh_from_db()
    assert run.state == state, run.why
    for each in words:
        assert each in run.why
    assert run.why == "" or run.why.rstrip("”").endswith(".")
    over = state is not RunState.HELD
    assert run.request.state == REQUEST_STATE_OF_RUN[state]
    assert run.request.why == run.why
    assert (run.request.open_instance is None) == over
    assert (run.ended_at is not None) == over
    assert (run.request.ended_at is not None) == over
    assert (run.lease, run.look_again_at) == ("", None)
    assert verbs(run)[-1] == f"run.{state}"


def walk_until(stage: Stage, run: Run, *, asked: str) -> datetime:
    """Walk until the step was asked of Nova; return when that was."""
    for _ in range(100):
        row = run.steps.filter(key=asked, asked_at__isnull=False).first()
        if row is not None:
            assert row.asked_at is not None
            return row.asked_at
        stage.later(seconds=1)
        stage.walk(run)
    raise AssertionError(f"{asked} was never asked")


@pytest.fixture
def stage(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A pretend cloud with one instance, found by all who look for the cloud.

    Its clock is everybody's, and leases lapse by nothing else.
    """
    settings.NOVAWEB_LEASE = 600.0
    made = Stage()
    monkeypatch.setattr(connect, "_cloud", lambda name: made.cloud)
    monkeypatch.setattr(timezone, "now", made.clock)
    return made


@pytest.fixture
def cast(db: None) -> Cast:
    """People of every role."""
    return Cast()
