"""django-rq's pages, and the icon that pages of libraries have no link for."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from novaweb import queues
from tests import factories

PAGE = (
    '<style>\n a {}\n</style><script src="/a.js"></script>'
    '<script type="text/javascript">\nact()\n</script>'
    '<p class="a" style="margin: 0">&lt;style&gt; style=&quot;b&quot;</p>'
)


@pytest.mark.django_db
def test_its_pages_have_nothing_that_the_content_security_policy_forbids() -> None:
    request = RequestFactory().get("/django-rq/")
    request.user = factories.person("root", staff=True)

    answer = queues.to_read(lambda request: HttpResponse(PAGE))(request)

    assert answer.content.decode() == (
        '<script src="/a.js"></script>'
        '<p class="a">&lt;style&gt; style=&quot;b&quot;</p>'
    )


@pytest.mark.django_db
def test_what_is_no_page_is_left_as_it_is() -> None:
    request = RequestFactory().get("/django-rq/stats.json")
    request.user = factories.person("root", staff=True)
    told = HttpResponse(PAGE, content_type="application/json")

    assert queues.to_read(lambda request: told)(request).content.decode() == PAGE


@pytest.mark.django_db
def test_there_is_an_icon_for_pages_that_name_none() -> None:
    answer = Client().get("/favicon.ico")

    assert answer.status_code == 302
    assert answer["Location"].endswith(".svg")
