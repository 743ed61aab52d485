"""Every address of the site × every role: the table says which status each gets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import pytest
from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.urls.resolvers import URLResolver

from tests import factories
from tests.audit import rows
from tests.web import role_table, role_table_staff
from tests.web.conftest import browser_of

TABLE = {**role_table.TABLE, **role_table_staff.TABLE}
UUID = "0f3a5c1e-9d2b-4c58-8a01-5b0c2f7e4d11"


_APPS = re.compile(r"\(\?P<app_label>[\w|]+\)")


def routes(
    patterns: Sequence[URLPattern | URLResolver] | None = None, before: str = ""
) -> Iterator[str]:
    """Yield the route of every address that the site answers to."""
    for each in get_resolver().url_patterns if patterns is None else patterns:
        # the admin names its apps in the order in which they were imported
        route = before + _APPS.sub("(?P<app_label>APP)", str(each.pattern))
        if isinstance(each, URLPattern):
            yield route
        else:
            yield from routes(each.url_patterns, route)


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


def path_of(route: str, numbers: Mapping[str, int]) -> str:
    """Return an address that the route means, of something that there is."""
    subject = route.removeprefix("api/").split("/")[0]
    places = {
        "pk": str(numbers.get(subject, 1)),
        "host": "compute-30",
        "uuid": UUID,
        "verb": "stop",
        "kind": "host",
        "content_type_id": "0",
    }
    if route.startswith("admin/"):
        places |= dict.fromkeys(("id", "object_id"), first_of(route))
    spelled = role_table_staff.SPELLED.get(route, route)
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda it: places.get(it[1], "1"), spelled)


def first_of(route: str) -> str:
    """Return the key of a row that the admin's page is about; 1 when there is none."""
    app, _, model = route.removeprefix("admin/").partition("/")
    try:
        kind = apps.get_model(app, model.partition("/")[0])
    except LookupError:
        return "1"
    key = kind._default_manager.order_by("pk").values_list("pk", flat=True).first()
    return str(key or 1)


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
