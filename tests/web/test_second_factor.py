"""A second factor: no door opens with the password alone to who has one."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from migrations_app.access import second_factor
from migrations_app.access.sign_in_throttle import OF_NAME
from migrations_app.audit import second_factor_actions
from migrations_app.models import AuditEntry, SignInTries
from tests import factories, one_time_codes
from tests.one_time_codes import Clock, app_of

pytestmark = pytest.mark.django_db
SECOND = "/sign-in/second-factor/"


@pytest.fixture(autouse=True)
def a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is tried here is tried at once, however slow the machine is."""
    now = timezone.now().replace(second=30)
    monkeypatch.setattr(timezone, "now", lambda: now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def rita(clock: Clock) -> str:
    """The secret of the app of rita, a requester who has one."""
    return app_of(factories.person("rita", "requester"))


def password(client: Client, name: str = "rita", **more: str) -> Any:
    form = {"username": name, "password": factories.PASSWORD, **more}
    return client.post("/sign-in/", form)


def verbs() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True))


def is_in(client: Client) -> bool:
    return client.get("/account/sessions/").status_code == 200


def code_of(secret: str, clock: Clock, *, later: float = 0.0) -> str:
    clock.now += later
    return one_time_codes.code(secret, at=clock.now)


def test_a_password_alone_leads_to_the_second_step_and_no_further(rita: str) -> None:
    client = Client()

    answer = password(client)

    assert (answer.status_code, answer["Location"]) == (302, SECOND)
    assert not is_in(client)
    assert client.get("/instances/")["Location"] == "/sign-in/?next=/instances/"
    assert "account.signed_in" not in verbs()


def test_the_right_code_signs_in_and_leads_to_the_page_that_was_asked_for(
    rita: str, clock: Clock
) -> None:
    client = Client()
    password(client, next="/instances/")
    typed = code_of(rita, clock)

    answer = client.post(SECOND, {"code": f"{typed[:3]} {typed[3:]}"})

    assert (answer.status_code, answer["Location"]) == (302, "/instances/")
    assert is_in(client)
    entry = AuditEntry.objects.get(verb="account.signed_in")
    assert entry.note == f"At {SECOND} from 127.0.0.1, with a code"


def test_it_leads_to_no_other_site(rita: str, clock: Clock) -> None:
    client = Client()
    password(client, next="https://elsewhere.example/")

    assert client.post(SECOND, {"code": code_of(rita, clock)})["Location"] == "/"


def test_a_wrong_code_signs_nobody_in_and_is_in_the_trail(rita: str) -> None:
    client = Client()
    password(client)

    answer = client.post(SECOND, {"code": "000000"})

    assert answer.status_code == 422
    assert "This code is wrong" in answer.content.decode()
    assert not is_in(client)
    assert verbs()[-1] == "account.factor_refused"
    assert AuditEntry.objects.latest("pk").actor_name == "rita"


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"code": ""},
        {"code": "\u0660" * 6},
        {"code": "abc"},
        {"code": "1" * 5000},
        {"key": "no json"},
        {"key": "[]"},
        {"key": "{}"},
        {"key": '{"id": 1, "rawId": [], "response": {"x": null}, "type": 7}'},
        {"key": "[" * 9000},
    ],
)
def test_it_refuses_whatever_is_no_factor_with_a_sentence(
    rita: str, form: dict[str, str]
) -> None:
    client = Client()
    password(client)

    answer = client.post(SECOND, form)

    assert answer.status_code == 422
    assert "field-error" in answer.content.decode()
    assert not is_in(client)


def test_a_code_counts_once_in_whichever_process(rita: str, clock: Clock) -> None:
    shown = code_of(rita, clock)
    first, second = Client(), Client()
    for client in (first, second):
        password(client)
    assert first.post(SECOND, {"code": shown}).status_code == 302

    assert second.post(SECOND, {"code": shown}).status_code == 422
    # nor does one from before it, which a clock that lags would still allow
    earlier = one_time_codes.code(rita, at=clock.now - 30)
    assert second.post(SECOND, {"code": earlier}).status_code == 422
    later = code_of(rita, clock, later=30)
    assert second.post(SECOND, {"code": later}).status_code == 302


