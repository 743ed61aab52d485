"""No number in an address is too long, or of another script, for a page or the API."""

from __future__ import annotations

import inspect
import re
import sys
from typing import Any
from urllib.parse import parse_qsl

import django_filters
import pytest
from django import forms
from django.test import Client
from django.urls import Resolver404, resolve

from migrations_app.wording import whole_number
from tests.shorter import examples
from tests.stage import Stage
from tests.web.full_site import FullSite
from tests.web.test_query_budgets import ELSEWHERE, addresses

VALUES = ("999", "9" * 25, "9" * 5000, "٣" * 25)
ALONE = VALUES[1]  # no other parameter hides it by being refused first
EVERYWHERE = {"page", "page_size", "sort", "after", "before"}
# Those that are numbers, each of which is given a value alone, too.
NUMBERS = EVERYWHERE | {"until_entry", "since_entry", "request", "drain", "run", "days"}
_GIVEN = re.compile(
    r"(?:GET|query_params|given)(?:\.get|\.getlist)?[\[(]\"(\w+)\""
    r"|\"(\w+)\" (?:not )?in (?:request\.)?(?:GET|query_params)"
    r"|(?:place|_number|cursor)\(\S+, \"(\w+)\""
)


def names(path: str) -> set[str]:
    """Return the parameters that the view of an address may look at."""
    try:
        view = resolve(f"/{path.partition('?')[0]}").func
    except Resolver404:
        return set()
    view = getattr(view, "view_class", getattr(view, "cls", inspect.unwrap(view)))
    module = sys.modules[view.__module__]
    found = {
        name
        for match in _GIVEN.findall(inspect.getsource(module))
        for name in match
        if name
    }
    found |= EVERYWHERE | set(getattr(view, "parameters", ()))
    for each in vars(module).values():
        if isinstance(each, type) and issubclass(each, django_filters.FilterSet):
            found |= set(getattr(each, "base_filters", ()))
        elif isinstance(each, type) and issubclass(each, forms.BaseForm):
            found |= set(getattr(each, "base_fields", ()))
    return found


@pytest.mark.django_db
@pytest.mark.long
def test_no_parameter_of_a_page_or_the_api_breaks_it(
    stage: Stage, settings: Any
) -> None:
    site = FullSite(stage)
    site.grow(1)
    settings.NOVAWEB_CLOUDS = site.clouds()
    client = Client(raise_request_exception=False)
    client.force_login(site.reader)
    wrong, asked = [], 0
    for name, path in addresses(site).items():
        base, _, text = path.partition("?")
        given = dict(parse_qsl(text))
        own = names(path) if name not in ELSEWHERE else set()
        for value in VALUES[-examples(len(VALUES)) :]:
            alone = own & NUMBERS if value is ALONE else set()
            tries = [{each: value} for each in sorted(alone)]
            for more in [*tries, dict.fromkeys(own, value)]:
                asked += 1
                status = client.get(f"/{base}", given | more).status_code
                if status >= 500:
                    wrong.append(f"{name} {list(more)} {value[0]} x {len(value)}")
    assert wrong == []
    assert asked > examples(300)


@pytest.mark.django_db
def test_no_number_of_a_row_breaks_a_page(stage: Stage, settings: Any) -> None:
    site = FullSite(stage)
    settings.NOVAWEB_CLOUDS = site.clouds()
    client = Client(raise_request_exception=False)
    client.force_login(site.reader)
    wrong = []
    for name, path in addresses(site).items():
        for value in VALUES if re.search(r"<(int|number):", name) else ():
            path = re.sub(r"/\d+/", f"/{value}/", path.partition("?")[0])
            if client.get(f"/{path}").status_code >= 500:
                wrong.append(f"{name} {value[0]} x {len(value)}")
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("7", 7),
        ("007", 7),
        (str(2**63 - 1), 2**63 - 1),
        *(
            (text, None)
            for text in (*VALUES[1:], str(2**63), "", "-1", "+1", "1.", "1e3")
        ),
        *((text, None) for text in ("²", "٣", " 1", "1_0", "0x1")),
    ],
)
def test_a_whole_number_is_ascii_and_fits(text: str, number: int | None) -> None:
    assert whole_number(text) == number
