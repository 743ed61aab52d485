"""Home: what waits for a person, and what there is to do for who only administers."""

from __future__ import annotations

import pytest
from django.utils import timezone

from migrations_app.models import PolicyProposal
from tests import factories
from tests.web.conftest import browser_of

pytestmark = pytest.mark.django_db


def home_of(name: str, *roles: str, staff: bool = False) -> str:
    answer = browser_of(name, *roles, staff=staff).get("/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_who_only_administers_sees_the_accounts_and_what_to_confirm() -> None:
    factories.person("rita", "requester")
    factories.person("nobody-yet")
    rule = factories.policy("Hosts of the shop").rule
    PolicyProposal.objects.create(
        name="Shop", weight=1, rule=rule, by_name="paul", active=True, at=timezone.now()
    )

    page = home_of("admin", staff=True)

    assert "paul proposed a change. It waits for you to confirm it." in page
    assert "They can sign in and do nothing: nobody-yet" in page
    assert page.count("Nobody has this role.") == 3
    assert 'href="/admin/auth/user/"' in page
    assert 'href="/policies/"' in page


def test_an_administrator_with_a_role_has_the_home_of_that_role() -> None:
    page = home_of("olga", "operator", staff=True)
    assert "Overview" in page
    assert "Accounts and roles" not in page


def test_staff_that_is_no_superuser_sees_no_accounts() -> None:
    user = factories.person("sam")
    user.is_staff = True
    user.save()
    client = browser_of("other")
    client.force_login(user)

    page = client.get("/").content.decode()

    assert "Accounts and roles" not in page
    assert "Approval policies" not in page
    assert 'href="/admin/"' in page
