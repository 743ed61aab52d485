"""One search over what people look for: instances, hosts, requests, drains, people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from migrations_app.access import permissions
from migrations_app.access.permissions import Person, Verb
from migrations_app.drains import queries as drain_queries
from migrations_app.inventory import queries as inventory_queries
from migrations_app.inventory.filters import HypervisorFilter, InstanceFilter
from migrations_app.requests import queries as request_queries
from migrations_app.requests.filters import RequestFilter
from migrations_app.web.page import page, person_of
from migrations_app.wording import whole_number

MOST = 8  # of each kind; the rest is in its list
LONGEST = 100
_NUMBER = re.compile(r"#?(\d{1,10})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that was found: its name, its page, and what tells it from others."""

    name: str
    address: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Hits:
    """What was found of one kind; ``rest`` is where more of it is, if there is more."""

    title: str
    icon: str
    hits: list[Hit]
    rest: str = ""


@require_safe
@page(dear="search")
def search(request: HttpRequest) -> HttpResponse:
    """Show what has the words in its name; the one request of a “#number” at once."""
    words = " ".join(request.GET.get("q", "").split())[:LONGEST]
    if words.startswith("#") and (number := _number(words)):
        return redirect("request", pk=number)
    found = [each for each in _all(words, person_of(request)) if each.hits]
    context = {"words": words, "found": found}
    return render(request, "search.html", context)


def _number(words: str) -> int | None:
    match = _NUMBER.fullmatch(words)
    return whole_number(match[1]) if match else None


def _all(words: str, person: Person) -> Iterator[Hits]:
    if not words:
        return
    instances = InstanceFilter(
        {"q": words}, queryset=inventory_queries.instances().order_by("name")
    )
    yield _hits(
        "Instances",
        "device-desktop",
        [
            Hit(row.name or row.uuid, _at("instance", row.uuid), _place_of(row.host))
            for row in instances.qs[: MOST + 1]
        ],
        rest=_list("instances", words),
    )
    hosts = HypervisorFilter({"q": words}, queryset=inventory_queries.hypervisors())
    yield _hits(
        "Hosts",
        "server",
        [
            Hit(row.host, _at("hypervisor", row.host), row.zone)
            for row in hosts.qs.order_by("host")[: MOST + 1]
        ],
        rest=_list("hypervisors", words),
    )
    requests = RequestFilter(
        {"q": words}, queryset=request_queries.requests(), person=person
    ).qs
    if number := _number(words):
        requests = request_queries.requests().filter(pk=number)
    yield _hits(
        "Requests",
        "arrows-right-left",
        [
            Hit(
                f"#{row.pk} {row.instance_name}",
                _at("request", row.pk),
                f"{row.get_state_display()}{f', {row.ticket}' if row.ticket else ''}",
            )
            for row in requests[: MOST + 1]
        ],
        rest="" if number else _list("requests", words),
    )
    yield _hits(
        "Drains",
        "arrow-bar-to-down",
        [
            Hit(
                f"Drain {row.pk}",
                _at("drain", row.pk),
                f"{', '.join(row.hosts)} {row.get_state_display()}",
            )
            for row in drain_queries.of_ticket(words, or_number=number)[: MOST + 1]
        ],
    )
    if not permissions.why_not(person, Verb.SEE_AUDIT):
        yield from _audited(words)


def _audited(words: str) -> Iterator[Hits]:
    people = User.objects.filter(username__icontains=words).order_by("username")
    names = people.values_list("username", flat=True)[: MOST + 1]
    yield _hits(
        "People",
        "user",
        [Hit(name, reverse("timeline", args=["person", name])) for name in names],
    )
    told = Hit(f"Entries about “{words}”", _list("audit", words))
    yield Hits("Audit trail", "shield-check", [told])


def _hits(title: str, icon: str, hits: list[Hit], *, rest: str = "") -> Hits:
    return Hits(title, icon, hits[:MOST], rest if len(hits) > MOST else "")


def _at(name: str, key: object) -> str:
    return reverse(name, args=[key])


def _list(name: str, words: str) -> str:
    return f"{reverse(name)}?{urlencode({'q': words})}"


def _place_of(host: str) -> str:
    return f"on {host}" if host else "on no host"
