"""Every address that the site answers to, and one of each that means something."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from django.apps import apps
from django.urls import URLPattern, get_resolver
from django.urls.resolvers import URLResolver

from tests.web import role_table_staff

UUID = "0f3a5c1e-9d2b-4c58-8a01-5b0c2f7e4d11"

_APPS = re.compile(r"\(\?P<app_label>[\w|]+\)")


def routes(
    patterns: Sequence[URLPattern | URLResolver] | None = None, before: str = ""
) -> Iterator[str]:
    """Yield the route of every address that the site answers to."""
    for each in get_resolver().url_patterns if patterns is None else patterns:
        # the admin names its apps in the order in which they were imported
        route = before + _APPS.sub("(?P<app_label>APP)", str(each.pattern))
        if isinstance(each, URLPattern):
            yield route
        else:
            yield from routes(each.url_patterns, route)


def path_of(route: str, numbers: Mapping[str, int]) -> str:
    """Return an address that the route means, of something that there is."""
    subject = route.removeprefix("api/").split("/")[0]
    places = {
        "pk": str(numbers.get(subject, 1)),
        "host": "compute-30",
        "name": "pretend",  # of a cloud
        "uuid": UUID,
        "verb": "stop",
        "kind": "host",
        "content_type_id": "0",
    }
    if route.startswith("admin/"):
        places |= dict.fromkeys(("id", "object_id"), first_of(route))
    spelled = role_table_staff.SPELLED.get(route, route)
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda it: places.get(it[1], "1"), spelled)


def first_of(route: str) -> str:
    """Return the key of a row that the admin's page is about; 1 when there is none."""
    app, _, model = route.removeprefix("admin/").partition("/")
    try:
        kind = apps.get_model(app, model.partition("/")[0])
    except LookupError:
        return "1"
    key = kind._default_manager.order_by("pk").values_list("pk", flat=True).first()
    return str(key or 1)
