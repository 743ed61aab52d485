"""The lists: what they find, how they are sorted, and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from migrations_app.models import Hypervisor
from migrations_app.web import lists
from migrations_app.web.lists import MOST_COUNTED, PER_PAGE
from tests import factories

pytestmark = pytest.mark.django_db


def rows(client: Client, path: str) -> list[str]:
    """Return the first cell of each row, in order."""
    response = client.get(path)
    assert response.status_code == 200
    table = response.context["table"]
    return [str(row.record) for row in table.paginated_rows]


def queries(client: Client, path: str) -> int:
    """Return how many queries the page takes."""
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(path).status_code == 200
    assert not any(
        "COUNT(*)" in each["sql"]
        and "GROUP BY" not in each["sql"]
        and f"LIMIT {MOST_COUNTED + 1}" not in each["sql"]
        and "instance" in each["sql"]
        for each in captured.captured_queries
    )
    return len(captured)


def make_instances(number: int) -> None:
    for _ in range(number):
        factories.request(of=factories.instance())


def make_hypervisors(number: int) -> None:
    for _ in range(number):
        factories.instance(host=factories.hypervisor().host)


def make_requests(number: int) -> None:
    for _ in range(number):
        factories.run(of=factories.request(state="running"))


def make_moves(number: int) -> None:
    if not Hypervisor.objects.filter(host="busy"):
        factories.hypervisor("busy")
    for _ in range(number):
        factories.request(of=factories.instance(host="busy"), source="busy")


def make_entries(number: int) -> None:
    for _ in range(number):
        factories.audit_entry()


@pytest.mark.parametrize(
    ("path", "make"),
    [
        ("/", make_requests),
        ("/instances/", make_instances),
        ("/hypervisors/", make_hypervisors),
        ("/hypervisors/busy/", make_moves),
        ("/requests/", make_requests),
        ("/audit/", make_entries),
    ],
)
def test_it_takes_as_many_queries_for_thirty_rows_as_for_three(
    operator: Client, path: str, make: Callable[[int], None]
) -> None:
    make(3)
    few = queries(operator, path)
    make(27)

    assert queries(operator, path) == few


def test_it_finds_an_instance_by_part_of_its_name_or_its_whole_uuid(
    operator: Client,
) -> None:
    shop = factories.instance("shop-front-1")
    factories.instance("mail-1")

    assert rows(operator, "/instances/?q=FRONT") == ["shop-front-1"]
    assert rows(operator, f"/instances/?q={shop.uuid}") == ["shop-front-1"]
    assert rows(operator, "/instances/?q=nothing") == []


@pytest.mark.parametrize(
    "wanted",
    ["host=compute-34", "project=billing", "project=77", "status=ERROR", "zone=OS2"],
)
def test_it_narrows_instances_by_what_is_asked(operator: Client, wanted: str) -> None:
    factories.instance(
        "odd",
        host="compute-34",
        project_name="billing",
        project_id="77",
        status="ERROR",
        zone="OS2",
    )
    factories.instance("even")

    assert rows(operator, f"/instances/?{wanted}") == ["odd"]


def test_it_sorts_and_says_so_to_a_screen_reader(operator: Client) -> None:
    factories.instance("a", host="compute-31")
    factories.instance("b", host="compute-30")

    assert rows(operator, "/instances/?sort=host") == ["b", "a"]
    assert rows(operator, "/instances/?sort=-name") == ["b", "a"]
    assert b'aria-sort="descending"' in operator.get("/instances/?sort=-name").content


def test_it_shows_a_page_at_a_time_and_the_way_to_the_next(operator: Client) -> None:
    for number in range(PER_PAGE + 1):
        factories.instance(f"web-{number:02}")

    first = operator.get("/instances/")

    assert f"web-{PER_PAGE - 1}" in first.content.decode()
    assert f"web-{PER_PAGE}" not in first.content.decode()
    assert b'rel="next"' in first.content
    assert rows(operator, "/instances/?page=2") == [f"web-{PER_PAGE}"]
    assert rows(operator, "/instances/?page=nonsense")[0] == "web-00"


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [("20", 20), ("100", 41), ("30", 20), ("0", 20), ("-5", 20), ("999999", 41)],
)
def test_people_choose_how_many_rows_a_page_has_within_bounds(
    operator: Client, wanted: str, shown: int
) -> None:
    for number in range(41):
        factories.instance(f"web-{number:02}")

    answer = operator.get(f"/instances/?per_page={wanted}")

    table = answer.context["table"]
    assert len(table.paginated_rows) == shown
    assert table.paginator.per_page <= 200
    assert b"41 in total" in answer.content


def test_it_counts_no_further_than_it_must(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "MOST_COUNTED", 2)
    for _ in range(3):
        factories.instance()

    assert b"more than 2 in total" in operator.get("/instances/").content


def test_it_leads_from_an_instance_to_its_open_request_or_to_asking(
    requester: Client,
) -> None:
    asked = factories.request(of=factories.instance("asked"))
    free = factories.instance("free")

    page = requester.get("/instances/").content.decode()

    assert f'href="/requests/{asked.pk}/"' in page
    assert f'href="/requests/ask/?instance={free.uuid}"' in page


def test_it_finds_hypervisors_by_name_zone_and_state(operator: Client) -> None:
    factories.hypervisor("compute-30")
    factories.hypervisor("compute-31", up=False)
    factories.hypervisor("compute-32", enabled=False, zone="OS2")

    assert rows(operator, "/hypervisors/?q=31.example") == ["compute-31"]
    assert rows(operator, "/hypervisors/?zone=OS2") == ["compute-32"]
    assert rows(operator, "/hypervisors/?state=up") == ["compute-30"]
    assert rows(operator, "/hypervisors/?state=down") == ["compute-31"]
    assert rows(operator, "/hypervisors/?state=disabled") == ["compute-32"]


def test_it_sorts_hypervisors_by_the_share_that_is_used(operator: Client) -> None:
    factories.hypervisor("small", memory_total=8192, memory_used=4000)
    factories.hypervisor("large", memory_total=262144, memory_used=9000)
    factories.hypervisor("unknown", memory_total=0, memory_reserved=0, memory_used=0)

    assert rows(operator, "/hypervisors/?sort=-memory") == ["small", "large", "unknown"]


def test_it_narrows_requests_by_state_and_by_whose_they_are(approver: Client) -> None:
    anna = approver.get("/").wsgi_request.user
    own = factories.request(asked_by=anna)
    waits = factories.request()
    over = factories.request(state="rejected")

    def numbers(wanted: str) -> set[int]:
        table = approver.get(f"/requests/?{wanted}").context["table"]
        return {row.record.pk for row in table.paginated_rows}

    assert numbers("state=open") == {own.pk, waits.pk}
    assert numbers("state=rejected") == {over.pk}
    assert numbers("whose=mine") == {own.pk}
    assert numbers("whose=waiting") == {waits.pk}
    assert numbers(f"q={waits.instance_name}") == {waits.pk}


@pytest.mark.parametrize(
    "wanted",
    [
        "instance=odd-1",
        "host=compute-99",
        "actor=olga",
        "ticket=OPS-9",
        "verb=request.rejected",
        "since=2030-01-01T00:00",
        "q=unusual",
    ],
)
def test_it_finds_what_an_auditor_looks_for(auditor: Client, wanted: str) -> None:
    factories.audit_entry()
    odd = factories.audit_entry(
        "request.rejected",
        at=datetime(2030, 6, 1, tzinfo=UTC),
        actor_name="olga",
        instance_name="odd-1",
        target="compute-99",
        ticket="OPS-9",
        note="An unusual reason.",
    )

    table = auditor.get(f"/audit/?{wanted}").context["table"]

    assert [row.record.pk for row in table.paginated_rows] == [odd.pk]


@pytest.mark.parametrize("path", ["/instances/", "/hypervisors/compute-30/"])
def test_who_may_not_ask_is_shown_no_way_to(
    requester: Client, auditor: Client, path: str
) -> None:
    factories.hypervisor("compute-30")
    factories.instance("web-1", host="compute-30")

    assert "Request a move of web-1" in requester.get(path).content.decode()
    assert "Request a move of" not in auditor.get(path).content.decode()
