"""Withdrawing: by who asked, or by an operator, while the move has not begun."""

from __future__ import annotations

import pytest

from migrations_app.errors import NotAllowed, TooLate, Unfit
from migrations_app.models.states import RequestState
from migrations_app.requests import actions as request_actions
from migrations_app.requests import start as request_start
from tests.cast import Cast, last_entry, verbs
from tests.factories import person
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("who", ["requester", "operator"])
def test_it_ends_the_request(stage: Stage, cast: Cast, who: str) -> None:
    asked = cast.ask(stage)
    request = request_actions.withdraw(
        asked.pk, by=getattr(cast, who), note="Not needed."
    )
    assert (request.state, request.why) == (RequestState.WITHDRAWN, "Not needed.")
    assert request.open_instance is None
    assert request.ended_at is not None
    assert verbs(request) == ["request.asked", "request.withdrawn"]
    assert last_entry("request.withdrawn").actor_name == who


def test_an_approved_one_does_not_start_then(stage: Stage, cast: Cast) -> None:
    request = cast.approved(stage)
    request_actions.withdraw(request.pk, by=cast.requester, note="Not needed.")
    assert request_start.start_due(stage.time) == 0


def test_a_running_one_cannot_be_withdrawn(stage: Stage, cast: Cast) -> None:
    run = cast.run(stage)
    with pytest.raises(TooLate, match="running"):
        request_actions.withdraw(run.request_id, by=cast.requester, note="Not needed.")


def test_another_requester_may_not(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage)
    other = person("other", "requester")
    with pytest.raises(NotAllowed, match="Only the requester"):
        request_actions.withdraw(request.pk, by=other, note="Not needed.")
    with pytest.raises(NotAllowed):
        request_actions.withdraw(request.pk, by=cast.approver, note="Not needed.")
    assert verbs(request) == ["request.asked"]


def test_it_needs_a_note(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage)
    with pytest.raises(Unfit, match="Give a reason"):
        request_actions.withdraw(request.pk, by=cast.requester, note=" ")
    request.refresh_from_db()
    assert request.state == RequestState.REQUESTED
