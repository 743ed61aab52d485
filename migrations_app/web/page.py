"""Common frame of all pages: permissions, menu, banners, errors."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django_htmx.middleware import HtmxDetails

from migrations_app.access import display, permissions, second_factor, throttle
from migrations_app.access.permissions import Person, Verb
from migrations_app.access.require import require
from migrations_app.access.roles import CONFIRMED
from migrations_app.audit import signing
from migrations_app.drains import queries as drain_queries
from migrations_app.errors import NovawebError, TooMany
from migrations_app.models import BrokenGlass
from migrations_app.notifications import inbox
from migrations_app.requests import emergency_start
from migrations_app.requests import queries as request_queries
from migrations_app.runs import queries as run_queries
from migrations_app.web import password_again
from migrations_app.web.menu import Menu, menu

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def user_of(request: HttpRequest) -> User:
    """Return the signed-in user; LoginRequiredMiddleware admits nobody else."""
    return cast(User, request.user)


def person_of(request: HttpRequest) -> Person:
    """Return the signed-in person with their roles."""
    return permissions.person(request.user)


def is_htmx(request: HttpRequest) -> bool:
    """Return whether a script requests a part of a page."""
    return bool(cast(HtmxDetails, request.htmx))  # type: ignore[attr-defined]


class Frame:
    """What stands around a page, each part asked for when a template first wants it.

    Empty for who is not signed in or has no role, but for who they are.
    """

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def person(self) -> Person | None:
        """Who is signed in, with their roles."""
        user = getattr(self._request, "user", None)
        return permissions.person(user) if user and user.is_authenticated else None

    @cached_property
    def _member(self) -> Person | None:
        return self.person if self.person and self.person.roles else None

    @cached_property
    def menu(self) -> Menu | None:
        """The places that they may go to, and how much waits for them there."""
        if self._member is None:
            if self.person is None or not self.person.staff:
                return None
            return menu(self.person, self._request.path, {})
        waiting = {
            "requests": request_queries.waiting_for(self._member)[:100].count(),
            "drains": drain_queries.waiting_for(self._member)[:100].count(),
        }
        return menu(self._member, self._request.path, waiting)

    @property
    def second_factor(self) -> bool:
        """Whether a second factor can be set up."""
        return second_factor.is_in_use()

    @cached_property
    def worker_trouble(self) -> str:
        """That no worker works, if so."""
        return run_queries.worker_trouble() if self._member else ""

    @cached_property
    def proof_trouble(self) -> str:
        """What is wrong with the audit trail's signatures, to who may sign."""
        if self._member is None or permissions.why_not(self._member, Verb.SIGN):
            return ""
        found = signing.standing(timezone.now())
        return found.sentence if found.alarming else ""

    @cached_property
    def _unread(self) -> list[int]:
        return inbox.unread(self._member) if self._member else []

    @property
    def unread(self) -> int:
        """How many notices they have not read."""
        return len(self._unread)

    @property
    def newest(self) -> int:
        """The number of the newest of them; 0: there is none."""
        return self._unread[0] if self._unread else 0

    @cached_property
    def unreviewed(self) -> list[BrokenGlass]:
        """The two newest emergency starts without a review."""
        return list(emergency_start.unreviewed()[:2]) if self._member else []


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return what every template may show: the frame, and the person by name."""
    around = Frame(request)
    return {"frame": around, "person": SimpleLazyObject(lambda: around.person)}


def sorry(request: HttpRequest, error: NovawebError) -> HttpResponse:
    """Return the error as a page or a part of a page."""
    status = error.status
    context = {
        "title": error.title,
        "sentence": error.sentence,
        "findings": getattr(error, "findings", ()),
    }
    if is_htmx(request):
        answer = render(request, "parts/_sentence.html", context, status=status)
    else:
        answer = render(request, "sentence.html", context, status=status)
    if isinstance(error, TooMany):
        answer["Retry-After"] = str(error.wait)
    return answer


def page(verb: Verb = Verb.SEE, *, dear: str = "") -> Callable[[View[P]], View[P]]:
    """Require the permission for ``verb``, and show errors as sentences.

    Some verbs take a password that was entered recently: it is asked for before.
    ``dear`` is a kind of ``access.throttle``: what a person may not ask for at will.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def framed(
            request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            try:
                require(request.user, verb)
                if verb in CONFIRMED and request.method == "POST":
                    asked = password_again.ask_if_due(request)
                    if asked is not None:
                        return asked
                if dear:
                    throttle.admit(request.user.pk, dear)
                return view(request, *args, **kwargs)
            except NovawebError as error:
                return sorry(request, error)

        return framed

    return decorate


def in_utc(view: View[P]) -> View[P]:
    """Have the view show times in UTC to everybody: its page is filed, or goes by days.

    Its template says ``data-times="utc"``, so that no script changes them.
    """

    @wraps(view)
    def shown(
        request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        with display.times_in():
            return view(request, *args, **kwargs)

    return shown
