"""Pages of the set-up guide, and what leads there."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests import factories
from tests.stage import Stage
from tests.web.conftest import browser_of

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def admin(db: None) -> Client:
    return browser_of("root", staff=True)


def text(client: Client, path: str, **options: Any) -> str:
    answer = client.get(path, **options)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_the_page_asks_for_each_part_by_itself_and_links_to_it(admin: Client) -> None:
    page = text(admin, "/setup/")
    for part in ("/setup/site/", "/setup/clouds/pretend/", "/setup/workers/pretend/"):
        assert f'hx-get="{part}" hx-trigger="load"' in page
        assert f'href="{part}"' in page


def test_a_part_says_how_it_stands_what_to_do_and_what_it_costs(
    admin: Client,
) -> None:
    part = text(admin, "/setup/site/", headers=HTMX)
    assert "<html" not in part
    assert "Nobody has the role approver" in part
    assert "No request can be approved." in part
    assert 'href="/admin/auth/user/"' in part


def test_without_script_a_part_is_a_page(stage: Stage, admin: Client) -> None:
    factories.hypervisor(stage.source)
    cloud = text(admin, "/setup/clouds/pretend/")
    assert "<html" in cloud
    assert "Signed in as novaweb, project admin." in cloud
    assert "Nova&#x27;s database" in text(admin, "/setup/workers/pretend/")


def test_what_is_fine_says_neither_remedy_nor_cost(stage: Stage, admin: Client) -> None:
    factories.hypervisor(stage.source)
    part = text(admin, "/setup/clouds/pretend/", headers=HTMX)
    assert "What it costs" not in part
    stage.cloud.lock_out()
    part = text(admin, "/setup/clouds/pretend/", headers=HTMX)
    assert "(1 to set up)" in part
    assert "What it costs" in part


def test_a_cloud_that_is_not_configured_is_refused(admin: Client) -> None:
    answer = admin.get("/setup/clouds/other/")
    assert answer.status_code == 422
    assert "There is no cloud “other” here" in answer.content.decode()


def test_an_operator_is_told_who_may_see_it(operator: Client) -> None:
    answer = operator.get("/setup/")
    assert answer.status_code == 403
    assert "you need the account of a superuser" in answer.content.decode()


@pytest.mark.parametrize("roles", [(), ("operator",)])
def test_home_leads_there_while_no_cloud_was_read(db: None, roles: Any) -> None:
    client = browser_of("root", *roles, staff=True)
    hint = "novaweb is not set up yet."
    factories.cloud(synced_at=None)
    factories.person("anna", "approver")
    assert hint in text(client, "/")
    factories.cloud("other")
    assert hint not in text(client, "/")


def test_home_leads_an_administrator_there_while_nobody_can_approve(
    admin: Client,
) -> None:
    factories.cloud()
    assert "novaweb is not set up yet." in text(admin, "/")


def test_home_leads_nobody_else_there(operator: Client) -> None:
    factories.cloud(synced_at=None)
    assert "novaweb is not set up yet." not in text(operator, "/")
