"""Every address of the interface: closed to who is not signed in or has no role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

from migrations_app.api import problem_details
from tests import factories
from tests.api.conftest import Person

OPEN = {"schema/", "token/", ""}
PLACES = {
    "pk": "1",
    "host": "compute-30",
    "uuid": "0f3a5c1e-9d2b-4c58-8a01-5b0c2f7e4d11",
}
POSTS = {
    "services/0f3a5c1e-9d2b-4c58-8a01-5b0c2f7e4d11/disable/": {"operator"},
    "services/0f3a5c1e-9d2b-4c58-8a01-5b0c2f7e4d11/enable/": {"operator"},
    "sync/": {"operator"},
    "preflight/": {"requester", "operator"},
    "what-if/": {"requester", "approver", "operator", "auditor"},
    "requests/": {"requester", "operator"},
    "requests/ask-many/": {"requester", "operator"},
    "requests/approve/": {"approver"},
    "requests/reject/": {"approver"},
    "requests/withdraw/": {"requester", "operator"},
    "requests/1/approve/": {"approver"},
    "requests/1/reject/": {"approver"},
    "requests/1/withdraw/": {"requester", "operator"},
    "requests/1/amend/": {"requester", "operator"},
    "requests/1/break-glass/": {"operator"},
    "requests/1/review/": {"approver"},
    "drains/": {"operator"},
    "drains/1/approve/": {"approver"},
    "drains/1/reject/": {"approver"},
    "drains/1/withdraw/": {"requester", "operator"},
    "drains/1/pause/": {"operator"},
    "drains/1/resume/": {"operator"},
    "drains/1/cancel/": {"operator"},
    "drains/1/move-back/": {"operator"},
    "delegations/": {"approver"},
    "delegations/1/revoke/": {"requester", "approver", "operator", "auditor"},
    "audit/searches/": {"auditor", "approver", "operator"},
    "audit/sign/": {"auditor", "operator"},
    "audit/export/": {"auditor", "approver", "operator"},
    "notices/read/": {"requester", "approver", "operator", "auditor"},
    "notices/1/read/": {"requester", "approver", "operator", "auditor"},
    "notices/choices/": {"requester", "approver", "operator", "auditor"},
    "webhooks/": {"operator"},
    "webhooks/1/": {"operator"},
    "webhooks/1/rotate/": {"operator"},
    "webhooks/1/test/": {"operator"},
    "deliveries/1/again/": {"operator"},
    "windows/": {"approver", "operator"},
    "windows/import/": {"approver", "operator"},
    "windows/1/change/": {"approver", "operator"},
    "windows/1/retire/": {"approver", "operator"},
    "runs/1/stop/": {"operator"},
    "runs/1/abort/": {"operator"},
    "runs/1/force-complete/": {"operator"},
    "runs/1/look-again/": {"operator"},
    "runs/1/go-back/": {"operator"},
    "runs/1/close/": {"operator"},
}


def addresses() -> Iterator[str]:
    """Yield every address under /api/, with something in each place."""
    resolvers = get_resolver().url_patterns
    (api,) = [
        each
        for each in resolvers
        if isinstance(each, URLResolver) and str(each.pattern) == "api/"
    ]
    for pattern in api.url_patterns:
        assert isinstance(pattern, URLPattern)
        path = str(pattern.pattern)
        for name, value in PLACES.items():
            for kind in ("number", "str", "uuid"):
                path = path.replace(f"<{kind}:{name}>", value)
        yield "" if path.startswith("^") else path


CLOSED = sorted(set(addresses()) - OPEN)


def test_all_that_can_be_posted_to_is_in_the_table() -> None:
    assert set(POSTS) <= set(CLOSED)
    assert not any("<" in path for path in CLOSED)


@pytest.mark.parametrize("path", CLOSED)
def test_who_is_not_signed_in_is_told_how_to(nobody: Person, path: str) -> None:
    for answer in (nobody.get(path), nobody.post(path, {})):
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "token" in answer.detail


@pytest.mark.parametrize("path", CLOSED)
def test_who_has_no_role_is_told_whom_to_ask(stranger: Person, path: str) -> None:
    for answer in (stranger.get(path), stranger.post(path, {})):
        assert answer.status == 403
        assert "Ask an administrator of novaweb" in answer.detail


@pytest.mark.parametrize("role", ["requester", "approver", "operator", "auditor"])
@pytest.mark.parametrize("path", sorted(POSTS))
def test_each_verb_is_for_its_roles(db: None, path: str, role: str) -> None:
    person = Person(factories.person("paul", role))

    answer = person.post(path, {"nonsense": True})

    assert answer.status == (400 if role in POSTS[path] else 403)
    assert answer.detail


@pytest.mark.parametrize("path", ["audit/", "audit/1/"])
def test_the_trail_is_not_for_requesters(
    requester: Person, auditor: Person, path: str
) -> None:
    assert requester.get(path).status == 403
    assert auditor.get(path).status in (200, 404)


def test_a_mistake_of_ours_is_a_sentence_and_no_traceback(
    requester: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("migrations_app.inventory.queries.instances", broken)
    answer = requester.get("instances/")

    assert answer.status == 500
    assert "novaweb met an internal error" in answer.detail
    assert "secret" not in str(answer.json)


def test_every_address_is_in_the_documentation() -> None:
    text = (settings.BASE_DIR / "docs" / "api.md").read_text(encoding="utf-8")
    for path in CLOSED:
        path = path.replace(PLACES["uuid"], "{uuid}").replace("compute-30", "{host}")
        path = path.replace("/1/", "/{id}/")
        head, _, verb = path.rstrip("/").rpartition("/")
        in_table = f"/api/{path}`" in text or f"/api/{path}?" in text
        assert in_table or (head == "runs/{id}" and f"`{verb}`" in text), path


def test_every_kind_of_problem_is_in_the_documentation() -> None:
    text = (settings.BASE_DIR / "docs" / "api.md").read_text(encoding="utf-8")
    for _, status, kind in problem_details.KINDS:
        (row,) = [x for x in text.splitlines() if f"`urn:novaweb:{kind}`" in x]
        assert row.startswith(f"| {status} |")
