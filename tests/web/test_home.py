"""Home: what waits for a person, and what there is to do for who only administers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from migrations_app.models import PolicyProposal
from migrations_app.requests import overview
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


def test_it_says_how_many_stand_where_and_what_failed_lately() -> None:
    now = timezone.now()
    factories.request()
    factories.request(state="approved")
    factories.run(state="held")
    factories.request(state="completed", ended_at=now)
    factories.request(state="rolled_back", ended_at=now)
    factories.request(state="rolled_back", ended_at=now - timedelta(days=8))

    found = overview.figures(now)

    assert (found.waiting, found.approved, found.held) == (1, 1, 1)
    assert (found.running, found.moved, found.failed) == (0, 1, 1)
    page = home_of("olga", "operator")
    assert "Failed in 7 days" in page
    assert 'href="/requests/?state=held">1</a>' in page


def test_it_says_what_is_late() -> None:
    now = timezone.now()
    ago = now - timedelta(hours=1)
    factories.request(state="approved", asked_at=ago, why="A freeze is on.")
    factories.request(state="approved", asked_at=ago)  # nothing keeps it
    estimate = {"duration": [5, 60], "downtime": [0, 2], "words": "Takes 5 to 60 s."}
    asked = [factories.request(state="running", estimate=estimate) for _ in range(2)]
    slow = factories.run(of=asked[0], started_at=ago)
    factories.run(of=asked[1])
    factories.run(started_at=ago)  # without an estimate nobody can say

    sentences = [each.sentence for each in overview.late(now)]

    assert sentences == [
        "Approved and not started: A freeze is on.",
        "Runs far longer than estimated.",
    ]
    assert overview.late(now)[1].move == slow.request
    assert "A freeze is on." in home_of("olga", "operator")


def test_it_shows_capacity_and_calendar_once_and_not_each_few_seconds() -> None:
    factories.hypervisor("compute-30")
    client = browser_of("olga", "operator")

    page = client.get("/").content.decode()
    part = client.get("/", headers={"HX-Request": "true"}).content.decode()

    for words in ("1 host", "Next windows and freezes", "There is none in the next"):
        assert words in page
        assert words not in part
    assert "Waiting for approval" in part
