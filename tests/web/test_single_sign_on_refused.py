"""What an answer of an OpenID provider does not do, and what is confirmed there."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client

from migrations_app.access import openid_connect
from migrations_app.web.accounts import single_sign_on
from tests.free_port import free_port
from tests.one_time_codes import Clock, app_of
from tests.openid_provider import Provider
from tests.web.at_the_provider import (
    BEGIN,
    begin,
    come_back,
    is_in,
    provider,
    served,
    sign_in,
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.server,
    # a provider for the module, and not one in each process
    pytest.mark.xdist_group("single sign-on"),
]


__all__ = ["provider", "served"]  # fixtures


def test_an_account_that_is_switched_off_stays_out(provider: Provider) -> None:
    sign_in(Client(), provider)
    User.objects.update(is_active=False)
    client = Client()

    assert sign_in(client, provider).status_code == 403
    assert not is_in(client)


def test_an_answer_for_another_browser_signs_nobody_in(provider: Provider) -> None:
    back = provider.let_in(begin(Client()), "s-1")
    stranger = Client()
    begin(stranger)

    answer = come_back(stranger, back)

    assert answer.status_code == 403
    assert "begun in another browser" in answer.content.decode()
    assert not is_in(stranger)
    assert not User.objects.exists()


def test_an_answer_counts_once(provider: Provider) -> None:
    client = Client()
    back = provider.let_in(begin(client), "s-1")
    come_back(client, back)
    client.post("/sign-out/")

    assert come_back(client, back).status_code == 403
    assert not is_in(client)


def test_a_token_for_another_question_is_refused(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client()
    back = provider.let_in(begin(client), "s-1")
    session = client.session
    (key,) = [name for name, _ in session.items() if name.startswith("_state_oidc_")]
    session[key]["data"]["nonce"] = "another"
    session.modified = True
    session.save()

    answer = come_back(client, back)

    assert answer.status_code >= 400
    assert "is not valid" in answer.content.decode()
    assert not is_in(client)


def test_who_refuses_there_is_told_and_not_signed_in(provider: Provider) -> None:
    client = Client()

    answer = come_back(client, provider.deny(begin(client)))

    assert answer.status_code == 403
    assert "did not let you in" in answer.content.decode()


def test_a_provider_that_does_not_answer_is_said(settings: Any) -> None:
    settings.NOVAWEB_OIDC_ISSUER = f"http://localhost:{free_port()}"
    settings.NOVAWEB_OIDC_CLIENT_ID = "novaweb"
    openid_connect._client_of.cache_clear()

    answer = Client().get(BEGIN)

    assert answer.status_code == 503
    assert "does not answer" in answer.content.decode()


def test_a_provider_that_calls_itself_otherwise_is_refused(
    provider: Provider, settings: Any
) -> None:
    settings.NOVAWEB_OIDC_ISSUER = provider.issuer + "/"
    openid_connect._client_of.cache_clear()

    answer = Client().get(BEGIN)

    assert answer.status_code >= 400
    assert "calls itself otherwise" in answer.content.decode()


def test_where_it_is_not_configured_there_is_no_such_page(settings: Any) -> None:
    settings.NOVAWEB_OIDC_ISSUER = ""

    for path in (BEGIN, f"{BEGIN}back/"):
        assert Client().get(path).status_code == 404
    assert "openid-connect" not in Client().get("/sign-in/").content.decode()


def test_the_second_factor_is_asked_of_who_comes_from_there(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock(monkeypatch)
    sign_in(Client(), provider)
    app_of(User.objects.get(username="olga"))
    client = Client()

    answer = sign_in(client, provider)

    assert answer["Location"] == "/sign-in/second-factor/"
    assert not is_in(client)


def test_the_sign_in_page_leads_there(provider: Provider) -> None:
    page = Client().get("/sign-in/?next=/instances/").content.decode()

    assert f'href="{BEGIN}?next=/instances/"' in page


def test_it_leads_to_no_other_site(provider: Provider) -> None:
    client = Client()

    back = provider.let_in(begin(client, next="https://elsewhere.example/"), "s-1")

    assert come_back(client, back)["Location"] == "/"


def test_who_signed_in_there_has_no_password_here(provider: Provider) -> None:
    client = Client()
    sign_in(client, provider)

    page = client.get("/account/password/")

    assert page.status_code == 403
    assert "has no password here" in page.content.decode()


def test_who_signed_in_there_confirms_there(provider: Provider) -> None:
    client = Client()
    sign_in(client, provider)
    page = client.get("/account/confirm/").content.decode()
    assert f'href="{BEGIN}?next=/account/confirm/"' in page

    url = begin(client, next="/account/sessions/")
    assert parse_qs(urlsplit(url).query)["prompt"] == ["login"]
    answer = come_back(client, provider.let_in(url, "s-1"))

    assert answer["Location"] == "/account/sessions/"
    assert "It is confirmed" in client.get("/account/sessions/").content.decode()


def test_a_provider_that_did_not_ask_again_confirms_nothing(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client()
    sign_in(client, provider)
    # as if it had been asked an hour after it last asked the person
    monkeypatch.setattr(single_sign_on, "CLOCKS", -3600)

    answer = sign_in(client, provider)

    assert answer.status_code == 403
    assert "did not ask you again" in answer.content.decode()


def test_somebody_else_there_confirms_nothing(provider: Provider) -> None:
    client = Client()
    sign_in(client, provider)
    provider.know("s-9", preferred_username="olga", groups=["ops"])

    answer = come_back(client, provider.let_in(begin(client), "s-9"))

    assert answer.status_code == 403
    assert "as somebody else" in answer.content.decode()
