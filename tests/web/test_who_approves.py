"""The page of policies says who would have to approve a move, if it were requested."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import factories
from tests.web.conftest import browser_of

pytestmark = pytest.mark.django_db


def asked(client: Client, query: str) -> str:
    answer = client.get(f"/policies/?{query}")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_it_names_the_policy_of_each_procedure(requester: Client) -> None:
    factories.policy("Shop", stages=[(3, "approver")], procedures=["live"])
    factories.instance("web-01")

    page = asked(requester, "instance=web-01&target=compute-31")

    assert "<strong>Live</strong>: 3 of approver" in page
    assert "<strong>Cold</strong>: 3 of approver" not in page
    assert "<strong>Manual</strong>:" in page
    assert ">Shop</a>)" in page


def test_an_unknown_instance_is_said_beside_the_field(requester: Client) -> None:
    page = asked(requester, "instance=no-such")

    assert "no-such" in page.partition('class="field-error"')[2][:200]
    assert "<strong>Live</strong>" not in page


def test_nothing_is_said_before_it_is_asked(requester: Client) -> None:
    page = asked(requester, "")

    assert "field-error" not in page
    assert "<strong>Live</strong>" not in page


def test_who_has_no_role_here_sees_policies_alone() -> None:
    factories.instance("web-01")

    page = asked(browser_of("root", staff=True), "")

    assert "Who would have to approve" not in page
