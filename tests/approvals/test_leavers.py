"""What people said, requested or started counts only while they are there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User

from migrations_app.errors import NovawebError, TooLate
from migrations_app.models import Drain, MigrationRequest, Run
from migrations_app.models.states import RequestState
from migrations_app.requests import amend as request_amend
from migrations_app.requests import emergency_start
from migrations_app.requests import start as request_start
from migrations_app.requests.approvals import delegations as approval_delegations
from tests import factories
from tests.cast import Cast, verbs
from tests.drains.drain_stage import Emptying
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def switch_off(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def lose_roles(user: User) -> None:
    user.groups.clear()


LEAVING = pytest.mark.parametrize("leave", [switch_off, lose_roles])
Leave = Callable[[User], None]


def start(stage: Stage, request: MigrationRequest) -> MigrationRequest:
    request_start.start_due(stage.time)
    request.refresh_from_db()
    return request


@LEAVING
def test_an_approval_of_who_has_left_starts_nothing(
    stage: Stage, cast: Cast, leave: Leave
) -> None:
    request = cast.approved(stage)
    leave(cast.approver)
    assert start(stage, request).state == RequestState.REQUESTED
    assert "The approval by approver does not count" in request.why
    assert not Run.objects.exists()
    assert verbs(request)[-1] == "request.sent_back"
    cast.approve(request, by=cast.second)
    assert start(stage, request).state == RequestState.RUNNING


@LEAVING
def test_a_request_of_who_has_left_is_sent_back_and_not_approved(
    stage: Stage, cast: Cast, leave: Leave
) -> None:
    request = cast.approved(stage)
    leave(cast.requester)
    assert start(stage, request).state == RequestState.REQUESTED
    assert "requester requested it, and" in request.why
    with pytest.raises(TooLate, match="Withdraw it, and request it again"):
        cast.approve(request, by=cast.second)


def test_a_request_last_edited_by_who_has_left_is_sent_back(
    stage: Stage, cast: Cast
) -> None:
    request = cast.ask(stage)
    request_amend.amend(
        request.pk,
        by=cast.operator,
        plan_digest=request.plan_digest,
        note="So.",
        changes={"ticket": "OPS-1"},
    )
    cast.approve(request)
    switch_off(cast.operator)
    assert start(stage, request).state == RequestState.REQUESTED
    assert "operator edited it, and" in request.why


@LEAVING
@pytest.mark.parametrize("who", ["approver", "auditor"])
def test_an_approval_by_delegation_needs_both_of_them(
    stage: Stage, cast: Cast, leave: Leave, who: str
) -> None:
    approval_delegations.delegate(
        by=cast.approver,
        to="auditor",
        starts_at=stage.time,
        ends_at=stage.time + timedelta(hours=2),
        reason="Away.",
    )
    request = cast.approve(cast.ask(stage), by=cast.auditor)
    assert request.state == RequestState.APPROVED
    leave(getattr(cast, who))
    assert start(stage, request).state == RequestState.REQUESTED
    assert "auditor for approver does not count" in request.why


@LEAVING
@pytest.mark.parametrize("who", ["operator", "requester"])
def test_an_emergency_start_needs_its_operator_and_the_requester(
    stage: Stage, cast: Cast, leave: Leave, who: str
) -> None:
    request = cast.ask(stage)
    digest = request.plan_digest
    emergency_start.start(
        request.pk, by=cast.operator, plan_digest=digest, reason="Fire."
    )
    leave(getattr(cast, who))
    assert start(stage, request).state == RequestState.REQUESTED
    assert not Run.objects.exists()
    other = factories.person("other", "operator")
    with pytest.raises(NovawebError):
        emergency_start.start(request.pk, by=other, plan_digest=digest, reason="Fire.")
    assert start(stage, request).state == RequestState.REQUESTED


@LEAVING
def test_who_comes_back_counts_again(stage: Stage, cast: Cast, leave: Leave) -> None:
    request = cast.approved(stage)
    leave(cast.requester)
    start(stage, request)
    User.objects.filter(pk=cast.requester.pk).update(is_active=True)
    cast.requester.groups.add(*_roles("requester"))
    cast.approve(request, by=cast.second)
    assert start(stage, request).state == RequestState.RUNNING


def _roles(name: str) -> list[int]:
    return list(Group.objects.filter(name=name).values_list("pk", flat=True))


@LEAVING
@pytest.mark.parametrize("who", ["approver", "operator"])
def test_a_drain_begins_no_move_when_who_approved_or_requested_it_has_left(
    stage: Stage, cast: Cast, leave: Leave, who: str
) -> None:
    emptying = Emptying(stage, cast)
    drain = emptying.approved()
    leave(getattr(cast, who))
    emptying.look(drain)
    drain.refresh_from_db()
    assert drain.state == "requested"
    assert "approver" in drain.why or "operator" in drain.why


def test_a_running_drain_is_paused_when_who_approved_it_has_left(
    stage: Stage, cast: Cast
) -> None:
    emptying = Emptying(stage, cast)
    drain = emptying.approved()
    while not Run.objects.exists():
        emptying.look(drain)
    begun = Run.objects.count()
    switch_off(cast.approver)
    for _ in range(200):
        emptying.tick(drain)
        drain.refresh_from_db()
        if drain.state == "paused":
            break
    assert drain.state == "paused"
    assert "The approval by approver does not count" in drain.why
    assert "Cancel the drain" in drain.why
    assert Run.objects.count() == begun
    assert Drain.objects.get().moves.filter(state="approved").exists()
