"""What somebody has read is what they change: If-Match, and 412 if it is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from migrations_app.api import schema
from migrations_app.models import ApprovalPolicy, MigrationRequest, Webhook, Window
from migrations_app.notifications import webhooks as notification_webhooks
from migrations_app.requests.windows import actions as window_actions
from tests import factories
from tests.api.conftest import Answer, Person
from tests.api.keyed import keyed, move
from tests.cast import Cast
from tests.stage import Stage

WINDOW = {
    "name": "Night",
    "kind": "maintenance",
    "starts": "2099-01-01T22:00",
    "ends": "2099-01-02T04:00",
    "reason": "The quiet hours.",
    "unmatched": True,
}
HOOK = {"name": "Chat", "url": "https://203.0.113.7/x", "events": ["held"]}
RULE = {"stages": [{"groups": ["approver"], "approvers": 2}]}
POLICY = {"name": "Two", "weight": 7, "rule": RULE, "note": "Two of them."}


def asked(person: Person, method: str, path: str, body: Any = None, **headers: str):  # type: ignore[no-untyped-def]
    """Ask with these headers, in which _ stands for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = Client(headers={**person.headers, **named}).generic(
        method,
        f"/api/{path}",
        json.dumps(body).encode() if body is not None else b"",
        content_type="application/json",
    )
    return Answer(answer)


@pytest.fixture
def chief(db: None) -> Person:
    """Somebody who sets policies."""
    return Person(factories.person("chief", staff=True))


@pytest.fixture
def window(operator: Person) -> str:
    return f"windows/{operator.post('windows/', WINDOW).json['id']}/"


@pytest.fixture
def hook(operator: Person, settings: Any) -> str:
    settings.NOVAWEB_WEBHOOK_NETWORKS = ["203.0.113.0/24"]
    return f"webhooks/{operator.post('webhooks/', HOOK).json['id']}/"


@pytest.fixture
def policy(chief: Person) -> str:
    return f"policies/{chief.post('policies/', POLICY).json['id']}/"


def test_a_window_is_changed_only_as_it_was_read(operator: Person, window: str) -> None:
    read = operator.get(window).headers["ETag"]
    wanted = {**WINDOW, "version": 1, "reason": "Another."}

    first = asked(operator, "POST", f"{window}change/", wanted, If_Match=read)
    second = asked(operator, "POST", f"{window}change/", wanted, If_Match=read)

    assert first.status == 200
    assert first.headers["ETag"] == operator.get(window).headers["ETag"] != read
    assert second.status == 412
    assert second.json["type"] == "urn:novaweb:changed"
    assert "“Night” was changed by otto at 20" in second.detail
    assert Window.objects.get().version == 2


def test_a_window_is_retired_only_as_it_was_read(operator: Person, window: str) -> None:
    read = operator.get(window).headers["ETag"]
    note = {"note": "No more."}
    operator.post(f"{window}change/", {**WINDOW, "version": 1, "reason": "Another."})

    assert (
        asked(operator, "POST", f"{window}retire/", note, If_Match=read).status == 412
    )
    assert Window.objects.get().active
    newest = operator.get(window).headers["ETag"]
    done = asked(operator, "POST", f"{window}retire/", note, If_Match=newest)
    assert done.status == 200


