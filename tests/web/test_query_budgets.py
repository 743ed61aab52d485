"""Each page asks the database as often as query_budgets.json says, whatever there is.

A page is an address that answers a GET with 200. ``--rewrite-budgets`` writes the file
anew: what has changed in it is then looked at before it is committed.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client

from migrations_app.models import MigrationRequest
from tests.stage import Stage
from tests.web.addresses import path_of, routes
from tests.web.full_site import FullSite
from tests.web.role_table import FORMS

BUDGETS = Path(__file__).with_name("query_budgets.json")
FEW, MANY = 3, 8
SLACK = 2  # so many fewer than its budget may a page ask for
HOW = "make test ARGS='tests/web/test_query_budgets.py --rewrite-budgets' writes them"
# Pages of libraries, and of programs; of the admin, our own tables only.
OF_OTHERS = re.compile(
    r"django-rq/|healthz|readyz|metrics|api/schema/"
    r"|admin/(?!migrations_app/\w+/(?:<path:object_id>/change/)?$)"
)
# A GET leads to another page, or is refused.
ELSEWHERE = (
    "favicon.ico",
    *("sign-in/", "sign-in/second-factor/", "sign-in/openid-connect/"),
    *("sign-in/openid-connect/back/", "audit/searches/<int:pk>/", "api/^"),
)
_OF_A_TRANSACTION = re.compile(r"SAVEPOINT|RELEASE|ROLLBACK|BEGIN|COMMIT")
_VALUES = re.compile(r"'[^']*'|\b\d+\b|%s(?:, %s)+")


@dataclass(frozen=True, slots=True)
class Page:
    """The status that an address answers with, and the statements that it asked."""

    status: int
    asked: list[str]

    def repeated(self) -> str:
        """Return those that differ in their values only, the most frequent first."""
        counts = Counter(_VALUES.sub("…", sql) for sql in self.asked)
        often = [f"  {n} x {sql[:400]}" for sql, n in counts.most_common(4) if n > 1]
        return "\n".join(often)


Pages = dict[str, Page]


@contextmanager
def statements() -> Iterator[list[str]]:
    """Yield the list of what the database is asked from now on."""
    found: list[str] = []

    def listen(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not _OF_A_TRANSACTION.match(sql):
            found.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(listen):
        yield found


def addresses(site: FullSite) -> dict[str, str]:
    """Return the address of each page by its route; some have words behind that."""
    numbers = {
        "requests": site.asked.pk,
        "runs": site.run.pk,
        "drains": site.drain.pk,
        "policies": site.policy.pk,
        "windows": site.window.pk,
        "webhooks": site.webhook.pk,
        "deliveries": site.delivery.pk,
        "notices": site.group.pk,
        "audit": site.entry.pk,
    }
    found = {
        route: path_of(route, numbers)
        for route in sorted(set(routes()))
        if not OF_OTHERS.match(route)
    }
    service = site.stage.cloud.service(site.stage.source).id
    uuid = site.instance.uuid
    asked = MigrationRequest.objects.order_by("pk").values_list("pk", flat=True)[:20]
    found |= {
        "services/": "services/?cloud=pretend",
        "services/<uuid:uuid>/": f"services/{service}/?cloud=pretend",
        "instances/<str:uuid>/": f"instances/{uuid}/",
        "api/instances/<uuid:uuid>/": f"api/instances/{uuid}/",
        "api/services/": "api/services/?cloud=pretend",
        "api/audit/searches/<number:pk>/": f"api/audit/searches/{site.search.pk}/",
        "requests/ask/": f"requests/ask/?instance={uuid}",
        "requests/<int:pk>/ of a run": f"requests/{site.run.request_id}/",
        "requests/<int:pk>/evidence/ of a run": (
            f"requests/{site.run.request_id}/evidence/"
        ),
        "requests/decide/": "requests/decide/"
        + "".join(f"{'&' if n else '?'}request={pk}" for n, pk in enumerate(asked)),
        "policies/ of an instance": f"policies/?instance={uuid}",
        "drains/ask/ of a host": "drains/ask/?hosts=compute-30",
        "what-if/ of a host": "what-if/?host=compute-30",
        "audit/ by words": "audit/?q=quokka",
        "search/ by words": "search/?q=web",
        "runs/<int:pk>/log/search/": f"runs/{site.run.pk}/log/search/?words=line",
    }
    return found


def opened(client: Client, path: str) -> Page:
    """Return what a GET of the address answers, and what it asks the database."""
    # what another test has left in this process must not make a page cheaper
    ContentType.objects.clear_cache()
    with statements() as asked:
        answer = client.get(f"/{path}")
        if answer.streaming and not getattr(answer, "is_async", False):
            assert answer.getvalue()
    return Page(answer.status_code, asked)


@pytest.fixture
def pages(stage: Stage, settings: Any, db: None) -> tuple[Pages, Pages]:
    """What each address answers and asks, with few rows of everything and with many."""
    site = FullSite(stage)
    client = Client()
    client.force_login(site.reader)
    found = []
    for size in (FEW, MANY):
        site.grow(size - site.size)
        settings.NOVAWEB_CLOUDS = site.clouds()
        paths = addresses(site)
        found.append({name: opened(client, path) for name, path in paths.items()})
    return found[0], found[1]


def test_each_page_keeps_to_its_budget_however_many_rows_there_are(
    pages: tuple[Pages, Pages], pytestconfig: pytest.Config
) -> None:
    few, many = pages
    closed = {n: p.status for n, p in many.items() if p.status not in (200, 405)}
    assert {n: s for n, s in closed.items() if n not in FORMS.union(ELSEWHERE)} == {}
    many = {name: page for name, page in many.items() if page.status == 200}
    loops = [
        f"{name} asks {len(few[name].asked)} times with {FEW} rows of everything and"
        f" {len(page.asked)} times with {MANY}:\n{page.repeated()}"
        for name, page in many.items()
        if len(page.asked) != len(few[name].asked)
    ]
    assert not loops, "\n".join(["A query in a loop?", *loops])
    if pytestconfig.getoption("rewrite_budgets"):
        rewrite({name: len(page.asked) for name, page in many.items()})
    budgets: dict[str, int] = json.loads(BUDGETS.read_text("utf-8"))
    wrong = [
        *(told(name, page, budgets.get(name)) for name, page in sorted(many.items())),
        *(f"{name} is no page any more." for name in budgets if name not in many),
    ]
    trouble = [sentence for sentence in wrong if sentence]
    assert not trouble, "\n".join([*trouble, HOW])


def told(name: str, page: Page, budget: int | None) -> str:
    """Return what is wrong with the page's budget, empty when nothing is."""
    asks = len(page.asked)
    if budget is None:
        return f"{name} has no budget: it asks {asks} times."
    if asks > budget:
        return f"{name} asks {asks} times, not {budget} as before:\n{page.repeated()}"
    if asks < budget - SLACK:
        return f"{name} asks {asks} times only: lower its budget of {budget}."
    return ""


def rewrite(counts: dict[str, int]) -> None:
    """Write the file anew, each page on a line."""
    text = json.dumps(dict(sorted(counts.items())), indent=2, ensure_ascii=False)
    BUDGETS.write_text(f"{text}\n", "utf-8")


@pytest.mark.parametrize(
    ("asks", "says"),
    [
        (8, "asks 8 times, not 7 as before:\n  8 x PRAGMA cache_size = …"),
        (7, ""),
        (5, ""),
        (4, "asks 4 times only: lower its budget of 7"),
    ],
)
def test_it_says_what_is_wrong_with_a_budget(asks: int, says: str) -> None:
    page = Page(200, [f"PRAGMA cache_size = {n}" for n in range(asks)])
    assert says in told("runs/", page, 7)
    assert bool(told("runs/", page, 7)) == bool(says)
    assert f"has no budget: it asks {asks} times" in told("runs/", page, None)
