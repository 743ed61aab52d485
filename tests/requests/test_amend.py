"""Changing a request: a new plan, approved by others than who changed it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User

from migrations_app.errors import NotAllowed, TooLate, Unfit
from migrations_app.models import MigrationRequest
from migrations_app.models.states import RequestState
from migrations_app.requests import amend as request_amend
from migrations_app.requests import start as request_start
from tests.cast import Cast, last_entry, verbs
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def amend(
    request: MigrationRequest, by: User, note: str = "Better so.", **changes: Any
) -> MigrationRequest:
    request.refresh_from_db()
    return request_amend.amend(
        request.pk,
        by=by,
        plan_digest=request.plan_digest,
        note=note,
        changes=changes,
    )


def test_it_gets_a_new_plan_and_its_approvals_are_void(
    stage: Stage, cast: Cast
) -> None:
    stage.cloud.add_host("compute-35", zone="OS1")
    request = cast.approved(stage)
    before = request.plan_digest
    request = amend(request, cast.operator, target="compute-35", ticket="OPS-9")
    assert (request.state, request.edition) == (RequestState.REQUESTED, 2)
    assert (request.target, request.ticket) == ("compute-35", "OPS-9")
    assert request.changed_by == cast.operator
    assert "operator changed the request (target, ticket)" in request.why
    assert request_start.start_due(stage.time) == 0
    entry = last_entry("request.amended")
    assert entry.before == {"digest": before, "target": "compute-34", "ticket": ""}
    assert entry.after["target"] == "compute-35"
    assert verbs(request)[-1] == "request.amended"
    assert cast.approve(request).state == RequestState.APPROVED
    assert request_start.start_due(stage.time) == 1


def test_who_changed_it_last_cannot_approve_it(stage: Stage, cast: Cast) -> None:
    cast.operator.groups.add(Group.objects.get(name="approver"))
    request = amend(cast.ask(stage), cast.operator, reason="Another one.")
    with pytest.raises(NotAllowed, match="You edited this request"):
        cast.approve(request, by=cast.operator)


def test_a_new_reason_alone_makes_a_new_plan_too(stage: Stage, cast: Cast) -> None:
    request = amend(cast.approved(stage), cast.requester, reason="Another one.")
    assert request.state == RequestState.REQUESTED


@pytest.mark.parametrize("who", ["approver", "auditor", "nobody"])
def test_it_takes_the_asker_or_an_operator(stage: Stage, cast: Cast, who: str) -> None:
    with pytest.raises(NotAllowed):
        amend(cast.ask(stage), getattr(cast, who), reason="Mine.")


def test_another_requester_cannot(stage: Stage, cast: Cast) -> None:
    cast.nobody.groups.add(Group.objects.get(name="requester"))
    with pytest.raises(NotAllowed, match="Only the requester"):
        amend(cast.ask(stage), cast.nobody, reason="Mine.")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "no change to save"),
        ({"reason": "The host is to be emptied."}, "no change to save"),
        ({"reason": " "}, "Give a reason for the move"),
        ({"target": "compute-30"}, "compute-30"),
        ({"options": {"colour": "red"}}, "no option"),
        ({"procedure": "cold"}, "cannot be changed"),
    ],
)
def test_a_change_must_make_sense(
    stage: Stage, cast: Cast, changes: dict[str, Any], words: str
) -> None:
    request = cast.ask(stage)
    with pytest.raises(Unfit, match=words):
        amend(request, cast.requester, **changes)
    assert verbs(request) == ["request.asked"]


def test_it_needs_a_note(stage: Stage, cast: Cast) -> None:
    with pytest.raises(Unfit, match="Give a reason for the change"):
        amend(cast.ask(stage), cast.requester, note="", reason="Another.")


def test_a_change_of_what_somebody_else_has_changed_is_refused(
    stage: Stage, cast: Cast
) -> None:
    request = cast.ask(stage)
    seen = request.plan_digest
    amend(request, cast.operator, reason="Another.")
    with pytest.raises(TooLate, match="has changed since you opened it"):
        request_amend.amend(
            request.pk,
            by=cast.requester,
            plan_digest=seen,
            note="So.",
            changes={"reason": "A third one."},
        )


def test_what_runs_cannot_be_changed(stage: Stage, cast: Cast) -> None:
    run = cast.run(stage)
    with pytest.raises(TooLate, match="no longer possible"):
        amend(run.request, cast.requester, reason="Another.")


def test_a_new_window_moves_the_expiry(stage: Stage, cast: Cast) -> None:
    end = stage.time + timedelta(hours=2)
    request = amend(cast.ask(stage), cast.requester, window_end=end)
    assert request.expires_at == request.window_end == end
