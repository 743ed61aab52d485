"""Sessions end by themselves, are listed to their owner, and end when one says so."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import UpdateError
from django.test import Client
from django.utils import timezone

from migrations_app.access import sessions
from migrations_app.audit import recorder
from migrations_app.audit import tokens as api_tokens
from migrations_app.models import AuditEntry, Session, TokenScope
from tests import factories

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:149.0) Gecko/20100101 Firefox/149.0"
Later = Callable[..., None]


@pytest.fixture
def later(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Later:
    """Let time pass; sessions have the ends that novaweb gives them by default."""
    settings.NOVAWEB_SESSION_IDLE, settings.NOVAWEB_SESSION_HOURS = 30.0, 12.0
    now = [timezone.now()]

    def clock() -> datetime:
        return now[0]

    def pass_by(**span: float) -> None:
        now[0] += timedelta(**span)

    monkeypatch.setattr(timezone, "now", clock)
    return pass_by


@pytest.fixture
def rita(later: Later) -> Client:
    """Somebody who has just signed in; ``later`` comes first."""
    factories.person("rita", "requester")
    return signed_in("rita")


def signed_in(name: str, **where: str) -> Client:
    client = Client(headers={"User-Agent": FIREFOX}, **where)  # type: ignore[arg-type]
    form = {"username": name, "password": factories.PASSWORD}
    assert client.post("/sign-in/", form).status_code == 302
    return client


def is_in(client: Client, **headers: str) -> bool:
    return client.get("/account/sessions/", headers=headers).status_code == 200


def test_a_session_ends_when_it_is_not_used(rita: Client, later: Later) -> None:
    later(minutes=29)
    assert is_in(rita)
    later(minutes=29)
    assert is_in(rita)

    later(minutes=31)

    assert not is_in(rita)


def test_a_session_ends_however_much_it_is_used(rita: Client, later: Later) -> None:
    for _ in range(35):
        later(minutes=20)
        assert is_in(rita)

    later(minutes=21)

    assert not is_in(rita)


@pytest.mark.parametrize(
    "headers", [{"X-Automatic": "true"}, {"Accept": "text/event-stream"}]
)
def test_what_a_page_asks_by_itself_is_no_use(
    rita: Client, later: Later, headers: dict[str, str]
) -> None:
    for _ in range(2):
        later(minutes=10)
        assert is_in(rita, **headers)

    later(minutes=11)

    assert not is_in(rita)


def test_signing_in_again_begins_a_new_time_and_another_session(
    rita: Client, later: Later
) -> None:
    first = rita.session.session_key
    later(hours=11)
    form = {"username": "rita", "password": factories.PASSWORD}
    rita.post("/sign-in/", form)

    later(minutes=29)

    assert rita.session.session_key != first
    assert is_in(rita)


def test_the_cookie_ends_with_the_browser_and_no_script_reads_it(rita: Client) -> None:
    cookie = rita.cookies["sessionid"]
    assert (cookie["max-age"], cookie["expires"]) == ("", "")
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_people_see_where_they_are_signed_in_and_no_key(rita: Client) -> None:
    elsewhere = signed_in("rita", REMOTE_ADDR="198.51.100.9")
    factories.person("otto", "operator")
    signed_in("otto", REMOTE_ADDR="203.0.113.5")

    text = rita.get("/account/sessions/").content.decode()

    assert text.count("Firefox on Linux</strong>") == 2
    assert "198.51.100.9" in text
    assert "203.0.113.5" not in text
    assert text.count("(this one)") == 1
    for client in (rita, elsewhere):
        assert str(client.session.session_key) not in text


def end(client: Client, which: str) -> Any:
    return client.post("/account/sessions/", {"which": which})


def reference_in(text: str) -> str:
    (found,) = re.findall(r'name="which" value="([0-9a-f]{32})"', text)
    return str(found)


def test_one_session_is_ended_from_another(rita: Client) -> None:
    elsewhere = signed_in("rita", REMOTE_ADDR="198.51.100.9")
    page = rita.get("/account/sessions/").content.decode()

    answer = end(rita, reference_in(page))

    assert answer.status_code == 302
    assert is_in(rita)
    assert not is_in(elsewhere)
    entry = AuditEntry.objects.get(verb="account.session_ended")
    assert recorder.sentence(entry) == "rita ended sessions elsewhere"


def test_all_others_are_ended_at_once(rita: Client) -> None:
    others = [signed_in("rita") for _ in range(3)]

    end(rita, "others")

    assert is_in(rita)
    assert not any(is_in(each) for each in others)
    assert Session.objects.count() == 1


def test_nobody_ends_what_is_somebody_elses(rita: Client) -> None:
    factories.person("otto", "operator")
    otto = signed_in("otto")

    answer = end(rita, sessions.reference(otto.session.session_key))

    assert answer.status_code == 404
    assert is_in(otto)


def test_who_ends_a_session_or_a_token_enters_the_password_again(
    rita: Client, later: Later, settings: Any
) -> None:
    settings.NOVAWEB_REAUTHENTICATE = 15.0
    elsewhere = signed_in("rita")
    token, _ = api_tokens.create(User.objects.get(username="rita"))
    later(minutes=16)

    for address in ("/account/sessions/", f"/tokens/{token.pk}/revoke/"):
        asked = rita.post(address, {"which": "others"})
        assert asked.status_code == 403
        assert "Enter your password again" in asked.content.decode()
    by_program = rita.delete(f"/api/tokens/{token.pk}/")

    assert by_program.status_code == 403
    assert "/account/confirm/" in by_program.json()["detail"]
    assert is_in(elsewhere)
    assert list(TokenScope.objects.all()) == [token]
    right = {"which": "others", "password_again": factories.PASSWORD}
    assert rita.post("/account/sessions/", right).status_code == 302
    assert not is_in(elsewhere)
    assert rita.delete(f"/api/tokens/{token.pk}/").status_code == 204


def test_the_session_in_use_is_ended_by_signing_out(rita: Client) -> None:
    answer = end(rita, sessions.reference(rita.session.session_key))

    assert answer.status_code == 422
    rita.post("/sign-out/")
    assert not Session.objects.exists()


def test_a_session_that_was_ended_is_not_written_again(rita: Client) -> None:
    """One that is written at the end of a request, while it is ended elsewhere."""
    store = rita.session
    assert SESSION_KEY in store
    Session.objects.all().delete()
    store["late"] = True

    with pytest.raises(UpdateError):
        store.save()
    assert not Session.objects.exists()


def test_sessions_that_ended_are_removed(rita: Client, later: Later) -> None:
    later(hours=13)
    factories.person("otto", "operator")
    signed_in("otto")

    assert Session.objects.get().person.username == "otto"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like"
            " Gecko) Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X)"
            " AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/604.1",
            "Safari on an iPhone",
        ),
        ("curl/8.5.0", "curl"),
        ("", "unknown program"),
        ("<b>" * 500, "unknown program"),
    ],
)
def test_a_program_is_named_in_few_words(agent: str, name: str) -> None:
    assert sessions.coarse(agent) == name
