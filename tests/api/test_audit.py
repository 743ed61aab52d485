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

    assert entry["sentence"] == "rita asked to move web from compute-30 to compute-31"
    assert (entry["actor"], entry["ticket"]) == ("rita", "OPS-42")


@pytest.mark.usefixtures("trail")
def test_it_costs_as_many_queries_for_many_entries_as_for_one(
    auditor: Person, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(6):
        assert auditor.get("audit/").json["count"] == 3


def test_a_requester_may_not_read_it(requester: Person) -> None:
    answer = requester.get("audit/")

    assert answer.status == 403
    assert "auditor" in answer.detail
