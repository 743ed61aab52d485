"""One search over all that people look for."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import factories
from tests.web.conftest import browser_of

pytestmark = pytest.mark.django_db


def found(client: Client, words: str) -> dict[str, list[str]]:
    """Return the names that are shown, by kind."""
    answer = client.get("/search/", {"q": words})
    assert answer.status_code == 200
    return {
        kind.title: [hit.name for hit in kind.hits] for kind in answer.context["found"]
    }


def test_it_finds_instances_hosts_requests_and_drains_by_what_they_are_called() -> None:
    factories.hypervisor("web-host")
    of = factories.instance("web-1", host="web-host")
    request = factories.request(of=of, ticket="CHG-7")
    drain = factories.drain("requested", ticket="CHG-7")
    requester = browser_of("rita", "requester")

    assert found(requester, "web") == {
        "Instances": ["web-1"],
        "Hosts": ["web-host"],
        "Requests": [f"#{request.pk} web-1"],
    }
    assert found(requester, of.uuid)["Instances"] == ["web-1"]
    assert found(requester, "CHG-7") == {
        "Requests": [f"#{request.pk} web-1"],
        "Drains": [f"Drain {drain.pk}"],
    }
    assert found(requester, "nothing like it") == {}


def test_the_number_of_a_request_leads_to_it() -> None:
    request = factories.request(of=factories.instance("web-1"))
    operator = browser_of("olga", "operator")

    answer = operator.get("/search/", {"q": f"#{request.pk}"})

    assert answer.url == f"/requests/{request.pk}/"  # type: ignore[attr-defined]
    assert found(operator, str(request.pk))["Requests"] == [f"#{request.pk} web-1"]


def test_people_and_the_trail_are_for_who_may_read_the_trail() -> None:
    factories.person("rita", "requester")

    assert found(browser_of("paul", "requester"), "rita") == {}
    assert found(browser_of("aude", "auditor"), "rita") == {
        "People": ["rita"],
        "Audit trail": ["Entries about “rita”"],
    }


def test_of_many_the_first_are_shown_and_the_list_has_the_rest() -> None:
    for number in range(12):
        factories.instance(f"web-{number:02}")
    client = browser_of("olga", "operator")

    page = client.get("/search/", {"q": "web-"}).content.decode()

    assert len(found(client, "web-")["Instances"]) == 8
    assert 'href="/instances/?q=web-"' in page


@pytest.mark.parametrize("words", ["", " ", "\0", "#", "#0", "#99999999999", "x" * 500])
def test_odd_words_find_nothing_or_lead_nowhere(words: str) -> None:
    answer = browser_of("olga", "operator").get("/search/", {"q": words})
    assert answer.status_code in (200, 302)
