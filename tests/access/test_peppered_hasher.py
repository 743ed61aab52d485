"""Hashes of passwords take a secret that is not in the database, and can be changed."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.hashers import (
    PBKDF2PasswordHasher,
    check_password,
    identify_hasher,
    make_password,
)
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from migrations_app.access.peppered_hasher import PepperedPBKDF2, name_of
from migrations_app.management.sign_in_checks import hashes_take_a_pepper
from novaweb import sign_in_settings
from tests import factories

OLD, NEW = "an-older-secret-" * 3, "the-newest-secret-" * 3
PLAIN, PEPPERED = (
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "migrations_app.access.peppered_hasher.PepperedPBKDF2",
)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    for hasher in (PBKDF2PasswordHasher, PepperedPBKDF2):
        monkeypatch.setattr(hasher, "iterations", 2)


@pytest.fixture
def pepper(settings: Any) -> Any:
    """Say which secrets there are, the newest first; none: hashes take none."""

    def given(newest: str, *older: str) -> None:
        settings.NOVAWEB_PASSWORD_PEPPER = newest
        settings.NOVAWEB_PASSWORD_PEPPER_FALLBACKS = list(older)
        settings.PASSWORD_HASHERS = [PEPPERED, PLAIN] if newest else [PLAIN, PEPPERED]

    return given


def hash_of(name: str) -> str:
    return User.objects.get(username=name).password


def sign_in(client: Client, password: str = factories.PASSWORD) -> bool:
    form = {"username": "rita", "password": password}
    return client.post("/sign-in/", form).status_code == 302


def test_both_hashers_are_configured() -> None:
    assert set(sign_in_settings.PASSWORD_HASHERS) == {PLAIN, PEPPERED}


def test_a_hash_opens_nothing_without_its_secret(pepper: Any) -> None:
    pepper(NEW)
    made = make_password("a password")
    assert made.startswith(f"pbkdf2_sha256_peppered${name_of(NEW)}$2$")
    assert len(made) < 128
    assert NEW not in made
    assert check_password("a password", made)
    assert not check_password("another", made)

    pepper(OLD)

    assert not check_password("a password", made)
    renamed = made.replace(name_of(NEW), name_of(OLD))
    assert not check_password("a password", renamed)
    summary = identify_hasher(made).safe_summary(made)
    assert "a password" not in str(summary)


@pytest.mark.django_db
def test_hashes_without_it_take_it_when_their_owners_sign_in(pepper: Any) -> None:
    pepper("")
    factories.person("rita", "requester")
    assert hash_of("rita").startswith("pbkdf2_sha256$")
    pepper(NEW)

    assert not sign_in(Client(), "a guess")
    assert hash_of("rita").startswith("pbkdf2_sha256$")
    client = Client()
    assert sign_in(client)

    assert identify_hasher(hash_of("rita")).algorithm == PepperedPBKDF2.algorithm
    assert client.get("/").status_code == 200


@pytest.mark.django_db
def test_it_is_changed_and_taken_back(pepper: Any) -> None:
    pepper(OLD)
    factories.person("rita", "requester")
    pepper(NEW, OLD)
    assert sign_in(Client())
    assert f"${name_of(NEW)}$" in hash_of("rita")
    pepper("", NEW)
    assert sign_in(Client())
    assert hash_of("rita").startswith("pbkdf2_sha256$")


@pytest.mark.django_db
def test_who_enters_the_password_again_stays_signed_in_though_its_hash_changes(
    pepper: Any,
) -> None:
    pepper("")
    factories.person("rita", "requester")
    client = Client()
    assert sign_in(client)
    pepper(NEW)

    client.post("/account/confirm/", {"password_again": factories.PASSWORD})

    assert identify_hasher(hash_of("rita")).algorithm == PepperedPBKDF2.algorithm
    assert client.get("/").status_code == 200


def test_one_that_can_be_guessed_is_refused_and_none_is_told(settings: Any) -> None:
    settings.NOVAWEB_PASSWORD_PEPPER = ""
    (told,) = hashes_take_a_pepper(app_configs=None)
    assert told.id == "novaweb.I001"
    for newest, older in (("short", []), (NEW, ["short"])):
        settings.NOVAWEB_PASSWORD_PEPPER = newest
        settings.NOVAWEB_PASSWORD_PEPPER_FALLBACKS = older
        with pytest.raises(Exception, match=r"novaweb\.E046"):
            call_command("check", "--tag", "novaweb")
    settings.NOVAWEB_PASSWORD_PEPPER_FALLBACKS = [OLD]
    assert hashes_take_a_pepper(app_configs=None) == []
