"""The page of a request: what would run, and what each person may do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from django.test import Client
from django.utils import timezone

from migrations_app.models import Decision, MigrationRequest
from migrations_app.preflight import option
from migrations_app.preflight.estimate import Estimate
from migrations_app.preflight.finding import Finding
from migrations_app.preflight.harm import Harm, harm_of
from tests import factories
from tests.cast import Cast
from tests.stage import Stage
from tests.web.conftest import browser_of

pytestmark = pytest.mark.django_db


def sign_in(user: object) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    return client


def test_it_shows_the_steps_and_marks_the_point_of_no_return(
    requester: Client,
) -> None:
    request = factories.request()

    page = requester.get(f"/requests/{request.pk}/").content.decode()

    for step in request.plan:
        assert step["sentence"] in page
    assert page.count("point of no return") == 1
    assert "The instance has a config drive." in page
    assert "Nova copies it along; nothing is to be done." in page


def test_the_asker_is_told_that_somebody_else_must_decide(requester: Client) -> None:
    rita = requester.get("/").wsgi_request.user
    request = factories.request(asked_by=rita)

    page = requester.get(f"/requests/{request.pk}/").content.decode()

    assert "Approve this plan" not in page
    assert "Withdraw" in page


def test_an_earlier_approval_is_shown_as_void_with_what_changed(
    approver: Client,
) -> None:
    request = factories.request(why="The plan changed. New: it has a config drive.")
    Decision.objects.create(
        request=request,
        by_name="bert",
        approves=True,
        note="Fine.",
        plan_digest="0" * 64,
        at=timezone.now(),
    )

    page = approver.get(f"/requests/{request.pk}/").content.decode()

    assert "earlier plan, not valid" in page
    assert "0 of 1 approval" in page
    assert "New: it has a config drive." in page
    assert f'value="{request.plan_digest}"' in page


def test_approving_without_a_script_starts_the_move(stage: Stage, cast: Cast) -> None:
    request = cast.ask(stage)
    client = sign_in(cast.approver)
    page = client.get(f"/requests/{request.pk}/")
    digest = page.context["move"].plan_digest

    answer = client.post(
        f"/requests/{request.pk}/approve/",
        {"plan_digest": digest, "note": "Fine."},
        follow=True,
    )

    request.refresh_from_db()
    assert request.state == "approved"
    assert "You approved this plan." in answer.content.decode()


def test_a_note_is_needed_and_what_was_typed_is_not_lost(
    stage: Stage, cast: Cast
) -> None:
    request = cast.ask(stage)
    client = sign_in(cast.approver)

    empty = client.post(
        f"/requests/{request.pk}/approve/", {"plan_digest": request.plan_digest}
    )
    stale = client.post(
        f"/requests/{request.pk}/approve/", {"plan_digest": "0", "note": "Typed."}
    )

    assert empty.status_code == 422
    assert "Give a reason for the approval" in empty.content.decode()
    assert stale.status_code == 409
    assert "The plan has changed since you opened it" in stale.content.decode()
    assert ">Typed.</textarea>" in stale.content.decode()
    request.refresh_from_db()
    assert request.state == "requested"


def test_rejecting_and_withdrawing_work_without_a_script(
    stage: Stage, cast: Cast
) -> None:
    first = cast.ask(stage)
    sign_in(cast.approver).post(f"/requests/{first.pk}/reject/", {"note": "No."})
    first.refresh_from_db()
    assert (first.state, first.why) == ("rejected", "No.")

    second = cast.ask(stage)
    sign_in(cast.requester).post(f"/requests/{second.pk}/withdraw/", {"note": "Oh."})
    second.refresh_from_db()
    assert second.state == "withdrawn"


@pytest.fixture
def known(stage: Stage) -> MigrationRequest:
    """The stage's instance and hosts, as the inventory has read them."""
    factories.instance("web", uuid=stage.server, host=stage.source)
    factories.hypervisor(stage.source)
    factories.hypervisor(stage.target)
    return MigrationRequest()


def asked_for(stage: Stage, **fields: str) -> dict[str, str]:
    return {
        "instance": stage.server,
        "procedure": "auto",
        "target": stage.target,
        "reason": "The host is to be emptied.",
        **fields,
    }


