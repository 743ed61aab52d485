"""Signing in with what one has in Keystone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client
from django.utils import timezone

from migrations_app.access.sign_in_throttle import OF_NAME
from migrations_app.integrations import connect
from migrations_app.models import AuditEntry
from tests import factories, pretend_keystone
from tests.free_port import free_port
from tests.one_time_codes import Clock, app_of
from tests.pretend_keystone import Person, PretendKeystone

pytestmark = pytest.mark.django_db
ADMIN = ("admin", "Default")
ROLES = {"admin": ["operator"], "manager": ["approver"], "reader": ["auditor"]}


def write_clouds(path: Path, url: str) -> None:
    auth = {"auth_url": url, "username": "novaweb", "password": "never sent"}
    path.write_text(yaml.safe_dump({"clouds": {"lab": {"auth": auth}}}))


@pytest.fixture(autouse=True)
def a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is tried here is tried at once, however slow the machine is."""
    now = timezone.now().replace(second=30)
    monkeypatch.setattr(timezone, "now", lambda: now)


@pytest.fixture
def clouds_yaml(tmp_path: Path, settings: Any, monkeypatch: Any) -> Iterator[Path]:
    path = tmp_path / "clouds.yaml"
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    settings.NOVAWEB_CLOUDS = ["lab"]
    settings.NOVAWEB_KEYSTONE_SIGN_IN = "lab"
    settings.NOVAWEB_KEYSTONE_ROLES = ROLES
    settings.AUTHENTICATION_BACKENDS = [
        "migrations_app.audit.keystone_sign_in.KeystoneBackend"
    ]
    connect.keystone.cache_clear()
    yield path
    connect.keystone.cache_clear()


@pytest.fixture
def keystone(clouds_yaml: Path) -> Iterator[PretendKeystone]:
    with pretend_keystone.running() as server:
        write_clouds(clouds_yaml, server.url)
        roles = {ADMIN: ["admin", "member", "reader"], ("shop", "Default"): ["admin"]}
        server.known.people["kim"] = Person("u-1", "kim's own word", roles)
        yield server


def give(client: Client, name: str = "kim", word: str = "kim's own word") -> Any:
    return client.post("/sign-in/", {"username": name, "password": word})


def by_token(name: str, word: str, **more: str) -> Any:
    sent = {"username": name, "password": word, **more}
    return Client().post("/api/token/", sent, content_type="application/json")


def roles(name: str) -> set[str]:
    return set(User.objects.get(username=name).groups.values_list("name", flat=True))


def is_in(client: Client) -> bool:
    return client.get("/account/sessions/").status_code == 200


def test_a_password_of_keystone_makes_an_account_with_the_roles_there(
    keystone: PretendKeystone,
) -> None:
    client = Client()

    assert give(client)["Location"] == "/"

    assert is_in(client)
    assert roles("kim") == {"operator", "auditor"}
    user = User.objects.get(username="kim")
    assert not (user.has_usable_password() or user.is_staff or user.is_superuser)
    entry = AuditEntry.objects.get(verb="account.created")
    assert entry.actor_name == "Keystone"


def test_its_token_is_thrown_away(keystone: PretendKeystone) -> None:
    give(Client())

    assert len(keystone.known.asked) == 1
    assert keystone.known.open_tokens == set()


def test_roles_follow_at_each_sign_in(keystone: PretendKeystone) -> None:
    give(Client())
    keystone.known.people["kim"].roles = {ADMIN: ["manager"]}

    give(Client())

    assert roles("kim") == {"approver"}


def test_who_has_no_role_that_counts_is_told(keystone: PretendKeystone) -> None:
    keystone.known.people["kim"].roles = {ADMIN: ["member"]}
    client = Client()

    answer = give(client)

    assert answer.status_code == 403
    assert "You are in no group that has a role here" in answer.content.decode()
    assert not is_in(client)
    assert not User.objects.exists()


@pytest.mark.parametrize("word", ["wrong", "KIM'S OWN WORD", "x" * 4000])
def test_a_wrong_password_is_refused_at_every_door(
    keystone: PretendKeystone, word: str
) -> None:
    client = Client()

    assert give(client, word=word).status_code == 422
    assert by_token("kim", word).status_code == 401
    assert not is_in(client)
    assert not User.objects.exists()


def test_roles_in_another_project_do_not_count(keystone: PretendKeystone) -> None:
    keystone.known.people["kim"].roles = {("shop", "Default"): ["admin"]}

    assert give(Client()).status_code == 422


