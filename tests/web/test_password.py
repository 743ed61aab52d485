"""The own password: changed by its owner, and by nobody who only sits at the desk."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from migrations_app.access.permissions import person as person_of
from migrations_app.access.sign_in_throttle import OF_NAME
from migrations_app.audit import recorder
from migrations_app.models import AuditEntry, PasswordToChange
from novaweb import sign_in_settings
from tests import factories

pytestmark = pytest.mark.django_db
NEW = "a-longer-phrase-of-mine"


@pytest.fixture(autouse=True)
def a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is tried here is tried at once, however slow the machine is."""
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)


def signed_in(name: str, password: str = factories.PASSWORD) -> Client:
    client = Client()
    client.post("/sign-in/", {"username": name, "password": password})
    assert "_auth_user_id" in client.session
    return client


def change(
    client: Client, old: str = factories.PASSWORD, new: str = NEW, **more: str
) -> Any:
    form = {"old_password": old, "new_password1": new, "new_password2": new, **more}
    return client.post("/account/password/", form)


@pytest.mark.parametrize("role", ["requester", "approver", "operator", "auditor", ""])
def test_everybody_changes_their_own_password(role: str) -> None:
    factories.person("rita", *filter(None, [role]))
    client = signed_in("rita")

    answer = change(client, next="/requests/")

    assert answer["Location"] == "/requests/"
    assert "_auth_user_id" in client.session
    signed_in("rita", NEW)
    entry = AuditEntry.objects.get(verb="account.changed")
    assert recorder.sentence(entry) == "rita changed the account rita"
    assert entry.after["password"] == "changed"
    assert NEW not in str(vars(entry))


def test_the_old_password_opens_nothing_that_it_opened_before() -> None:
    user = factories.person("rita", "requester")
    elsewhere, here = signed_in("rita"), signed_in("rita")
    AuthToken.objects.create(user)

    change(here)

    assert elsewhere.get("/").status_code == 302
    assert here.get("/").status_code == 200
    assert not AuthToken.objects.exists()
    entry = AuditEntry.objects.get(verb="account.changed")
    assert entry.after["tokens revoked"] == 1
    assert entry.after["sessions ended"] == 1


def test_it_takes_the_present_password() -> None:
    factories.person("rita", "requester")

    answer = change(signed_in("rita"), old="a guess")

    assert answer.status_code == 422
    assert "Your present password is wrong." in answer.content.decode()
    signed_in("rita")


def test_who_sits_at_the_desk_cannot_guess_it() -> None:
    factories.person("rita", "requester")
    client = signed_in("rita")
    for number in range(OF_NAME.free):
        change(client, old=f"guess {number}")

    answer = change(client)

    assert answer.status_code == 422
    assert "Try again in" in answer.content.decode()
    signed_in_elsewhere = Client(REMOTE_ADDR="198.51.100.9")
    form = {"username": "rita", "password": factories.PASSWORD}
    assert signed_in_elsewhere.post("/sign-in/", form).status_code == 302


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ("elevenchars", "at least 12 characters"),
        ("314159265358979", "entirely numeric"),
        ("margherita-1", "too similar to the username"),
        ("1q2w3e4r5t6y", "too common"),
    ],
)
def test_a_password_that_is_easily_guessed_is_refused(new: str, why: str) -> None:
    factories.person("margherita", "requester")

    answer = change(signed_in("margherita"), new=new)

    assert answer.status_code == 422
    assert why in answer.content.decode()


def set_by_root(name: str) -> None:
    """Have a superuser set the password of the account to another one."""
    if not User.objects.filter(username="root").exists():
        factories.person("root", staff=True)
    user = User.objects.get(username=name)
    words = {"password1": "set-by-a-superuser", "password2": "set-by-a-superuser"}
    client = signed_in("root")
    client.post(
        f"/admin/auth/user/{user.pk}/password/", {**words, "usable_password": "true"}
    )


def test_a_password_that_somebody_else_set_must_be_changed_before_all() -> None:
    factories.person("anna", "approver")
    set_by_root("anna")
    client = Client()
    form = {"username": "anna", "password": "set-by-a-superuser"}

    there = client.post("/sign-in/", form)

    assert there["Location"] == "/account/password/"
    page = client.get("/delegations/").content.decode()
    assert "root set your password." in page
    refused = client.post("/delegations/", {})
    assert refused.status_code == 403
    assert change(client, old="set-by-a-superuser").status_code == 302
    assert not person_of(User.objects.get(username="anna")).password_set_by
    assert "set your password" not in client.get("/delegations/").content.decode()