@pytest.mark.usefixtures("known")
def test_asking_works_without_a_script(stage: Stage, cast: Cast) -> None:
    client = sign_in(cast.requester)
    form = client.get(f"/requests/ask/?instance={stage.server}").content.decode()
    assert f"{stage.target} · OS1 · free: 88 VCPU, 124 GiB, 1360 GiB" in form

    answer = client.post("/requests/ask/", asked_for(stage, ticket="OPS-1"))

    request = MigrationRequest.objects.get()
    assert answer["Location"] == f"/requests/{request.pk}/"
    assert (request.procedure, request.target) == ("live", stage.target)
    assert (request.ticket, request.state) == ("OPS-1", "requested")


@pytest.mark.usefixtures("known")
def test_checking_first_shows_the_advice_and_keeps_the_form(
    stage: Stage, cast: Cast
) -> None:
    client = sign_in(cast.requester)

    whole = client.post("/requests/preflight/", asked_for(stage)).content.decode()
    part = client.post(
        "/requests/preflight/", asked_for(stage), headers={"HX-Request": "true"}
    ).content.decode()

    assert "The host is to be emptied.</textarea>" in whole
    for page in (whole, part):
        assert f"<strong>Live</strong> to <strong>{stage.target}</strong>" in page
        assert "Live stops the guest for up to 2 s, Cold for up to" in page
    assert "<html" not in part
    assert not MigrationRequest.objects.exists()


@pytest.mark.usefixtures("known")
def test_what_is_possible_but_not_recommended_is_not_called_impossible(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def weigh(findings: Sequence[Finding], expected: Estimate) -> Harm:
        return replace(harm_of(findings, expected), breaks=True)

    monkeypatch.setattr(option, "harm_of", weigh)

    page = (
        sign_in(cast.requester)
        .post("/requests/preflight/", asked_for(stage))
        .content.decode()
    )

    assert "No move is recommended." in page
    assert "it may well leave the guest off until a person repairs it" in page
    assert "No move is possible now" not in page


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"reason": ""}, 422, "Give a reason for the move."),
        ({"procedure": "magic"}, 422, "Select a valid choice."),
        ({"target": "compute-99"}, 422, "compute-99"),
        ({"target": "compute-30"}, 422, "compute-30"),
        ({"window_start": "soon"}, 422, "Enter a valid date/time."),
        (
            {
                "window_start": "2040-01-02T00:00",
                "window_end": "2040-01-01T00:00",
            },
            422,
            "The window ends before it begins.",
        ),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_sentence_beside_the_form(
    stage: Stage, cast: Cast, fields: dict[str, str], status: int, sentence: str
) -> None:
    client = sign_in(cast.requester)

    answer = client.post("/requests/ask/", asked_for(stage, **fields))

    assert answer.status_code == status
    assert sentence in answer.content.decode()
    assert 'name="reason"' in answer.content.decode()
    assert not MigrationRequest.objects.exists()


@pytest.mark.parametrize("procedure", ["cold", "auto"])
def test_what_ended_without_a_move_is_requested_again_as_it_was(
    requester: Client, procedure: str
) -> None:
    before = factories.request(
        of=factories.instance("web-1"),
        state="rejected",
        asked_procedure=procedure,
        target="compute-31",
        reason="To empty the host.",
        ticket="CHG-7",
        options={"deadline": 12, "block_migration": True},
    )
    page = requester.get(f"/requests/{before.pk}/").content.decode()
    assert f'href="/requests/ask/?again={before.pk}"' in page

    form = requester.get(f"/requests/ask/?again={before.pk}").context["form"]

    filled = {name: form[name].value() for name in form.fields}
    assert filled["procedure"] == procedure
    assert filled["target"] == ("compute-31" if procedure == "cold" else "")
    assert filled["reason"] == "To empty the host."
    assert (filled["ticket"], filled["deadline"]) == ("CHG-7", 12)
    assert filled["block_migration"] == "yes"


@pytest.mark.parametrize(
    ("role", "state"),
    [("requester", "completed"), ("requester", "requested"), ("auditor", "rejected")],
)
def test_it_is_not_offered_again_to_others_or_what_was_moved(
    role: str, state: str
) -> None:
    before = factories.request(of=factories.instance("web-1"), state=state)
    page = browser_of("rita", role).get(f"/requests/{before.pk}/").content.decode()
    assert "Request again" not in page


@pytest.mark.parametrize("number", ["0", "x", "999999"])
def test_there_is_nothing_to_request_again_of_no_request(
    requester: Client, number: str
) -> None:
    assert requester.get(f"/requests/ask/?again={number}").status_code in (302, 404)
