"""What counts is done only with a password that was entered recently."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from migrations_app.access.sign_in_throttle import OF_NAME
from migrations_app.models import MigrationRequest
from tests import factories, one_time_codes
from tests.api.conftest import Person
from tests.cast import Cast
from tests.one_time_codes import Clock, app_of
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(cast: Cast, stage: Stage, settings: Any) -> MigrationRequest:
    """A request that waits for its approval, for longer than a password counts."""
    settings.NOVAWEB_REAUTHENTICATE = 15.0
    return cast.ask(stage)


@pytest.fixture
def anna(asked: MigrationRequest, cast: Cast, stage: Stage) -> Client:
    """The approver, who signed in sixteen minutes ago."""
    client = Client()
    client.force_login(cast.approver)
    stage.later(minutes=16)
    return client


def approve(client: Client, request: MigrationRequest, **more: str) -> Any:
    form = {"plan_digest": request.plan_digest, "note": "Fine, “really”.\nYes."}
    return client.post(f"/requests/{request.pk}/approve/", {**form, **more})


def state(request: MigrationRequest) -> str:
    request.refresh_from_db()
    return request.state


def fields_in(text: str) -> dict[str, str]:
    """Return what the page keeps of what was sent."""
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', text)
    return {name: value for name, value in hidden if name != "csrfmiddlewaretoken"}


def test_an_approval_is_asked_for_with_the_password_and_loses_nothing(
    anna: Client, asked: MigrationRequest
) -> None:
    answer = approve(anna, asked)

    assert answer.status_code == 403
    assert state(asked) == "requested"
    kept = fields_in(answer.content.decode())
    assert kept["plan_digest"] == asked.plan_digest
    assert "“really”" in kept["note"]
    then = approve(anna, asked, password_again=factories.PASSWORD)
    assert then.status_code == 302
    assert state(asked) == "approved"
    decision = asked.decisions.get()
    assert decision.note == "Fine, “really”.\nYes."


def test_several_are_approved_at_once_with_the_password_too(
    anna: Client, asked: MigrationRequest
) -> None:
    form = {
        "request": [asked.pk],
        f"digest-{asked.pk}": asked.plan_digest,
        "verb": "approve",
        "note": "Fine.",
    }
    answer = anna.post("/requests/decide/", form)

    assert answer.status_code == 403
    assert "Enter your password again" in answer.content.decode()
    assert f'name="digest-{asked.pk}"' in answer.content.decode()
    assert state(asked) == "requested"
    form |= {"password_again": factories.PASSWORD}
    assert anna.post("/requests/decide/", form).status_code == 200
    assert state(asked) == "approved"


def test_a_wrong_password_approves_nothing_and_is_not_guessed(
    anna: Client, asked: MigrationRequest
) -> None:
    for number in range(OF_NAME.free):
        answer = approve(anna, asked, password_again=f"guess {number}")
        assert answer.status_code == 403
        assert "This password is wrong." in answer.content.decode()

    assert approve(anna, asked, password_again=factories.PASSWORD).status_code == 429
    assert state(asked) == "requested"


def test_it_is_not_asked_for_again_within_some_minutes(
    anna: Client, asked: MigrationRequest, stage: Stage
) -> None:
    anna.post("/account/confirm/", {"password_again": factories.PASSWORD})
    stage.later(minutes=14)

    assert approve(anna, asked).status_code == 302
    assert state(asked) == "approved"


def test_it_can_be_switched_off(
    anna: Client, asked: MigrationRequest, settings: Any
) -> None:
    settings.NOVAWEB_REAUTHENTICATE = 0.0

    assert approve(anna, asked).status_code == 302


def test_an_emergency_start_takes_it_too(
    asked: MigrationRequest, cast: Cast, stage: Stage
) -> None:
    client = Client()
    client.force_login(cast.operator)
    stage.later(minutes=16)
    form = {"plan_digest": asked.plan_digest, "note": "Now!", "number": str(asked.pk)}

    answer = client.post(f"/requests/{asked.pk}/break-glass/", form)

    assert answer.status_code == 403
    assert "Enter your password again" in answer.content.decode()
    assert state(asked) == "requested"


def test_a_drain_takes_it_too(anna: Client, asked: MigrationRequest) -> None:
    answer = anna.post("/drains/1/approve/", {"plan_digest": "x", "note": "Fine."})

    assert answer.status_code == 403
    assert "Enter your password again" in answer.content.decode()


def test_the_interface_takes_it_of_who_is_signed_in_by_a_session(
    anna: Client, asked: MigrationRequest
) -> None:
    def by_session() -> Any:
        return anna.post(
            f"/api/requests/{asked.pk}/approve/",
            {"plan_digest": asked.plan_digest, "note": "Fine."},
            content_type="application/json",
        )

    refused = by_session()
    assert refused.status_code == 403
    assert "/account/confirm/" in refused.json()["detail"]

    anna.post("/account/confirm/", {"password_again": factories.PASSWORD})
    assert by_session().status_code == 200


def test_a_token_needs_no_password(asked: MigrationRequest, cast: Cast) -> None:
    robot = Person(cast.approver, life=timedelta(days=9))

    answer = robot.post(
        f"requests/{asked.pk}/approve/", plan_digest=asked.plan_digest, note="Fine."
    )

    assert answer.status == 200


def test_who_may_not_approve_is_told_that_and_not_asked_for_a_password(
    asked: MigrationRequest, cast: Cast, stage: Stage
) -> None:
    client = Client()
    client.force_login(cast.auditor)
    stage.later(minutes=16)

    answer = approve(client, asked)

    assert answer.status_code == 403
    assert "you need the role approver" in answer.content.decode()


def test_the_time_of_the_password_is_that_of_signing_in(
    asked: MigrationRequest, cast: Cast
) -> None:
    client = Client()
    form = {"username": "approver", "password": factories.PASSWORD}
    client.post("/sign-in/", form)

    assert approve(client, asked).status_code == 302


def test_a_code_of_the_second_factor_serves_as_well(
    anna: Client, asked: MigrationRequest, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    secret = app_of(cast.approver)
    page = approve(anna, asked).content.decode()
    assert "Enter your password or a code" in page

    wrong = approve(anna, asked, code_again="000000")
    assert (wrong.status_code, state(asked)) == (403, "requested")
    approve(anna, asked, code_again=one_time_codes.code(secret, at=clock.now))

    assert state(asked) == "approved"


def test_the_password_of_who_has_a_second_factor_still_confirms_an_approval(
    anna: Client, asked: MigrationRequest, cast: Cast
) -> None:
    app_of(cast.approver)

    approve(anna, asked, password_again=factories.PASSWORD, code_again="", key_again="")

    assert state(asked) == "approved"