@pytest.mark.parametrize("door", ["/sign-in/", "/api/token/"])
def test_a_password_that_somebody_else_set_opens_no_door_after_some_days(
    door: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.person("anna", "approver")
    set_by_root("anna")
    form = {"username": "anna", "password": "set-by-a-superuser"}
    kind: dict[str, Any] = {"content_type": "application/json"}
    if door == "/sign-in/":
        kind = {}
    then = timezone.now() + timedelta(hours=72)
    monkeypatch.setattr(timezone, "now", lambda: then)
    assert Client().post(door, form, **kind).status_code in (200, 302)
    later = then + timedelta(minutes=1)
    monkeypatch.setattr(timezone, "now", lambda: later)

    answer = Client().post(door, form, **kind)

    assert answer.status_code == 403
    expired = "The password that root set for you expired 72 hours later."
    assert expired in answer.content.decode()
    assert "An administrator of novaweb can set a new one" in answer.content.decode()
    entry = AuditEntry.objects.get(verb="account.refused")
    assert expired in entry.note
    wrong = Client().post(door, {**form, "password": "a guess"}, **kind)
    assert "expired" not in wrong.content.decode()
    settings.NOVAWEB_GIVEN_PASSWORD_HOURS = 0
    assert Client().post(door, form, **kind).status_code in (200, 302)


def test_who_did_not_change_it_in_time_gets_a_new_one() -> None:
    factories.person("anna", "approver")
    set_by_root("anna")
    client = signed_in("anna", "set-by-a-superuser")
    row = PasswordToChange.objects.get()
    PasswordToChange.objects.update(set_at=row.set_at - timedelta(hours=73))

    refused = change(client, old="set-by-a-superuser")

    assert "expired" in refused.content.decode()
    set_by_root("anna")
    again = signed_in("anna", "set-by-a-superuser")
    assert change(again, old="set-by-a-superuser").status_code == 302
    assert not PasswordToChange.objects.exists()


def test_ones_own_password_does_not_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    factories.person("rita", "requester")
    change(signed_in("rita"))
    later = timezone.now() + timedelta(days=4000)
    monkeypatch.setattr(timezone, "now", lambda: later)

    signed_in("rita", NEW)


def test_staff_change_their_own_password_on_the_page_of_everybody() -> None:
    root = factories.person("root", staff=True)
    client = signed_in("root")

    for address in (
        "/admin/password_change/",
        f"/admin/auth/user/{root.pk}/password/",
        # the same number, as Python reads it
        f"/admin/auth/user/0{root.pk}/password/",
        f"/admin/auth/user/+{root.pk}/password/",
        f"/admin/auth/user/%20{root.pk}/password/",
    ):
        words = {"password1": "set-without-the-old", "password2": "set-without-the-old"}
        sent = {**words, "usable_password": "true"}
        assert client.get(address)["Location"] == "/account/password/"
        assert client.post(address, sent)["Location"] == "/account/password/"
    root.refresh_from_db()
    assert root.check_password(factories.PASSWORD)


def test_an_account_that_is_switched_off_and_on_again_begins_at_the_door() -> None:
    factories.person("root", staff=True)
    user = factories.person("rita", "requester")
    AuthToken.objects.create(user)
    client, root = signed_in("rita"), signed_in("root")
    form = {
        "username": "rita",
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00",
        "groups": [group.pk for group in user.groups.all()],
    }

    root.post(f"/admin/auth/user/{user.pk}/change/", form)
    root.post(f"/admin/auth/user/{user.pk}/change/", {**form, "is_active": "on"})

    assert User.objects.get(username="rita").is_active
    assert not AuthToken.objects.exists()
    off, _ = AuditEntry.objects.filter(verb="account.changed").order_by("pk")
    assert off.after["tokens revoked"] == 1
    assert off.after["sessions ended"] == 1
    assert client.get("/").status_code == 302


@pytest.mark.parametrize(
    "new", ["wörter mit  Lücken und 🦉", "a" * 60 + "b" * 68, "only-lower-words"]
)
def test_a_password_may_be_long_but_not_endless(new: str) -> None:
    """All of it counts, whatever it is made of."""
    factories.person("rita", "requester")
    client = signed_in("rita")
    refused = change(client, new="x-" * 64 + "y")
    assert "at most 128 characters" in refused.content.decode()
    assert change(client, new=new).status_code == 302
    signed_in("rita", new)
    assert not User.objects.get().check_password(new[:-1])


def test_passwords_are_hashed_slowly_with_a_salt() -> None:
    """As production hashes them: tests have a quicker way."""
    hasher = PBKDF2PasswordHasher()
    first, second = (hasher.encode("the same", hasher.salt()) for _ in range(2))
    assert first != second
    told = hasher.decode(first)
    assert told["algorithm"] == "pbkdf2_sha256"
    assert int(told["iterations"]) >= 600_000
    assert len(str(told["salt"])) >= 22
    assert sign_in_settings.PASSWORD_HASHERS[0].endswith("PBKDF2PasswordHasher")


def test_password_stores_know_the_fields() -> None:
    factories.person("rita", "requester")
    client = signed_in("rita")
    page = client.get("/account/password/").content.decode()
    assert page.count('autocomplete="new-password"') == 2
    assert page.count('autocomplete="current-password"') == 1
    door = Client().get("/sign-in/").content.decode()
    assert 'autocomplete="current-password"' in door
    assert "onpaste" not in page + door


def test_every_page_with_a_password_can_show_it() -> None:
    factories.person("root", staff=True)
    rita = factories.person("rita", "requester")
    client, root = signed_in("rita"), signed_in("root")
    pages = {
        "/sign-in/": Client(),
        "/account/password/": client,
        "/account/confirm/": client,
        "/admin/auth/user/add/": root,
        f"/admin/auth/user/{rita.pk}/password/": root,
    }
    for address, who in pages.items():
        page = who.get(address).content.decode()
        assert 'type="password"' in page, address
        assert "accounts/show_password.js" in page, address
