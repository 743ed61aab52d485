"""How an approved request begins to run: by itself, in its window, as approved."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from migrations_app.errors import TooLate, Unreachable
from migrations_app.models import MigrationRequest, Run
from migrations_app.models.states import RequestState, RunState
from migrations_app.requests import actions as request_actions
from migrations_app.requests import plan as request_plan
from migrations_app.requests import start as request_start
from migrations_app.runs.engine.run_writer import FIRST_WAIT
from tests.cast import Cast, outdate_the_check, verbs
from tests.counted_approvals import approvals
from tests.stage import Stage

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def start(stage: Stage, request: MigrationRequest) -> MigrationRequest:
    """Start what is due now, and return the request as it is then."""
    request_start.start_due(stage.time)
    request.refresh_from_db()
    return request


def test_it_starts_by_itself_and_moves_the_instance(stage: Stage, cast: Cast) -> None:
    run = cast.run(stage)
    assert run.request.state == RequestState.RUNNING
    assert [step.key for step in run.steps.all()] == [
        step["key"] for step in run.request.plan
    ]
    run = stage.play(run)
    assert run.state == RunState.COMPLETED
    assert stage.host == stage.target
    assert verbs(run) == [
        "request.asked",
        "request.approved",
        "request.ready",
        "run.started",
        "run.asked",
        "run.completed",
    ]


def test_what_nobody_approved_does_not_start(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage)
    stage.later(days=1)
    assert start(stage, request).state == RequestState.REQUESTED
    assert not Run.objects.exists()


def test_it_starts_once(stage: Stage, cast: Cast) -> None:
    request = cast.approved(stage)
    assert request_start.start_due(stage.time) == 1
    assert request_start.start_due(stage.time) == 0
    stage.later(minutes=1)
    assert request_start.start_due(stage.time) == 0
    assert Run.objects.count() == 1
    assert verbs(request).count("run.started") == 1


def test_a_pre_flight_that_takes_its_time_does_not_make_the_run_late(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = cast.approved(stage)
    outdate_the_check(stage)
    real = request_plan.redraft

    def slow(request: MigrationRequest) -> request_plan.Draft:
        stage.later(seconds=3)
        return real(request)

    monkeypatch.setattr(request_plan, "redraft", slow)
    request_start.start_due(stage.time)
    run = Run.objects.get(request=request)
    assert (run.started_at, run.look_again_at) == (stage.time, stage.time)
    assert run.lines.get().at == stage.time
    stage.walk(run)
    run.refresh_from_db()
    assert run.look_again_at == stage.time + timedelta(seconds=FIRST_WAIT)


def test_it_waits_for_its_window(stage: Stage, cast: Cast) -> None:
    window = {"window_start": stage.time + HOUR, "window_end": stage.time + 2 * HOUR}
    request = cast.approved(stage, **window)
    assert start(stage, request).state == RequestState.APPROVED
    stage.later(hours=1, seconds=1)
    assert start(stage, request).state == RequestState.RUNNING


def test_it_expires_when_its_window_is_over(stage: Stage, cast: Cast) -> None:
    window = {"window_start": stage.time + HOUR, "window_end": stage.time + 2 * HOUR}
    request = cast.approved(stage, **window)
    stage.later(hours=2)
    assert request_start.due_since(stage.time) == window["window_end"]
    assert start(stage, request).state == RequestState.EXPIRED
    assert "create a new one" in request.why
    assert request.open_instance is None
    assert verbs(request)[-1] == "request.expired"
    assert request_start.due_since(stage.time) is None


def test_it_expires_when_nobody_decides(
    stage: Stage, cast: Cast, settings: Any
) -> None:
    request = cast.ask(stage)
    stage.later(days=settings.NOVAWEB_REQUEST_DAYS, seconds=1)
    assert start(stage, request).state == RequestState.EXPIRED
    assert verbs(request) == ["request.asked", "request.expired"]


@pytest.mark.parametrize(
    "column, words", [("up", "is down"), ("enabled", "is disabled")]
)
def test_a_target_that_went_away_makes_the_approval_void(
    stage: Stage, cast: Cast, column: str, words: str
) -> None:
    request = cast.approved(stage)
    before = request.plan_digest
    stage.cloud.edit_host(stage.target, **{column: False})
    assert start(stage, request).state == RequestState.REQUESTED
    assert words in request.why
    assert "no longer valid" in request.why
    assert request.plan_digest != before
    assert approvals(request) == []
    assert verbs(request)[-1] == "request.voided"
    assert not Run.objects.exists()


def test_an_instance_that_was_moved_makes_the_approval_void(
    stage: Stage, cast: Cast
) -> None:
    stage.cloud.add_host("compute-35", zone="OS1")
    request = cast.approved(stage)
    stage.cloud.edit(stage.server, host="compute-35")
    assert start(stage, request).state == RequestState.REQUESTED
    assert "The instance is now on compute-35." in request.why


def test_the_approver_may_approve_again_when_all_is_as_it_was(
    stage: Stage, cast: Cast
) -> None:
    request = cast.approved(stage)
    stage.cloud.edit_host(stage.target, up=False)
    assert start(stage, request).state == RequestState.REQUESTED
    stage.cloud.edit_host(stage.target, up=True)
    with pytest.raises(TooLate):
        cast.approve(request)
    request.refresh_from_db()
    assert request.state == RequestState.REQUESTED
    cast.approve(request)
    assert start(stage, request).state == RequestState.RUNNING


def test_an_instance_that_is_gone_ends_the_request(stage: Stage, cast: Cast) -> None:
    request = cast.approved(stage)
    stage.cloud.delete(stage.server)
    assert start(stage, request).state == RequestState.EXPIRED
    assert "does not exist" in request.why
    assert request.open_instance is None


def test_it_waits_while_nova_does_not_answer(stage: Stage, cast: Cast) -> None:
    request = cast.approved(stage)
    stage.cloud.down()
    assert start(stage, request).state == RequestState.APPROVED
    assert "does not answer" in request.why
    stage.cloud.down(False)
    assert start(stage, request).state == RequestState.APPROVED, "not due yet"
    stage.later(seconds=6)
    assert start(stage, request).state == RequestState.RUNNING
    assert request.why == ""


def test_it_waits_while_not_all_can_be_checked(stage: Stage, cast: Cast) -> None:
    request = cast.approved(stage)
    outdate_the_check(stage)
    stage.cloud.fail("hypervisors", Unreachable("Nova answered 500."))
    assert start(stage, request).state == RequestState.APPROVED
    assert "Nova answered 500." in request.why
    stage.later(seconds=6)
    assert start(stage, request).state == RequestState.RUNNING


def test_it_waits_while_our_password_is_wrong(stage: Stage, cast: Cast) -> None:
    request = cast.approved(stage)
    stage.cloud.lock_out()
    assert start(stage, request).state == RequestState.APPROVED
    assert "credentials" in request.why


def test_it_waits_while_its_cloud_is_not_configured(
    stage: Stage, cast: Cast, settings: Any
) -> None:
    request = cast.approved(stage)
    settings.NOVAWEB_CLOUDS = ["other"]
    assert start(stage, request).state == RequestState.APPROVED
    assert "Configured: other" in request.why


def test_one_that_stumbles_does_not_keep_the_others_from_starting(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = cast.approved(stage)
    second = stage.cloud.create("second", host=stage.source)
    good = cast.approved(stage, instance=second)
    outdate_the_check(stage)
    real = request_plan.redraft

    def redraft(request: MigrationRequest) -> request_plan.Draft:
        if request.pk == bad.pk:
            raise ZeroDivisionError
        return real(request)

    monkeypatch.setattr(request_plan, "redraft", redraft)
    assert request_start.start_due(stage.time) == 1
    good.refresh_from_db()
    bad.refresh_from_db()
    assert good.state == RequestState.RUNNING
    assert bad.state == RequestState.APPROVED
    assert "internal error (ZeroDivisionError)" in bad.why


def test_it_does_not_start_what_was_withdrawn_meanwhile(
    stage: Stage, cast: Cast
) -> None:
    request = cast.approved(stage)
    drawn = request_plan.redraft(request)
    request_actions.withdraw(request.pk, by=cast.requester, note="Not needed.")
    assert not request_start.begin(request, drawn, stage.time)
    assert not Run.objects.exists()
