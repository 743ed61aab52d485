"""What stands around every page: signing in, headers, errors that are sentences."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import factories
from tests.web.conftest import browser_of

pytestmark = pytest.mark.django_db


def test_a_wrong_password_is_said_in_a_sentence(anonymous: Client) -> None:
    factories.person("rita", "requester")

    answer = anonymous.post("/sign-in/", {"username": "rita", "password": "wrong"})

    assert answer.status_code == 422
    assert "Name or password is wrong." in answer.content.decode()


def test_signing_in_leads_to_where_one_wanted_to_go(anonymous: Client) -> None:
    factories.person("rita", "requester")
    asked = anonymous.get("/hypervisors/")
    assert asked["Location"] == "/sign-in/?next=/hypervisors/"

    form = {"username": "rita", "password": factories.PASSWORD}
    answer = anonymous.post("/sign-in/", {**form, "next": "/hypervisors/"})

    assert answer["Location"] == "/hypervisors/"
    assert anonymous.get("/hypervisors/").status_code == 200
    assert anonymous.post("/sign-out/")["Location"] == "/sign-in/"
    assert anonymous.get("/hypervisors/").status_code == 302


def test_it_leads_nobody_to_another_site(anonymous: Client) -> None:
    factories.person("rita", "requester")
    form = {"username": "rita", "password": factories.PASSWORD}

    answer = anonymous.post("/sign-in/", {**form, "next": "https://evil.example/"})

    assert answer["Location"].startswith("/")


def test_who_has_no_role_is_told_whom_to_ask() -> None:
    answer = browser_of("nils").get("/")

    assert answer.status_code == 403
    assert "Ask an administrator of novaweb" in answer.content.decode()


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/instances/0f3a5c1e-9d2b-4c58-8a01-5b0c2f7e4d11/", "No instance 0f3a5c1e"),
        ("/hypervisors/compute-99/", "No hypervisor compute-99 is known here."),
        ("/requests/999999/", "There is no request 999999."),
        ("/runs/999999/", "There is no run 999999."),
        ("/audit/999999/", "There is no audit entry 999999."),
        (f"/runs/{10**30}/", "There is no run"),
    ],
)
def test_what_is_not_there_is_said_in_a_sentence(
    operator: Client, path: str, sentence: str
) -> None:
    answer = operator.get(path)

    assert answer.status_code == 404
    assert sentence in answer.content.decode()


def test_a_form_without_its_token_is_refused_in_a_sentence() -> None:
    client = Client(enforce_csrf_checks=True)

    answer = client.post("/sign-in/", {"username": "rita", "password": "x"})

    assert answer.status_code == 403
    assert "The form has expired" in answer.content.decode()


@pytest.mark.parametrize(
    "path",
    ["/", "/instances/", "/hypervisors/", "/requests/", "/audit/", "/runs/{run}/"],
)
def test_a_page_keeps_to_its_own_strict_policy(operator: Client, path: str) -> None:
    run = factories.run(state="held", why="Look.", lines=["One."])

    answer = operator.get(path.format(run=run.pk))
    page = answer.content.decode()

    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert not re.search(r"<[^>]* style=|<style|<[^>]* on\w+=|javascript:", page)
    assert all(" src=" in script for script in re.findall(r"<script[^>]*>", page))
    assert not re.search(r"(src|href)=\"(https?:)?//", page)


def test_it_asks_who_was_signed_out_to_sign_in_and_not_inside_a_part(
    anonymous: Client,
) -> None:
    answer = anonymous.get("/sign-in/", headers={"HX-Request": "true"})

    assert answer["HX-Refresh"] == "true"


def test_an_address_that_is_none_still_has_the_menu(operator: Client) -> None:
    answer = operator.get("/nowhere/at/all/")

    assert answer.status_code == 404
    assert 'aria-label="Main"' in answer.content.decode()


def test_who_is_not_signed_in_sees_no_menu(anonymous: Client) -> None:
    text = anonymous.get("/sign-in/").content.decode()

    assert 'aria-label="Main"' not in text
    assert "Sign out" not in text


def test_a_part_of_a_page_asks_nothing_for_what_stands_around_it(
    operator: Client,
) -> None:
    with CaptureQueriesContext(connection) as asked:
        answer = operator.get("/notices/bell/")

    assert answer.status_code == 200
    for table in ("migrationrequest", "drain", "brokenglass"):
        assert not [q for q in asked.captured_queries if f"_{table}" in q["sql"]]


def test_a_part_of_a_page_does_not_use_up_what_the_next_page_says() -> None:
    browser = browser_of("aude", "auditor")
    browser.post("/audit/searches/", {"name": "Mine", "filters": "ticket=OPS-43"})

    # the rows come anew by themselves, out of the whole page
    part = browser.get("/audit/?ticket=OPS-43", headers={"HX-Request": "true"})
    page = browser.get("/audit/?ticket=OPS-43")

    assert "is saved as" not in part.content.decode()
    assert "The search is saved as “Mine”." in page.content.decode()


def test_a_request_for_another_host_gets_no_page(client: Client) -> None:
    """Links in answers lead to the host that a request names."""
    assert client.get("/healthz", headers={"host": "localhost"}).status_code == 200
    forged = client.get("/sign-in/", headers={"host": "elsewhere.example"})
    assert forged.status_code == 400
    assert b"elsewhere.example" not in forged.content
