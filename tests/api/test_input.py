"""Whatever is sent, the answer is a problem with a sentence; nothing has changed."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from migrations_app.models import MigrationRequest
from tests import factories
from tests.api.conftest import Person

ASKED = {
    "instance": str(uuid.uuid4()),
    "procedure": "live",
    "reason": "The host is to be emptied.",
}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b'{"instance": NaN}',
        b"[" * 100_000,
        b'{"window_start": ' + b"9" * 5000 + b"}",
    ],
    ids=["empty", "torn", "list", "null", "text", "bytes", "nan", "deep", "huge"],
)
def test_what_is_not_the_json_that_is_wanted_is_refused(
    requester: Person, body: bytes
) -> None:
    answer = requester.post("requests/", body)

    assert answer.status == 400
    assert answer.detail


def test_it_is_read_as_utf_8_whatever_the_sender_says(
    requester: Person, client: Any
) -> None:
    of = factories.run().request
    body = json.dumps({"note": "Grüße"}, ensure_ascii=False).encode()

    answer = client.generic(
        "POST",
        f"/api/requests/{of.pk}/withdraw/",
        body,
        content_type="application/json; charset=utf-16",
        headers=requester.headers,
    )

    # the note was read; it is the request that is no longer to be withdrawn
    assert answer.status_code != 400, answer.content


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("instance", 5),
        ("instance", None),
        ("instance", "x" * 101),
        ("instance", "a\x00b"),
        ("procedure", ["live"]),
        ("target", {"host": "compute-30"}),
        ("target", "\ud800"),
        ("reason", True),
        ("reason", ""),
        ("reason", "x" * 4001),
        ("ticket", "x" * 101),
        ("window_start", "tomorrow"),
        ("window_start", 0),
        ("window_end", "0001-01-01T00:00:00+14:00"),
        ("options", []),
        ("options", "auto"),
        ("targt", "compute-31"),
        ("\ud800", 1),
    ],
)
def test_a_field_that_makes_no_sense_is_named(
    requester: Person, field: str, value: Any
) -> None:
    answer = requester.post("requests/", {**ASKED, field: value})

    assert answer.status == 400
    assert answer.detail
    named = answer.json["fields"]
    assert field.encode("utf-8", "replace").decode() in named
    assert not MigrationRequest.objects.exists()


def test_a_mistyped_field_does_not_become_the_scheduler_s_choice(
    requester: Person,
) -> None:
    answer = requester.post("requests/", {**ASKED, "tagret": "compute-31"})

    assert answer.status == 400
    assert "target" in answer.json["fields"]["tagret"][0]


@pytest.mark.parametrize(
    "changes",
    [
        {"instance": "not-a-uuid"},
        {"procedure": "teleport"},
        {"options": {"deadline": 0}},
        {"options": {"deadline": 10**30}},
        {"options": {"block_migration": 1}},
        {"options": {"\ud800": 1}},
        {"window_start": "2099-01-02T00:00:00Z", "window_end": "2099-01-01T00:00:00Z"},
        {"window_end": "2001-01-01T00:00:00Z"},
        {"cloud": "atlantis"},
    ],
)
def test_what_cannot_be_asked_for_is_said_in_a_sentence(
    requester: Person, changes: dict[str, Any]
) -> None:
    answer = requester.post("requests/", {**ASKED, **changes})

    assert answer.status == 422
    assert answer.detail.endswith(".")
    assert not MigrationRequest.objects.exists()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("instances/?colour=red", "colour"),
        ("instances/?status=SLEEPING", "status"),
        ("requests/?instance=", "instance"),
        ("instances/?q=a%00b", "q"),
        ("windows/occurrences/?host=a%00b", "host"),
        ("hypervisors/compute-30/?cloud=a%00b", "cloud"),
        ("instances/?page=0", "page"),
        ("instances/?page=-1", "page"),
        ("instances/?page=last", "page"),
        ("instances/?page_size=1001", "page_size"),
        ("instances/?page_size=abc", "page_size"),
        (f"instances/?page={'9' * 5000}", "page"),
        ("hypervisors/compute-30/?host=x", "host"),
        ("snapshots/?since=yesterday", "since"),
        ("snapshots/?since=0001-01-01T00:00:00%2B14:00", "since"),
        ("snapshots/?until=9999-12-31T23:59:59-14:00", "until"),
        ("requests/?state=asleep", "state"),
        ("requests/?mine=perhaps", "mine"),
        ("runs/1/lines/?after=-1", "after"),
        ("runs/1/lines/?after=x", "after"),
        ("runs/1/lines/?after=%C2%B2", "after"),
        (f"runs/1/lines/?after={10**20}", "after"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_named(
    requester: Person, path: str, name: str
) -> None:
    answer = requester.get(path)

    assert answer.status == 400
    assert name in answer.detail
    assert list(answer.json["fields"]) == [name]


@pytest.mark.parametrize(
    "path",
    [
        "nothing/",
        "instances",
        "instances/not-a-uuid/",
        f"requests/{10**17}/",
        f"requests/{10**30}/",
        "requests/-1/",
        f"runs/{10**17}/",
        f"runs/{10**17}/lines/",
        f"audit/{10**17}/",
        "instances/?page=99",
    ],
)
def test_an_address_with_nothing_behind_it_is_a_404_in_json(
    operator: Person, path: str
) -> None:
    answer = operator.get(path)

    assert answer.status == 404
    assert answer.detail


@pytest.mark.parametrize("path", ["instances/", "requests/1/approve/", "nothing/"])
def test_a_method_that_is_not_offered_is_refused_in_json(
    approver: Person, path: str
) -> None:
    assert approver.delete(path).status in (404, 405)
    assert approver.delete(path).detail


def test_a_form_is_not_json(requester: Person, client: Any) -> None:
    answer = client.post("/api/requests/", {"instance": "x"}, headers=requester.headers)

    assert answer.status_code == 415
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_what_is_too_large_is_refused_and_not_our_mistake(
    requester: Person, client: Any
) -> None:
    answer = client.post(
        "/api/requests/",
        {"reason": "x" * 2_700_000},
        content_type="application/json",
        headers=requester.headers,
    )

    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:novaweb:too-large"


def test_an_answer_is_json_whatever_a_browser_would_like(
    requester: Person, client: Any
) -> None:
    headers = {**requester.headers, "Accept": "text/html"}

    answer = client.get("/api/instances/", headers=headers)

    assert answer.headers["Content-Type"] == "application/json"


def test_what_a_note_says_is_limited(operator: Person) -> None:
    row = factories.run()

    answer = operator.post(f"runs/{row.pk}/stop/", note="x" * 4001)

    assert answer.status == 400
    assert list(answer.json["fields"]) == ["note"]
