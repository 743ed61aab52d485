"""Every address of the site × every role: the table says which status each gets."""

from __future__ import annotations

from itertools import groupby

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client

from tests import factories
from tests.audit import rows
from tests.web import role_table, role_table_staff
from tests.web.addresses import UUID, first_of, path_of, routes
from tests.web.conftest import browser_of

TABLE = {**role_table.TABLE, **role_table_staff.TABLE}


def area(route: str) -> str:
    """Return the part of the site that the route belongs to."""
    depth = 3 if route.startswith("admin/migrations_app/") else 1
    return "/".join(route.split("/")[:depth])


AREAS = {name: list(rows) for name, rows in groupby(sorted(TABLE, key=area), key=area)}


def sessions() -> dict[str, str]:
    """Return a cookie for each role of the table; empty for who is not signed in."""
    made = {}
    for role in role_table.ROLES[1:]:
        names = (
            [role] if role in ("requester", "approver", "operator", "auditor") else []
        )
        client = browser_of(role, *names, staff=role == "staff")
        made[role] = client.cookies[settings.SESSION_COOKIE_NAME].value
    return {"anonymous": "", **made}


def status(method: str, path: str, cookie: str) -> int:
    """Return what a person gets; nothing that the request changes stays changed."""
    client = Client(raise_request_exception=False)
    client.cookies[settings.SESSION_COOKIE_NAME] = cookie
    with transaction.atomic():
        response = client.generic(method, f"/{path}", b"")
        transaction.set_rollback(True)
    return response.status_code


def test_every_address_is_in_the_table_and_nothing_else_is() -> None:
    assert sorted(set(routes())) == sorted(TABLE)


@pytest.mark.django_db
@pytest.mark.parametrize("name", AREAS)
def test_each_role_gets_the_status_that_the_table_says(
    name: str, redis_url: str
) -> None:
    of = factories.instance(uuid=UUID)
    factories.hypervisor("compute-30")
    run = factories.run(of=factories.request(of=of, state="running"), lines=["One."])
    entry = factories.audit_entry()
    rows.saved_search(pk=entry.pk)
    numbers = {"runs": run.pk, "requests": run.request_id, "audit": entry.pk}
    numbers["policies"] = int(first_of("admin/migrations_app/approvalpolicy/"))
    cookies = sessions()

    wrong = {}
    for route in AREAS[name]:
        method, expected = TABLE[route]
        path = path_of(route, numbers)
        got = tuple(status(method, path, cookies[role]) for role in role_table.ROLES)
        if got != expected:
            wrong[route] = {"expected": expected, "got": got}

    assert wrong == {}
