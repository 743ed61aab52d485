"""No account has a name that people take for another's, or for novaweb itself."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from migrations_app.access.accounts import OURS
from migrations_app.audit import external_accounts, recorder
from migrations_app.errors import NotAllowed
from tests import factories

pytestmark = pytest.mark.django_db
# the third has a Cyrillic letter, the fourth a Greek one, the fifth is there already
MISLEADING = ("novaweb", "KeyStone", "\u0430lice", "bob\u03bf", "RITA")


@pytest.fixture(autouse=True)
def rita() -> User:
    return factories.person("rita", "requester")


@pytest.mark.parametrize("name", MISLEADING)
def test_nobody_who_signs_in_elsewhere_gets_one(name: str) -> None:
    with pytest.raises(NotAllowed):
        external_accounts.settle(
            source="issuer", subject="s-1", name=name, roles=["requester"], actor="x"
        )
    assert User.objects.count() == 1


@pytest.mark.parametrize("name", MISLEADING)
def test_nobody_gets_one_by_the_command(name: str) -> None:
    with pytest.raises(CommandError):
        call_command("account", name, stdout=StringIO())
    assert User.objects.count() == 1


@pytest.mark.parametrize("name", MISLEADING)
def test_nobody_gets_one_in_the_admin(client: Client, name: str) -> None:
    client.force_login(factories.person("root", staff=True))
    words = {"password1": "a long enough phrase!", "password2": "a long enough phrase!"}
    other = factories.person("mallory")
    known = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}

    made = client.post(
        "/admin/auth/user/add/", {"username": name, "usable_password": "true", **words}
    )
    changed = client.post(
        f"/admin/auth/user/{other.pk}/change/", {"username": name, **known}
    )

    assert (made.status_code, changed.status_code) == (200, 200)  # the form again
    names = User.objects.order_by("username").values_list("username", flat=True)
    assert list(names) == ["mallory", "rita", "root"]


def test_an_account_that_has_such_a_name_can_be_changed(client: Client) -> None:
    client.force_login(factories.person("root", staff=True))
    old = factories.person("novaweb")
    group = Group.objects.get(name="requester")
    known = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}

    answer = client.post(
        f"/admin/auth/user/{old.pk}/change/",
        {"username": "novaweb", "groups": [group.pk], "is_active": "on", **known},
    )

    assert answer.status_code == 302
    assert list(old.groups.all()) == [group]


@pytest.mark.parametrize(
    "name", ["\u0440\u0438\u0442\u0430", "j\u00fcrgen", "li-\u5f20"]
)
def test_names_of_one_script_are_names(name: str) -> None:
    user = external_accounts.settle(
        source="issuer", subject="s-1", name=name, roles=["requester"], actor="x"
    )
    assert user.username == name


def test_what_novaweb_calls_itself_is_among_them() -> None:
    assert recorder.SYSTEM in OURS


@pytest.mark.parametrize("subject", ["", " ", "s\0", "s" * 256])
def test_nobody_is_made_of_whom_nothing_is_told(subject: str) -> None:
    with pytest.raises(NotAllowed, match="does not tell who you are"):
        external_accounts.settle(
            source="issuer", subject=subject, name="kim", roles=["requester"], actor="x"
        )
