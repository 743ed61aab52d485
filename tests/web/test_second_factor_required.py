"""Who must have a second factor, and has none, sets one up before anything else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client

from migrations_app.access import second_factor
from migrations_app.audit import tokens as api_tokens
from migrations_app.models import AuditEntry, MigrationRequest
from tests import factories, one_time_codes
from tests.cast import Cast
from tests.one_time_codes import Clock, app_of
from tests.stage import Stage

pytestmark = pytest.mark.django_db
PAGE = "/account/second-factor/"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture(autouse=True)
def required(settings: Any) -> Any:
    settings.NOVAWEB_SECOND_FACTOR = "required"
    return settings


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("role", ["approver", "operator"])
def test_who_decides_is_led_to_set_one_up(role: str) -> None:
    client = signed_in(factories.person("anna", role))

    for path in ("/", "/instances/", "/tokens/", "/account/sessions/"):
        answer = client.get(path)
        assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert "You must have a second factor." in client.get(PAGE).content.decode()
    assert client.get("/account/password/").status_code == 200
    assert client.post("/sign-out/")["Location"] == "/sign-in/"


def test_staff_is_led_there_from_the_admin_too() -> None:
    client = signed_in(factories.person("root", staff=True))

    for path in ("/admin/", "/admin/auth/user/", "/django-rq/"):
        assert client.get(path)["Location"] == PAGE


def test_a_part_of_a_page_leads_the_whole_page_there() -> None:
    client = signed_in(factories.person("anna", "approver"))

    answer = client.get("/instances/", headers={"HX-Request": "true"})

    assert answer["HX-Redirect"] == PAGE


def test_who_does_not_decide_need_not_unless_all_must(required: Any) -> None:
    client = signed_in(factories.person("rita", "requester"))
    assert client.get("/instances/").status_code == 200

    required.NOVAWEB_SECOND_FACTOR = "required-of-all"

    assert client.get("/instances/")["Location"] == PAGE


def test_who_has_set_one_up_goes_on(clock: Clock) -> None:
    client = signed_in(factories.person("anna", "approver"))
    text = client.get(f"{PAGE}app/").content.decode()
    found = re.search(r"<code>([A-Z2-7 ]+)</code>", text)
    assert found is not None
    code = one_time_codes.code(found[1].replace(" ", ""), at=clock.now)

    assert client.post(f"{PAGE}app/", {"code": code}).status_code == 200

    assert client.get("/instances/").status_code == 200


def test_the_last_one_is_kept_by_who_must_have_one(clock: Clock) -> None:
    user = factories.person("anna", "approver")
    secret = app_of(user)
    client = signed_in(user)
    row = second_factor.of(user.pk).get()
    code = one_time_codes.code(secret, at=clock.now)

    answer = client.post(PAGE, {"remove": str(row.pk), "code_again": code})

    assert answer.status_code == 403
    assert "set up another one" in answer.content.decode()
    assert second_factor.has_one(user.pk)


def test_who_need_not_have_one_removes_it_with_its_recovery_codes(
    clock: Clock,
) -> None:
    user = factories.person("rita", "requester")
    secret = app_of(user)
    client = signed_in(user)
    (row,) = second_factor.of(user.pk)
    code = one_time_codes.code(secret, at=clock.now)
    made = client.post(PAGE, {"codes": "new", "code_again": code})
    assert len(re.findall(r"<li><code>", made.content.decode())) == 10

    client.post(PAGE, {"remove": str(row.pk)})

    assert not second_factor.of(user.pk).exists()
    verbs = AuditEntry.objects.filter(actor_name="rita").values_list("verb", flat=True)
    assert {"account.codes_made", "account.factor_removed"} <= set(verbs)


def test_the_password_does_not_remove_it_from_a_session_that_was_left_open(
    clock: Clock,
) -> None:
    user = factories.person("rita", "requester")
    app_of(user)
    client = signed_in(user)
    row = second_factor.of(user.pk).get()
    word = {"password_again": factories.PASSWORD}

    for sent in ({"remove": str(row.pk)}, {"remove": str(row.pk), **word}):
        assert client.post(PAGE, sent).status_code == 403
    for path in (f"{PAGE}app/", f"{PAGE}key/"):
        assert "Show your second factor again" in client.get(path).content.decode()

    assert second_factor.has_one(user.pk)


def test_nobody_removes_that_of_somebody_else(clock: Clock) -> None:
    rita = factories.person("rita", "requester")
    app_of(rita)
    row = second_factor.of(rita.pk).get()

    answer = signed_in(factories.person("mallory", "requester")).post(
        PAGE, {"remove": str(row.pk)}
    )

    assert answer.status_code == 404
    assert second_factor.has_one(rita.pk)


def test_the_api_gives_no_token_to_who_lacks_one() -> None:
    factories.person("anna", "approver")
    sent = {"username": "anna", "password": factories.PASSWORD}

    answer = Client().post("/api/token/", sent, content_type="application/json")

    assert answer.status_code == 401
    assert "must have a second factor" in answer.json()["detail"]


def test_the_api_refuses_the_session_of_who_lacks_one() -> None:
    answer = signed_in(factories.person("anna", "approver")).get("/api/instances/")

    assert answer.status_code == 403
    assert "must have a second factor" in answer.json()["detail"]


def test_a_token_decides_nothing_for_who_lacks_one(
    cast: Cast, stage: Stage, clock: Clock
) -> None:
    request: MigrationRequest = cast.ask(stage)
    _, secret = api_tokens.create(cast.approver, scope="decide")
    headers = {"Authorization": f"Bearer {secret}"}
    where, sent = f"/api/requests/{request.pk}/", {"plan_digest": request.plan_digest}
    assert Client().get(where, headers=headers).status_code == 200

    def approve() -> Any:
        return Client().post(
            f"{where}approve/", sent, content_type="application/json", headers=headers
        )

    assert "must have a second factor" in approve().json()["detail"]
    app_of(cast.approver)
    assert "second factor" not in approve().content.decode()


def test_a_setting_that_says_something_else_is_an_error(settings: Any) -> None:
    settings.NOVAWEB_SECOND_FACTOR = "mandatory"

    with pytest.raises(SystemCheckError, match="NOVAWEB_SECOND_FACTOR is “mandatory”"):
        call_command("check")
