"""Rejecting: for good, with a note, while the move has not begun."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group

from migrations_app.errors import NotAllowed, TooLate, Unfit
from migrations_app.models.states import RequestState
from migrations_app.requests import actions as request_actions
from migrations_app.requests import start as request_start
from tests.cast import Cast, last_entry, verbs
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def test_it_ends_the_request(stage: Stage, cast: Cast) -> None:
    request = request_actions.reject(
        cast.ask(stage).pk, by=cast.approver, note="Not today."
    )
    assert (request.state, request.why) == (RequestState.REJECTED, "Not today.")
    assert request.open_instance is None
    assert request.ended_at is not None
    assert verbs(request) == ["request.asked", "request.rejected"]
    entry = last_entry("request.rejected")
    assert (entry.actor_name, entry.note) == ("approver", "Not today.")
    decision = request.decisions.get()
    assert (decision.by_name, decision.approves) == ("approver", False)


def test_an_approved_one_can_be_rejected_until_it_runs(
    stage: Stage, cast: Cast
) -> None:
    approved = cast.approved(stage)
    request = request_actions.reject(approved.pk, by=cast.approver, note="I was wrong.")
    assert request.state == RequestState.REJECTED
    assert request_start.start_due(stage.time) == 0


def test_a_running_one_cannot(stage: Stage, cast: Cast) -> None:
    run = cast.run(stage)
    with pytest.raises(TooLate, match="running"):
        request_actions.reject(run.request_id, by=cast.approver, note="No.")
    assert "request.rejected" not in verbs(run)


def test_nobody_rejects_their_own(stage: Stage, cast: Cast) -> None:
    cast.requester.groups.add(Group.objects.get(name="approver"))
    request = cast.ask(stage)
    with pytest.raises(NotAllowed, match="another person"):
        request_actions.reject(request.pk, by=cast.requester, note="No.")


def test_it_takes_the_role_and_a_note(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage)
    with pytest.raises(NotAllowed, match="approver"):
        request_actions.reject(request.pk, by=cast.operator, note="No.")
    with pytest.raises(Unfit, match="Give a reason"):
        request_actions.reject(request.pk, by=cast.approver, note="")
    request.refresh_from_db()
    assert request.state == RequestState.REQUESTED
    assert verbs(request) == ["request.asked"]


def test_only_one_of_two_is_in_time(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage)
    request_actions.reject(request.pk, by=cast.approver, note="No.")
    with pytest.raises(TooLate, match="rejected"):
        request_actions.reject(request.pk, by=cast.second, note="No.")
    assert verbs(request).count("request.rejected") == 1