def test_guesses_wait_as_those_of_any_password_do(keystone: PretendKeystone) -> None:
    for number in range(OF_NAME.free):
        give(Client(), word=f"guess {number}")
    asked = len(keystone.known.asked)

    assert give(Client()).status_code == 429
    assert len(keystone.known.asked) == asked


def test_a_name_in_another_spelling_is_the_same_name(keystone: PretendKeystone) -> None:
    # Keystone's database may take capitals, letters of full width, and accents for it
    spellings = ("kim", "KIM", "Kim", "k\u00edm", "\uff4bim", " kim ")
    for name in spellings[: OF_NAME.free]:
        give(Client(), name, "a guess")
    asked = len(keystone.known.asked)

    assert give(Client(), spellings[-1], "a guess").status_code == 429
    assert by_token(spellings[-1], "a guess").status_code == 429
    assert len(keystone.known.asked) == asked


def test_a_right_password_does_not_count_as_a_guess(keystone: PretendKeystone) -> None:
    for _ in range(OF_NAME.free + 2):
        assert give(Client()).status_code == 302


def test_an_account_here_keeps_its_own_password_which_is_not_sent_there(
    keystone: PretendKeystone,
) -> None:
    factories.person("kim", "requester")
    client = Client()

    for name in ("kim", "KIM", "kim\0"):
        assert give(client, name, "kim's own word").status_code == 422
    assert give(client, word=factories.PASSWORD)["Location"] == "/"
    assert roles("kim") == {"requester"}
    assert keystone.known.asked == []


def test_keystone_that_does_not_answer_lets_nobody_in_and_is_said(
    clouds_yaml: Path,
) -> None:
    write_clouds(clouds_yaml, f"http://127.0.0.1:{free_port()}/v3")
    for _ in range(OF_NAME.free + 2):  # nor is it a guess
        client = Client()
        answer = give(client)
        assert answer.status_code == 503
        assert "lab" in answer.content.decode()
        assert not is_in(client)

    token = by_token("kim", "kim's own word")
    assert token.status_code == 503
    assert "lab" in token.json()["detail"]


@pytest.mark.parametrize("status", [500, 503, 404])
def test_keystone_in_trouble_lets_nobody_in(
    keystone: PretendKeystone, status: int
) -> None:
    give(Client())
    keystone.known.trouble = status
    client = Client()

    assert give(client).status_code >= 400
    assert not is_in(client)
    assert roles("kim") == {"operator", "auditor"}


def test_who_has_an_account_here_signs_in_without_keystone(clouds_yaml: Path) -> None:
    factories.person("rita", "requester")
    write_clouds(clouds_yaml, f"http://127.0.0.1:{free_port()}/v3")

    assert give(Client(), "rita", factories.PASSWORD)["Location"] == "/"


def test_a_person_of_another_domain_is_somebody_else(
    keystone: PretendKeystone,
) -> None:
    keystone.known.people["kim"].domain = "guests"

    assert give(Client()).status_code == 422


def test_the_second_factor_is_asked_of_who_comes_from_there(
    keystone: PretendKeystone, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock(monkeypatch)
    give(Client())
    app_of(User.objects.get(username="kim"))
    client = Client()

    assert give(client)["Location"] == "/sign-in/second-factor/"
    assert not is_in(client)
    assert by_token("kim", "kim's own word").status_code == 401


def test_it_is_confirmed_with_the_password_there(keystone: PretendKeystone) -> None:
    client = Client()
    give(client)

    wrong = client.post("/account/confirm/", {"password_again": "wrong"})
    right = client.post("/account/confirm/", {"password_again": "kim's own word"})

    assert (wrong.status_code, right.status_code) == (403, 302)


def test_an_account_that_is_switched_off_stays_out(keystone: PretendKeystone) -> None:
    give(Client())
    User.objects.update(is_active=False)

    assert give(Client()).status_code == 403


@pytest.mark.parametrize(
    "setting, value",
    [
        ("NOVAWEB_KEYSTONE_SIGN_IN", "nowhere"),
        ("NOVAWEB_KEYSTONE_PROJECT", "admin"),
        ("NOVAWEB_KEYSTONE_ROLES", {}),
        ("NOVAWEB_KEYSTONE_ROLES", {"admin": ["king"]}),
        ("NOVAWEB_KEYSTONE_ROLES", {"admin": "operator"}),
    ],
)
def test_a_setting_that_is_not_whole_is_an_error(
    clouds_yaml: Path, settings: Any, setting: str, value: Any
) -> None:
    setattr(settings, setting, value)

    with pytest.raises(SystemCheckError, match="NOVAWEB_KEYSTONE"):
        call_command("check")