def test_guesses_of_codes_have_to_wait_wherever_they_come_from(
    rita: str, clock: Clock
) -> None:
    for number in range(OF_NAME.free):
        client = Client(REMOTE_ADDR=f"192.0.2.{number}")
        password(client)
        assert client.post(SECOND, {"code": "000000"}).status_code == 422
    client = Client(REMOTE_ADDR="198.51.100.1")
    password(client)

    answer = client.post(SECOND, {"code": code_of(rita, clock)})

    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert not is_in(client)


def test_a_right_code_ends_the_wait_of_the_account(rita: str, clock: Clock) -> None:
    client = Client()
    password(client)
    client.post(SECOND, {"code": "000000"})
    before = SignInTries.objects.count()

    client.post(SECOND, {"code": code_of(rita, clock)})

    assert SignInTries.objects.count() == before - 1


def test_the_second_step_is_closed_to_who_did_not_take_the_first(rita: str) -> None:
    answer = Client().get(SECOND)

    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/")


@pytest.mark.parametrize("change", ["password", "off", "factor"])
def test_the_second_step_ends_when_the_account_changes_meanwhile(
    rita: str, clock: Clock, change: str
) -> None:
    client = Client()
    password(client)
    user = Authenticator.objects.get().user
    if change == "password":
        user.set_password("another long phrase")
    user.is_active = change != "off"
    user.save()
    if change == "factor":
        Authenticator.objects.all().delete()

    answer = client.post(SECOND, {"code": code_of(rita, clock)})

    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/")
    assert not is_in(client)


def test_a_recovery_code_signs_in_once(rita: str) -> None:
    user = Authenticator.objects.get().user
    codes = second_factor_actions.make_codes(user)
    first, second = Client(), Client()
    for client in (first, second):
        password(client)

    assert first.post(SECOND, {"code": codes[0]}).status_code == 302
    assert second.post(SECOND, {"code": codes[0]}).status_code == 422
    assert second.post(SECOND, {"code": codes[1]}).status_code == 302
    assert second_factor.codes_left(user.pk) == codes[2:]


def test_who_has_no_second_factor_signs_in_as_before() -> None:
    factories.person("otto", "operator")
    client = Client()

    assert password(client, "otto")["Location"] == "/"
    assert is_in(client)


def test_where_second_factors_are_off_nobody_is_asked(rita: str, settings: Any) -> None:
    settings.NOVAWEB_SECOND_FACTOR = "off"
    client = Client()

    assert password(client)["Location"] == "/"
    assert "switched off" in client.get("/account/second-factor/").content.decode()
    assert client.get("/account/second-factor/app/").status_code == 200


def by_token(**more: str) -> Any:
    sent = {"username": "rita", "password": factories.PASSWORD, **more}
    return Client().post("/api/token/", sent, content_type="application/json")


def test_the_api_gives_no_token_for_a_password_alone(rita: str) -> None:
    answer = by_token()

    assert answer.status_code == 401
    assert "send “code”, too" in answer.json()["detail"]


def test_the_api_gives_a_token_for_password_and_code(rita: str, clock: Clock) -> None:
    assert by_token(code="000000").status_code == 401
    assert by_token(code=code_of(rita, clock)).status_code == 200
    assert by_token(code=code_of(rita, clock)).status_code == 401


def test_the_api_counts_wrong_codes_with_those_of_the_page(
    rita: str, clock: Clock
) -> None:
    for _ in range(OF_NAME.free):
        by_token(code="000000")

    answer = by_token(code=code_of(rita, clock))

    assert answer.status_code == 429
    assert "Retry-After" in answer


def test_tokens_go_on_when_a_second_factor_is_set_up(clock: Clock) -> None:
    user = factories.person("rita", "requester")
    token = by_token().json()["token"]
    app_of(user)

    answer = Client().get(
        "/api/instances/", headers={"Authorization": f"Bearer {token}"}
    )

    assert answer.status_code == 200


def test_no_address_of_allauth_is_there() -> None:
    client = Client()
    client.force_login(factories.person("rita", "requester"))
    for path in ("accounts/", "accounts/login/", "accounts/signup/", "accounts/email/"):
        assert client.get(f"/{path}").status_code == 404
    for path in ("mfa/", "2fa/", "accounts/2fa/", "accounts/password/reset/"):
        assert client.get(f"/{path}").status_code == 404
