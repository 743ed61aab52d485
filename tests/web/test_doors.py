"""Signing in: every door has the same lock, which guesses do not wear out."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import hashers
from django.test import Client
from django.utils import timezone

from migrations_app.access.sign_in_throttle import OF_ADDRESS, OF_NAME
from migrations_app.audit import sign_ins
from migrations_app.models import AuditEntry, RefusedSignIns
from tests import factories

pytestmark = pytest.mark.django_db
Door = Callable[[str, str], Any]


def by_page(name: str, password: str, *, address: str = "192.0.2.7") -> Any:
    form = {"username": name, "password": password}
    return Client(REMOTE_ADDR=address).post("/sign-in/", form)


def by_token(name: str, password: str, *, address: str = "192.0.2.7") -> Any:
    sent = {"username": name, "password": password}
    client = Client(REMOTE_ADDR=address)
    return client.post("/api/token/", sent, content_type="application/json")


@pytest.fixture(autouse=True)
def a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is tried here is tried at once, however slow the machine is."""
    now = timezone.now().replace(second=30)
    monkeypatch.setattr(timezone, "now", lambda: now)


DOORS = pytest.mark.parametrize("door", [by_page, by_token])


@DOORS
def test_a_door_makes_who_guesses_wait(door: Door) -> None:
    factories.person("rita", "requester")
    refused = [door("rita", f"guess {n}") for n in range(OF_NAME.free)]

    answer = door("rita", factories.PASSWORD)

    assert {each.status_code for each in refused} <= {401, 422}
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert "Try again in 5 seconds." in answer.content.decode()


@DOORS
def test_it_looks_at_no_password_of_who_has_to_wait(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.person("rita", "requester")
    for n in range(OF_NAME.free):
        door("rita", f"guess {n}")

    def looked(*words: object, **more: object) -> None:
        raise AssertionError("a password was hashed")

    monkeypatch.setattr(hashers.MD5PasswordHasher, "encode", looked)
    monkeypatch.setattr(hashers.MD5PasswordHasher, "verify", looked)

    assert door("rita", "one more").status_code == 429


def test_the_doors_count_together() -> None:
    factories.person("rita", "requester")
    for n in range(OF_NAME.free):
        (by_page if n % 2 else by_token)("rita", f"guess {n}")

    assert by_page("rita", "x").status_code == 429
    assert by_token("rita", "x").status_code == 429


def test_a_robot_is_not_kept_out_by_a_strangers_guesses() -> None:
    factories.person("robot", "requester")
    for n in range(OF_NAME.free + 3):
        by_token("robot", f"guess {n}", address="198.51.100.9")

    assert by_token("robot", factories.PASSWORD).status_code == 200


def test_no_other_code_looks_at_a_password_or_sets_one() -> None:
    """Behind the backend's back there would be a door without a lock."""
    app = Path(sign_ins.__file__).parents[1]
    found = {
        (path.relative_to(app).as_posix(), word)
        for path in app.rglob("*.py")
        for word in re.findall(
            r"\b(check_password|make_password|set_password)\(", path.read_text("utf-8")
        )
    }
    assert found == {
        ("audit/account_changes.py", "set_password"),
        ("management/commands/account.py", "set_password"),
    }


def test_the_admins_own_page_signs_nobody_in() -> None:
    factories.person("root", staff=True)
    client = Client()
    form = {"username": "root", "password": factories.PASSWORD, "next": "/admin/"}

    answer = client.post("/admin/login/?next=/admin/auth/", form)

    assert answer["Location"] == "/sign-in/?next=/admin/auth/"
    assert "_auth_user_id" not in client.session
    there = client.post("/sign-in/", {**form, "next": "/admin/auth/"})
    assert there["Location"] == "/admin/auth/"


def test_many_refusals_are_first_told_each_and_then_counted() -> None:
    for n in range(OF_ADDRESS.free + 40):
        by_token(f"name-{n}", "x")

    assert AuditEntry.objects.filter(verb="account.refused").count() == OF_ADDRESS.free
    row = RefusedSignIns.objects.get()
    assert (row.entries, row.counted) == (OF_ADDRESS.free, 40)


def test_no_crowd_of_addresses_fills_the_trail() -> None:
    for n in range(sign_ins.MOST_ENTRIES + 5):
        by_token("rita", "x", address=f"198.51.100.{n}")

    told = AuditEntry.objects.filter(verb="account.refused").count()
    assert told == sign_ins.MOST_ENTRIES
    assert RefusedSignIns.objects.get().counted == 5
