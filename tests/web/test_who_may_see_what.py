"""Every address × method × role: the table says which status each gets."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import groupby, product

import pytest

from tests.web import roles_asked
from tests.web.addresses import routes
from tests.web.role_table_methods import FIRST, METHODS, MORE, ROLES, expected


def area(route: str) -> str:
    """Return the part of the site that the route belongs to."""
    depth = 3 if route.startswith("admin/migrations_app/") else 1
    if route.startswith("api/"):
        depth = 2
    return "/".join(route.split("/")[:depth])


AREAS = {name: list(rows) for name, rows in groupby(sorted(FIRST, key=area), key=area)}


def test_every_address_is_in_the_table_and_nothing_else_is() -> None:
    assert sorted(set(routes())) == sorted(FIRST)
    assert sorted(set(MORE) - set(FIRST)) == []


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of refusals are no news, and to tell them costs more than to refuse."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.django_db
@pytest.mark.parametrize("name", AREAS)
def test_each_role_gets_the_status_that_the_table_says(
    name: str, redis_url: str
) -> None:
    """By every method, also those that an address does not take."""
    site = roles_asked.site()
    wrong = []
    for route in AREAS[name]:
        path = site.path(route)
        for method, role in product(METHODS, ROLES):
            wanted = expected(method, route, role)
            if method == "HEAD" and 200 in wanted and role != "operator":
                continue  # the page is made as for GET: once will do
            if wanted == {405} and role not in ("anonymous", "staff"):
                continue  # refused before it is looked who asks
            got = site.status(method, path, role)
            if got not in wanted:
                wrong.append(f"{method} {route} as {role}: {got}, not {[*wanted]}")
    assert wrong == []
