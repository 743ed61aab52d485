"""No view of a page sees a null character, which PostgreSQL holds in no text."""

from __future__ import annotations

import asyncio

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import AsyncRequestFactory, Client, RequestFactory

from novaweb.null_characters import no_null_characters
from tests import factories
from tests.web.conftest import browser_of

SEEN = ("/hypervisors/ab/", ["ab", "c"], ["d e"], "fg")


def seen(request: HttpRequest) -> tuple[str, list[str], list[str], str]:
    """Return path, query, form and cookie as a view sees them."""
    query, form = request.GET.getlist("q"), request.POST.getlist("note")
    return request.path_info, query, form, request.COOKIES["other"]


def test_a_view_sees_none() -> None:
    found: list[object] = []

    def view(request: HttpRequest) -> HttpResponse:
        found.append(seen(request))
        return HttpResponse()

    request = RequestFactory().post(
        "/hypervisors/a%00b/?q=a%00b&q=c", {"note": "d\0 e"}
    )
    request.COOKIES["other"] = "f\0g"
    no_null_characters(view)(request)
    assert found == [SEEN]


def test_nor_does_one_that_waits_for_others() -> None:
    found: list[object] = []

    async def view(request: HttpRequest) -> HttpResponse:
        found.append(seen(request))
        return HttpResponse()

    request = AsyncRequestFactory().post(
        "/hypervisors/a%00b/?q=a%00b&q=c", {"note": "d\0 e"}
    )
    request.COOKIES["other"] = "f\0g"
    asyncio.run(no_null_characters(view)(request))
    assert found == [SEEN]


@pytest.mark.django_db
def test_a_cookie_with_one_is_nobody_s() -> None:
    client = Client(headers={"cookie": 'sessionid="abcdefghijkl\\000"'})
    assert client.get("/").status_code == 302
    assert "\0" not in client.get("/").wsgi_request.COOKIES["sessionid"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/hypervisors/compute%00-30/", 200),
        ("/hypervisors/compute-30/?cloud=%00", 200),
        ("/hypervisors/%00/", 404),
        ("/instances/%00x/", 404),
        ("/requests/new/?instance=%00x", 404),
        ("/services/?cloud=%00", 200),
        ("/windows/?zone=%00a&host=b%00", 200),
        ("/deliveries/?lane=mail%00", 200),
        ("/audit/timelines/host/%00a/", 200),
    ],
)
def test_a_page_is_found_or_not_as_without_it(path: str, status: int) -> None:
    factories.hypervisor("compute-30")
    answer = browser_of("otto", "operator").get(path)
    assert answer.status_code == status
    if "lane" in path:
        assert answer.context["lane"] == "mail"
