"""The audit trail by the REST interface."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests import factories
from tests.api.conftest import Person


@pytest.fixture
def trail(db: None) -> None:
    now = timezone.now()
    factories.audit_entry(
        "request.asked", ticket="OPS-1", at=now - timedelta(days=2), instance_name="web"
    )
    factories.audit_entry("request.approved", actor_name="anna", note="As agreed.")
    factories.audit_entry("run.started", source="compute-7", instance="uuid-1")


@pytest.mark.usefixtures("trail")
@pytest.mark.parametrize(
    ("parameters", "verbs"),
    [
        ({}, ["run.started", "request.approved", "request.asked"]),
        ({"actor": "anna"}, ["request.approved"]),
        ({"ticket": "OPS-1"}, ["request.asked"]),
        ({"verb": "run.started"}, ["run.started"]),
        ({"host": "compute-7"}, ["run.started"]),
        ({"instance": "uuid-1"}, ["run.started"]),
        ({"instance": "web"}, ["request.asked"]),
        ({"q": "agreed"}, ["request.approved"]),
    ],
)
def test_it_is_searched_newest_first(
    auditor: Person, parameters: dict[str, str], verbs: list[str]
) -> None:
    answer = auditor.get("audit/", **parameters)

    assert [entry["verb"] for entry in answer.json["results"]] == verbs


@pytest.mark.usefixtures("trail")
def test_it_is_narrowed_to_a_time(auditor: Person) -> None:
    yesterday = (timezone.now() - timedelta(days=1)).isoformat()

    before = auditor.get("audit/", until=yesterday).json["results"]
    after = auditor.get("audit/", since=yesterday).json["results"]

    assert [entry["verb"] for entry in before] == ["request.asked"]
    assert len(after) == 2


def test_an_entry_has_an_address_of_its_own_and_says_itself_in_words(
    auditor: Person,
) -> None:
    row = factories.audit_entry("request.asked", instance_name="web")

    entry = auditor.get(f"audit/{row.pk}/").json

    assert (
        entry["sentence"]
        == "rita requested a move of web from compute-30 to compute-31"
    )
    assert (entry["actor"], entry["ticket"]) == ("rita", "OPS-42")


@pytest.mark.usefixtures("trail")
def test_it_costs_as_many_queries_for_many_entries_as_for_one(
    auditor: Person, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(7):
        assert auditor.get("audit/").json["count"] == 3


def test_a_requester_may_not_read_it(requester: Person) -> None:
    answer = requester.get("audit/")

    assert answer.status == 403
    assert "auditor" in answer.detail


# -- long trails ----------------------------------------------------------------------


def test_it_is_read_from_a_number_on_without_being_counted(auditor: Person) -> None:
    numbers = [factories.audit_entry().pk for _ in range(5)]
    factories.audit_entry(actor_name="anna")

    first = auditor.get("audit/", actor="rita", before=numbers[4], page_size=2).json
    assert [entry["id"] for entry in first["results"]] == numbers[3:1:-1]
    assert first["count"] is None

    second = auditor.get(first["next"].partition("/api/")[2]).json
    assert [entry["id"] for entry in second["results"]] == numbers[1::-1]
    assert second["next"] is None
    back = auditor.get(second["previous"].partition("/api/")[2]).json
    assert back["results"] == first["results"]
    oldest = auditor.get("audit/", after=0, page_size=2).json
    assert [entry["id"] for entry in oldest["results"]] == numbers[1::-1]


@pytest.mark.parametrize(
    "parameters",
    [
        {"before": "x"},
        {"after": "-1"},
        {"before": str(2**63)},
        {"before": "5", "after": "3"},
        {"before": "5", "page": "2"},
        {"request": "seven"},
        {"since": "0001-01-01T00:00:00Z"},
        {"verb": "run.flown"},
    ],
)
def test_it_refuses_a_place_that_makes_no_sense(
    auditor: Person, parameters: dict[str, str]
) -> None:
    assert auditor.get("audit/", **parameters).status == 400


def test_an_entry_has_its_place_in_the_chain(auditor: Person) -> None:
    first, second = factories.audit_entry(), factories.audit_entry()

    entry = auditor.get(f"audit/{second.pk}/").json

    assert (entry["previous"], entry["digest"]) == (first.digest, second.digest)


# -- searches that are kept -----------------------------------------------------------


def test_a_search_is_kept_and_removed(auditor: Person, operator: Person) -> None:
    sent = {"name": "Holds", "filters": {"verb": "run.held"}, "shared": True}

    made = auditor.post("audit/searches/", **sent)

    assert made.status == 201
    number = made.json["id"]
    assert made.json["filters"] == {"verb": "run.held"}
    assert operator.get("audit/searches/").json == [made.json]
    assert operator.get(f"audit/searches/{number}/").json == made.json
    assert operator.delete(f"audit/searches/{number}/").status == 403
    assert auditor.delete(f"audit/searches/{number}/").status == 204
    assert auditor.get(f"audit/searches/{number}/").status == 404


@pytest.mark.parametrize(
    "changed",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"filters": {}},
        {"filters": {"planet": "earth"}},
        {"filters": {"verb": "run.flown"}},
        {"filters": {"since": "yesterday"}},
        {"filters": {"verb": 7}},
        {"filters": "verb=run.held"},
        {"color": "red"},
    ],
)
def test_a_search_that_makes_no_sense_is_refused(
    auditor: Person, changed: dict[str, Any]
) -> None:
    sent: dict[str, Any] = {"name": "Holds", "filters": {"verb": "run.held"}}

    assert auditor.post("audit/searches/", **sent | changed).status == 400


def test_a_requester_keeps_no_search(requester: Person) -> None:
    sent: dict[str, Any] = {"name": "Holds", "filters": {"verb": "run.held"}}

    assert requester.get("audit/searches/").status == 403
    assert requester.post("audit/searches/", **sent).status == 403