def test_what_is_changed_while_it_is_looked_at_is_412_too(
    operator: Person, window: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tag was right when it was compared, and is not when the row is written."""
    read = operator.get(window).headers["ETag"]
    retire = window_actions.retire

    def later(*args: Any, **said: Any) -> Window:
        Window.objects.update(version=2, changed_by_name="anna")
        return retire(*args, **said)

    monkeypatch.setattr(window_actions, "retire", later)
    answer = asked(
        operator, "POST", f"{window}retire/", {"note": "No more."}, If_Match=read
    )

    assert answer.status == 412
    assert "by anna" in answer.detail
    assert Window.objects.get().active


Change = Callable[[Person, str, str], Answer]
CHANGES: dict[str, Change] = {
    "change": lambda who, at, tag: asked(
        who, "POST", at, {"active": False}, If_Match=tag
    ),
    "rotate": lambda who, at, tag: asked(who, "POST", f"{at}rotate/", {}, If_Match=tag),
    "remove": lambda who, at, tag: asked(who, "DELETE", at, If_Match=tag),
}


@pytest.mark.parametrize("how", CHANGES)
def test_a_webhook_is_changed_only_as_it_was_read(
    how: str, operator: Person, hook: str
) -> None:
    read = operator.get(hook).headers["ETag"]
    operator.post(hook, {"url": "https://203.0.113.7/y"})
    before = Webhook.objects.values().get()

    late = CHANGES[how](operator, hook, read)

    assert late.status == 412
    assert "“Chat” was changed by otto at 20" in late.detail
    assert Webhook.objects.values().get() == before
    newest = operator.get(hook).headers["ETag"]
    assert CHANGES[how](operator, hook, newest).status in (200, 204)


def test_a_webhook_that_novaweb_switched_off_was_changed_by_novaweb(
    operator: Person, hook: str
) -> None:
    read = operator.get(hook).headers["ETag"]
    Webhook.objects.update(active=False, off_because="Its receiver answered 410.")
    assert "changed by novaweb," in CHANGES["remove"](operator, hook, read).detail


def test_a_webhook_changed_while_it_is_looked_at_is_412_too(
    operator: Person, hook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = operator.get(hook).headers["ETag"]
    remove = notification_webhooks.remove

    def later(*args: Any, **said: Any) -> None:
        Webhook.objects.update(url="https://203.0.113.7/z")
        remove(*args, **said)

    monkeypatch.setattr(notification_webhooks, "remove", later)

    assert CHANGES["remove"](operator, hook, read).status == 412
    assert Webhook.objects.exists()


def test_a_policy_is_changed_and_retired_only_as_it_was_read(
    chief: Person, policy: str
) -> None:
    read = chief.get(policy).headers["ETag"]
    wanted = {**POLICY, "active": True, "version": 1, "weight": 8}

    first = asked(chief, "PUT", policy, wanted, If_Match=read)
    second = asked(chief, "PUT", policy, wanted, If_Match=read)
    third = asked(
        chief, "POST", f"{policy}retire/", {"version": 2, "note": "x"}, If_Match=read
    )

    assert first.status == 200
    assert (second.status, third.status) == (412, 412)
    assert "“Two” was changed by chief at 20" in second.detail
    row = ApprovalPolicy.objects.get(name="Two")
    assert (row.version, row.active) == (2, True)


def test_a_request_is_amended_and_approved_only_with_the_plan_that_was_read(
    cast: Cast, rita: Person, anna: Person, stage: Stage
) -> None:
    row = cast.ask(stage)
    at = f"requests/{row.pk}/"
    read = rita.get(at).headers["ETag"]
    change = {"plan_digest": row.plan_digest, "note": "A reason.", "reason": "Another."}

    first = asked(rita, "POST", f"{at}amend/", change, If_Match=read)
    second = asked(rita, "POST", f"{at}amend/", change, If_Match=read)
    approval = {"plan_digest": first.json["plan_digest"], "note": "Fine."}
    third = asked(anna, "POST", f"{at}approve/", approval, If_Match=read)

    assert first.status == 200
    assert first.headers["ETag"] == rita.get(at).headers["ETag"] != read
    assert (second.status, third.status) == (412, 412)
    assert f"Request {row.pk} was changed by requester at 20" in second.detail
    assert MigrationRequest.objects.get().state == "requested"
    newest = first.headers["ETag"]
    assert asked(anna, "POST", f"{at}approve/", approval, If_Match=newest).status == 200


def test_the_description_names_the_headers() -> None:
    paths = schema.schema()["paths"]
    tagged = {
        path
        for path, operations in paths.items()
        if "ETag" in str(operations.get("get", {}).get("responses"))
    }
    assert tagged == {
        f"/api/{each}/{{id}}/"
        for each in ("drains", "policies", "requests", "webhooks", "windows")
    }
    matched = {
        f"{method} {path}"
        for path, operations in paths.items()
        for method, operation in operations.items()
        if "If-Match" in {each["name"] for each in operation.get("parameters", ())}
    }
    assert matched == {
        "post /api/drains/{id}/approve/",
        "put /api/policies/{id}/",
        "post /api/policies/{id}/retire/",
        "post /api/requests/{id}/amend/",
        "post /api/requests/{id}/approve/",
        "post /api/webhooks/{id}/",
        "delete /api/webhooks/{id}/",
        "post /api/webhooks/{id}/rotate/",
        "post /api/windows/{id}/change/",
        "post /api/windows/{id}/retire/",
    }


def test_what_is_sent_twice_with_a_key_has_the_same_tag(
    rita: Person, stage: Stage
) -> None:
    first, second = (keyed(rita, "requests/", **move(stage)) for _ in range(2))
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["ETag"] == first.headers["ETag"]


@pytest.mark.parametrize("tag", ['"1"', '"0", "1"', "*"])
def test_any_of_the_tags_and_a_star_will_do(
    tag: str, operator: Person, window: str
) -> None:
    note = {"note": "No more."}
    assert asked(operator, "POST", f"{window}retire/", note, If_Match=tag).status == 200


@pytest.mark.parametrize(
    ("tag", "status"), [('W/"1"', 412), ("1", 400), ("", 400), ('"1', 400)]
)
def test_a_weak_tag_is_none_and_what_is_no_tag_is_refused(
    tag: str, status: int, operator: Person, window: str
) -> None:
    answer = asked(
        operator, "POST", f"{window}retire/", {"note": "No more."}, If_Match=tag
    )
    assert answer.status == status
    assert Window.objects.get().active


def test_without_the_header_all_is_as_before(operator: Person, hook: str) -> None:
    assert operator.delete(hook).status == 204


def test_the_description_is_written_once_and_known_by_its_tag(nobody: Person) -> None:
    schema.text.cache_clear()
    first, second = nobody.get("schema/"), nobody.get("schema/")

    assert first.json == second.json
    assert first.headers["Content-Type"] == "application/vnd.oai.openapi+json"
    assert schema.text.cache_info().misses == 1
    same = asked(nobody, "GET", "schema/", If_None_Match=first.headers["ETag"])
    assert (same.status, same.json) == (304, None)


def test_what_is_known_already_is_not_sent_again(
    operator: Person, hook: str, chief: Person, policy: str
) -> None:
    for person, at in ((operator, hook), (chief, policy)):
        tag = person.get(at).headers["ETag"]
        same = asked(person, "GET", at, If_None_Match=f"W/{tag}")
        assert (same.status, same.json, same.headers["ETag"]) == (304, None, tag)
        assert asked(person, "GET", at, If_None_Match='"other"').status == 200
    operator.post(hook, {"active": False})
    tag = operator.get(hook).headers["ETag"]
    assert asked(operator, "GET", hook, If_None_Match=tag).status == 304
