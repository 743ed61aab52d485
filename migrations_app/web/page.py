"""The frame of every page: who may see it, what stands around it, how it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django_htmx.middleware import HtmxDetails

from migrations_app.access import permissions as policy
from migrations_app.access.permissions import Person, Verb
from migrations_app.access.require import require
from migrations_app.audit import signing
from migrations_app.drains import queries as drains_seen
from migrations_app.errors import NovawebError
from migrations_app.notifications import inbox
from migrations_app.requests import break_glass as glass
from migrations_app.requests import queries
from migrations_app.runs import queries as runs_queries
from migrations_app.web.menu import menu

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def user_of(request: HttpRequest) -> User:
    """Return who is signed in; LoginRequiredMiddleware lets nobody else through."""
    return cast(User, request.user)


def person_of(request: HttpRequest) -> Person:
    """Return who is signed in, with their roles."""
    return policy.person(request.user)


def is_htmx(request: HttpRequest) -> bool:
    """Whether a script on a page of ours asks, for a part of that page."""
    return bool(cast(HtmxDetails, request.htmx))  # type: ignore[attr-defined]


def show(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """Return the page in its frame: menu, warnings, what waits for the person."""
    person = person_of(request)
    frame: dict[str, Any] = {"person": person, "menu": None}
    if person.roles:
        waiting = {
            "requests": queries.waiting_for(person)[:100].count(),
            "drains": drains_seen.waiting_for(person)[:100].count(),
        }
        frame["menu"] = menu(person, request.path, waiting)
        frame["worker_trouble"] = runs_queries.worker_trouble()
        frame["proof_trouble"] = _proof_trouble(person)
        frame["unread_count"] = inbox.unread(person)
        frame["unreviewed"] = glass.unreviewed()[:2]
    return render(request, template, {**frame, **(context or {})}, status=status)


def _proof_trouble(person: Person) -> str:
    """Return what is wrong with the signatures of the audit trail, to who may sign."""
    if policy.why_not(person, Verb.SIGN):
        return ""
    found = signing.standing(timezone.now())
    return found.sentence if found.alarming else ""


def sorry(request: HttpRequest, error: NovawebError) -> HttpResponse:
    """Return the error as a page, or as a part of one, that is a sentence."""
    status = error.status
    context = {
        "title": error.title,
        "sentence": error.sentence,
        "findings": getattr(error, "findings", ()),
    }
    if is_htmx(request):
        return render(request, "parts/_sentence.html", context, status=status)
    return show(request, "sentence.html", context, status=status)


def page(verb: Verb = Verb.SEE) -> Callable[[View[P]], View[P]]:
    """Let only those in who may do ``verb``, and show what goes wrong as a sentence."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def framed(
            request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponse:
            try:
                require(request.user, verb)
                return view(request, *args, **kwargs)
            except NovawebError as error:
                return sorry(request, error)

        return framed

    return decorate
