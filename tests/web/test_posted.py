"""Addresses that forms are sent to lead who opens them to the page of the form."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.stage import Stage
from tests.web.full_site import FullSite
from tests.web.role_table import FORMS
from tests.web.test_query_budgets import addresses

pytestmark = pytest.mark.django_db


@pytest.fixture
def paths(stage: Stage, settings: Any) -> tuple[Client, dict[str, str]]:
    """A person who may see every page, and the address of each form."""
    site = FullSite(stage)
    site.grow(1)
    settings.NOVAWEB_CLOUDS = site.clouds()
    client = Client()
    client.force_login(site.reader)
    found = {route: f"/{path}" for route, path in addresses(site).items()}
    return client, {route: found[route] for route in sorted(FORMS)}


def test_who_opens_where_a_form_is_sent_comes_to_a_page(
    paths: tuple[Client, dict[str, str]],
) -> None:
    client, wanted = paths
    wrong = {}
    for route, path in wanted.items():
        if route == "sign-out/":
            continue
        answer = client.get(path, follow=True)
        if answer.status_code != 200 or not answer.redirect_chain:
            wrong[route] = (answer.status_code, answer.redirect_chain)
    assert len(wanted) > 20
    assert wrong == {}


def test_to_open_where_people_sign_out_signs_nobody_out(
    paths: tuple[Client, dict[str, str]],
) -> None:
    client, _ = paths
    assert client.get("/sign-out/").url == "/"  # type: ignore[attr-defined]
    assert client.get("/").status_code == 200


def test_who_signs_in_again_in_mid_form_comes_to_its_page(
    paths: tuple[Client, dict[str, str]],
) -> None:
    client, wanted = paths
    path = wanted["requests/<int:pk>/approve/"]
    asked = Client().post(path, {"note": "Fine."})
    assert asked.url == f"/sign-in/?next={path}"  # type: ignore[attr-defined]
    assert client.get(path).url == path.removesuffix("approve/")  # type: ignore[attr-defined]
