"""The dirty ways take two approvals, of two people, of the same plan."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from migrations_app.errors import NotAllowed, TooLate, Unfit
from migrations_app.integrations import connect
from migrations_app.models import MigrationRequest, Run
from migrations_app.models.states import RequestState, RunState
from migrations_app.requests import start as request_start
from tests import factories
from tests.cast import Cast, cast, verbs
from tests.counted_approvals import approvals_needed
from tests.crowd import Crowd

__all__ = ["cast"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def stage(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Crowd:
    """A pretend cloud with many hosts; its clock is everybody's."""
    settings.NOVAWEB_LEASE = 600.0
    made = Crowd()
    monkeypatch.setattr(connect, "_cloud", lambda name: made.cloud)
    monkeypatch.setattr(timezone, "now", made.clock)
    return made


@pytest.fixture
def asked(stage: Crowd, cast: Cast) -> MigrationRequest:
    return cast.ask(stage, procedure="cold_by_disabling")


def test_it_runs_when_two_people_have_approved(
    stage: Crowd, cast: Cast, asked: MigrationRequest
) -> None:
    assert approvals_needed(asked) == 2
    assert cast.approve(asked).state == RequestState.REQUESTED
    assert request_start.start_due(stage.time) == 0
    assert cast.approve(asked, by=cast.second).state == RequestState.APPROVED
    assert request_start.start_due(stage.time) == 1
    run = stage.play(Run.objects.get(request=asked))
    assert (run.state, run.why) == (RunState.COMPLETED, "")
    assert stage.services() == stage.before
    assert verbs(asked)[:4] == [
        *("request.asked", "request.approved", "request.approved"),
        "request.ready",
    ]


def test_nobody_approves_twice(cast: Cast, asked: MigrationRequest) -> None:
    cast.approve(asked)
    with pytest.raises(TooLate, match="already decided on this plan"):
        cast.approve(asked)
    with pytest.raises(NotAllowed):
        cast.approve(asked, by=cast.requester)
    asked.refresh_from_db()
    assert asked.state == RequestState.REQUESTED


def test_a_first_approval_is_void_when_another_host_would_be_disabled(
    stage: Crowd, cast: Cast, asked: MigrationRequest
) -> None:
    cast.approve(asked)
    stage.enable("compute-35")
    with pytest.raises(TooLate, match="plan changed"):
        cast.approve(asked, by=cast.second)
    asked.refresh_from_db()
    assert (asked.state, asked.edition) == (RequestState.REQUESTED, 2)
    assert "compute-35" in asked.plan[2]["sentence"]
    cast.approve(asked)
    assert cast.approve(asked, by=cast.second).state == RequestState.APPROVED


def test_without_a_target_it_is_not_even_asked(stage: Crowd, cast: Cast) -> None:
    with pytest.raises(Unfit, match="No target was chosen"):
        cast.ask(stage, procedure="cold_by_disabling", target=None)


def test_the_page_says_who_has_approved_and_that_one_more_must(
    cast: Cast, asked: MigrationRequest
) -> None:
    address = f"/requests/{asked.pk}/"
    first, second = Client(), Client()
    first.force_login(cast.approver)
    second.force_login(cast.second)
    said = {"plan_digest": asked.plan_digest, "note": "Fine."}

    page = first.post(f"{address}approve/", said, follow=True).content.decode()
    assert "1 more approval is needed to start." in page
    assert "1 of 2 approvals" in page
    assert "Another person must approve it" in page
    assert "Approve this plan</button>" not in page
    assert "Reject</button>" in page

    page = second.get(address).content.decode()
    assert "Approve this plan</button>" in page
    page = second.post(f"{address}approve/", said, follow=True).content.decode()
    assert "You approved this plan." in page
    assert "more approval to start" not in page
    asked.refresh_from_db()
    assert asked.state == RequestState.APPROVED


def test_the_form_says_what_it_costs(stage: Crowd, cast: Cast) -> None:
    factories.instance("web", uuid=stage.server)
    client = Client()
    client.force_login(cast.requester)
    page = client.get(f"/requests/ask/?instance={stage.server}").content.decode()
    assert 'value="cold_by_disabling"' in page
    assert "nobody in this cloud can start or move instances there" in page
    assert 'value="manual"' in page
    response = client.post(
        "/requests/ask/",
        {
            "instance": stage.server,
            "procedure": "cold_by_disabling",
            "target": stage.target,
            "reason": "The host is to be emptied.",
        },
    )
    assert response.status_code == 302
    request = MigrationRequest.objects.get()
    assert request.procedure == "cold_by_disabling"
