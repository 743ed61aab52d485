"""What is kept of second factors, and how a lost one is taken away."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from migrations_app.access import second_factor
from migrations_app.audit import second_factor_actions
from migrations_app.models import AuditEntry, Session
from tests import factories, one_time_codes
from tests.one_time_codes import Clock, app_of

pytestmark = pytest.mark.django_db
SECOND = "/sign-in/second-factor/"


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


def is_in(client: Client) -> bool:
    return client.get("/account/sessions/").status_code == 200


def code_of(secret: str, clock: Clock, *, later: float = 0.0) -> str:
    clock.now += later
    return one_time_codes.code(secret, at=clock.now)


def test_an_administrator_takes_a_lost_one_away(rita: str) -> None:
    user = Authenticator.objects.get().user
    there = Client()
    there.force_login(user)
    admin = Client()
    admin.force_login(factories.person("root", staff=True))

    admin.post("/admin/auth/user/", taking(user.pk))

    assert not second_factor.has_one(user.pk)
    assert not is_in(there)
    entry = AuditEntry.objects.get(verb="account.factor_removed")
    assert (entry.actor_name, entry.before["name"]) == ("root", "rita")
    assert entry.before["account"] == user.pk


def taking(pk: int, **more: str) -> dict[str, str]:
    return {"action": "take_second_factors_away", "_selected_action": str(pk), **more}


def test_an_administrator_takes_no_own_one_away_and_not_without_showing_it(
    clock: Clock,
) -> None:
    root = factories.person("root", staff=True)
    secret = app_of(root)
    rita = factories.person("rita", "requester")
    app_of(rita)
    client = Client()
    client.force_login(root)

    # a session that never showed the factor: the password is not enough either
    asked = client.post("/admin/auth/user/", taking(rita.pk))
    assert asked.status_code == 403
    assert "Show your second factor again" in asked.content.decode()
    assert second_factor.has_one(rita.pk)
    word = {"password_again": factories.PASSWORD}
    assert client.post("/admin/auth/user/", taking(rita.pk, **word)).status_code == 403
    assert second_factor.has_one(rita.pk)

    shown = {"code_again": code_of(secret, clock)}
    client.post("/admin/auth/user/", taking(rita.pk, **shown))
    assert not second_factor.has_one(rita.pk)
    client.post("/admin/auth/user/", taking(root.pk))
    assert second_factor.has_one(root.pk)


def test_staff_that_is_no_superuser_takes_none_of_staff_away(clock: Clock) -> None:
    root = factories.person("root", staff=True)
    app_of(root)
    desk = factories.person("desk")
    desk.is_staff = True
    desk.save()
    desk.user_permissions.set(
        Permission.objects.filter(codename__in=["change_user", "view_user"])
    )
    client = Client()
    client.force_login(desk)

    client.post("/admin/auth/user/", taking(root.pk))

    assert second_factor.has_one(root.pk)


def test_a_command_takes_that_of_the_last_administrator_away(clock: Clock) -> None:
    root = factories.person("root", staff=True)
    app_of(root)

    call_command("second_factor", "root", "--take-away")

    assert not second_factor.has_one(root.pk)
    entry = AuditEntry.objects.get(verb="account.factor_removed")
    assert entry.actor_name == "manage.py second_factor"
    with pytest.raises(CommandError, match="has no second factor"):
        call_command("second_factor", "root", "--take-away")
    with pytest.raises(CommandError, match="There is no account"):
        call_command("second_factor", "nobody", "--take-away")


def test_its_secrets_are_not_in_the_database(rita: str) -> None:
    row = Authenticator.objects.get()

    assert rita not in str(row.data)
    codes = second_factor_actions.make_codes(row.user)
    stored = str([each.data for each in Authenticator.objects.all()])
    assert not any(code in stored for code in codes)


def test_a_changed_secret_key_is_said_and_lets_nobody_in(
    rita: str, clock: Clock, settings: Any
) -> None:
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "another " + "0" * 50
    client = Client()
    password(client)

    answer = client.post(SECOND, {"code": code_of(rita, clock)})

    assert "novaweb's secret key has changed" in re.sub(
        "&#x27;", "'", answer.content.decode()
    )
    assert not is_in(client)
    settings.SECRET_KEY_FALLBACKS = [old]
    call_command("reseal_secrets")
    settings.SECRET_KEY_FALLBACKS = []
    assert client.post(SECOND, {"code": code_of(rita, clock)}).status_code == 302


def test_sessions_begun_by_a_password_alone_end_with_the_first_factor(
    clock: Clock,
) -> None:
    user = factories.person("rita", "requester")
    here, there = Client(), Client()
    for client in (here, there):
        password(client)
    page = here.get("/account/second-factor/app/").content.decode()
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", page)
    assert secret is not None

    answer = here.post(
        "/account/second-factor/app/",
        {"code": code_of(secret[1].replace(" ", ""), clock)},
    )

    assert (
        len(re.findall(r"<li><code>\d{4} \d{4}</code>", answer.content.decode())) == 10
    )
    assert (is_in(here), is_in(there)) == (True, False)
    assert Session.objects.filter(person=user).count() == 1
    entry = AuditEntry.objects.get(verb="account.factor_added")
    assert entry.after["second factor"] == "an app"
    assert entry.after["recovery codes"] == 10
