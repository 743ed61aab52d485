"""The audit trail's pages: the search, an entry, timelines; searches that are kept."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from migrations_app.access.permissions import person
from migrations_app.audit import saved_searches, search
from migrations_app.errors import Conflict, Gone, NotAllowed, Unfit
from migrations_app.models import AuditEntry, SavedSearch
from tests import factories
from tests.audit import rows

pytestmark = pytest.mark.django_db


def text(client: Client, path: str, status: int = 200) -> str:
    """Return what the page says."""
    response = client.get(path)
    assert response.status_code == status
    return response.content.decode()


def listed(client: Client, path: str) -> list[int]:
    """Return the numbers of the entries that a page of the search shows."""
    found = client.get(path).context["table"].found
    return [entry.pk for entry in found.entries]


# -- the search --------------------------------------------------------------------


def test_the_links_lead_to_older_entries_and_back(auditor: Client) -> None:
    numbers = [factories.audit_entry(ticket="T-1").pk for _ in range(50)]
    factories.audit_entry(ticket="T-2")

    first = text(auditor, "/audit/?ticket=T-1")
    oldest_shown = numbers[-search.PER_PAGE]
    assert f"?ticket=T-1&amp;before={oldest_shown}" in first
    assert ">Newer<" not in first

    path = f"/audit/?ticket=T-1&before={oldest_shown}"
    assert listed(auditor, path) == numbers[9::-1]
    second = text(auditor, path)
    assert f"?ticket=T-1&amp;after={numbers[9]}" in second
    assert ">Older<" not in second

    assert listed(auditor, f"/audit/?ticket=T-1&after={numbers[9]}") == numbers[:9:-1]


def test_what_makes_no_sense_finds_nothing_and_is_said(auditor: Client) -> None:
    factories.audit_entry()

    page = text(auditor, "/audit/?since=yesterday&request=x")

    assert page.count("field-error") == 2
    assert listed(auditor, "/audit/?since=yesterday") == []


@pytest.mark.parametrize(
    "number", ["x", "-1", "1e3", "9" * 30, "\N{FULLWIDTH DIGIT ONE}"]
)
def test_a_page_begins_at_a_number_or_it_is_refused(
    auditor: Client, number: str
) -> None:
    assert auditor.get("/audit/", {"before": number}).status_code == 422
    assert auditor.get("/audit/", {"after": number}).status_code == 422


def test_what_people_write_is_shown_as_they_wrote_it(auditor: Client) -> None:
    nasty = "<script>alert(1)</script>"
    entry = factories.audit_entry(
        note=nasty, instance_name=nasty, ticket=nasty, actor_name=nasty, act="a"
    )
    for path in (
        "/audit/",
        f"/audit/?q={nasty}",
        f"/audit/{entry.pk}/",
        f"/audit/timelines/ticket/{nasty}/",
        f"/audit/timelines/person/{nasty}/",
    ):
        assert nasty not in text(auditor, path)


def test_the_pages_say_whether_their_entries_fit_the_chain(auditor: Client) -> None:
    entry = factories.audit_entry()

    for path in ("/audit/", f"/audit/{entry.pk}/", "/audit/timelines/person/rita/"):
        assert "chain verified" in text(auditor, path)


def test_a_page_takes_as_many_queries_for_forty_entries_as_for_three(
    auditor: Client,
) -> None:
    def cost(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert auditor.get(path).status_code == 200
        return len(captured)

    paths = ["/audit/", "/audit/?q=memory", "/audit/timelines/host/compute-30/"]
    for _ in range(3):
        factories.audit_entry()
    few = [cost(path) for path in paths]
    for _ in range(37):
        factories.audit_entry()

    assert [cost(path) for path in paths] <= few


# -- one entry ---------------------------------------------------------------------


def test_an_entry_shows_all_that_is_hashed_and_where_it_stands(
    auditor: Client,
) -> None:
    before = factories.audit_entry(act="the-act", verb="request.approved")
    entry = factories.audit_entry(
        act="the-act", before={"state": "a"}, after={"state": "b"}, request_number=None
    )
    after = factories.audit_entry(act="another")

    page = text(auditor, f"/audit/{entry.pk}/")

    for said in (entry.digest, entry.previous, entry.note, entry.act, entry.instance):
        assert said in page
    assert "approved the move" in page
    assert f'rel="prev" href="/audit/{before.pk}/"' in page
    assert f'rel="next" href="/audit/{after.pk}/"' in page
    assert auditor.get("/audit/999999/").status_code == 404


# -- timelines ---------------------------------------------------------------------


def test_a_timeline_goes_day_by_day_either_way(auditor: Client) -> None:
    request = factories.request(ticket="CHG/7")
    for verb in ("request.asked", "request.approved", "run.completed"):
        factories.audit_entry(verb, request_number=request.pk, ticket="CHG/7")
    factories.audit_entry("request.asked", ticket="CHG/8")
    numbers = [e.pk for e in AuditEntry.objects.filter(ticket="CHG/7").order_by("pk")]

    for path in ("ticket/CHG/7", f"request/{request.pk}"):
        place = f"/audit/timelines/{path}/"
        newest = auditor.get(place).context["days"]
        oldest = auditor.get(f"{place}?order=oldest").context["days"]
        assert [e.pk for _, day in newest for e in day] == numbers[::-1]
        assert [e.pk for _, day in oldest for e in day] == numbers
    page = text(auditor, "/audit/timelines/ticket/CHG/7/")
    assert (page.count("timeline-decision"), page.count("timeline-result")) == (1, 1)
    assert f"/requests/{request.pk}/" in page


@pytest.mark.parametrize("path", ["planet/earth", "request/x", "request/-1"])
def test_there_is_no_timeline_of_what_there_is_not(auditor: Client, path: str) -> None:
    assert auditor.get(f"/audit/timelines/{path}/").status_code == 404


def test_things_lead_to_their_timelines(auditor: Client, requester: Client) -> None:
    hypervisor = factories.hypervisor("compute-30")
    of = factories.instance(cloud=hypervisor.cloud)
    request = factories.request(of=of)
    for path, link in (
        (f"/instances/{of.uuid}/", f"/audit/timelines/instance/{of.uuid}/"),
        ("/hypervisors/compute-30/", "/audit/timelines/host/compute-30/"),
        (f"/requests/{request.pk}/", f"/audit/timelines/request/{request.pk}/"),
        (f"/requests/{request.pk}/", f"/requests/{request.pk}/evidence/"),
    ):
        assert link in text(auditor, path)
        assert link not in text(requester, path)


# -- searches that are kept --------------------------------------------------------


def test_a_search_is_kept_under_a_name_and_found_again(auditor: Client) -> None:
    factories.audit_entry("run.held", ticket="T-1")
    sent = {"name": "  Holds  of T-1 ", "filters": "verb=run.held&ticket=T-1&page=3"}

    response = auditor.post("/audit/searches/", sent)

    kept = SavedSearch.objects.get()
    assert (kept.name, kept.shared, kept.owner_name) == ("Holds of T-1", False, "aude")
    assert kept.filters == {"verb": "run.held", "ticket": "T-1"}
    assert response["Location"] == f"/audit/searches/{kept.pk}/"
    again = auditor.get(response["Location"])
    assert again["Location"] == "/audit/?ticket=T-1&verb=run.held"
    assert "Holds of T-1" in text(auditor, "/audit/")
    entry = AuditEntry.objects.get(verb="search.saved")
    assert (entry.actor_name, entry.after["name"]) == ("aude", "Holds of T-1")


def test_a_search_is_one_s_own_unless_it_is_shared(
    auditor: Client, operator: Client
) -> None:
    aude = User.objects.get(username="aude")
    mine = rows.saved_search("Mine", owner=aude, shared=False)
    shared = rows.saved_search("Ours", owner=aude)

    page = text(operator, "/audit/")

    assert ("Ours" in page, "Mine" in page) == (True, False)
    assert operator.get(f"/audit/searches/{mine.pk}/").status_code == 404
    assert operator.post(f"/audit/searches/{shared.pk}/remove/").status_code == 403
    assert auditor.post(f"/audit/searches/{shared.pk}/remove/").status_code == 302
    assert list(SavedSearch.objects.all()) == [mine]
    assert AuditEntry.objects.get(verb="search.removed").before["name"] == "Ours"


@pytest.mark.parametrize(
    ("name", "filters", "error"),
    [
        ("", {"verb": "run.held"}, Unfit),
        ("x" * 101, {"verb": "run.held"}, Unfit),
        ("Nothing", {}, Unfit),
        ("Nothing", {"q": " "}, Unfit),
        ("Taken", {"verb": "run.held"}, Conflict),
    ],
)
def test_a_search_that_makes_no_sense_is_not_kept(
    name: str, filters: dict[str, str], error: type[Exception]
) -> None:
    by = factories.person("aude", "auditor")
    rows.saved_search("Taken", owner=by)

    with pytest.raises(error):
        saved_searches.save(by=by, name=name, filters=filters)

    assert SavedSearch.objects.count() == 1
    assert not AuditEntry.objects.filter(verb="search.saved").exists()


def test_who_may_not_read_the_trail_keeps_no_search() -> None:
    rita = factories.person("rita", "requester")
    row = rows.saved_search()

    with pytest.raises(NotAllowed):
        saved_searches.save(by=rita, name="Mine", filters={"verb": "run.held"})
    with pytest.raises(NotAllowed):
        saved_searches.remove(row.pk, by=rita)
    with pytest.raises(Gone):
        saved_searches.seen(row.pk + 1, by=person(rita))


def test_only_what_moves_has_a_target(auditor: Client) -> None:
    factories.audit_entry("drain.started", instance="", instance_name="", target="")
    assert "compute-30</div>" in text(auditor, "/audit/")

    factories.audit_entry(request_number=7, target="")
    assert "chosen by the scheduler" in text(auditor, "/audit/")
