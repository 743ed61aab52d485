"""Sessions of signed-in people: how long they last, and which ones there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from migrations_app.access.sign_in_backend import address_of
from migrations_app.access.sign_in_throttle import keyed_hash
from migrations_app.models import Session

_USE = "novaweb_use"
_PASSWORD_AT = "novaweb_password_at"  # noqa: S105 - no password but a time
_FACTOR_AT = "novaweb_factor_at"
# What changes how one signs in is confirmed even where approvals are not, in minutes.
AT_LEAST = 15.0
# Requests with this header are a page's own, not somebody's who uses it (session.js).
AUTOMATIC = "X-Automatic"
# The time of the last use is written this often, not at every request.
SELDOM = timedelta(minutes=1)

_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Use:
    """Since when somebody is signed in, when they last used it, and from where."""

    began_at: datetime
    used_at: datetime
    address: str
    agent: str

    @property
    def ends_at(self) -> datetime:
        """When the session ends: unused, or however it is used."""
        idle = timedelta(minutes=settings.NOVAWEB_SESSION_IDLE)
        longest = timedelta(hours=settings.NOVAWEB_SESSION_HOURS)
        return min(self.used_at + idle, self.began_at + longest)

    def write(self, session: SessionBase) -> None:
        """Put it into the session, whose row then has it, too."""
        session[_USE] = [
            self.began_at.isoformat(),
            self.used_at.isoformat(),
            self.address,
            self.agent,
        ]

    @classmethod
    def read(cls, data: Mapping[str, Any] | SessionBase) -> Use | None:
        """Return what the session has of it; None: nobody is signed in by it."""
        found = data.get(_USE)
        if not found or SESSION_KEY not in data:
            return None
        began, used, address, agent = found
        began_at, used_at = datetime.fromisoformat(began), datetime.fromisoformat(used)
        return cls(began_at, used_at, address, agent)


def begin(request: HttpRequest) -> None:
    """Begin the time of the session, in which somebody has just signed in.

    Sessions that ended by themselves are removed.
    """
    now = timezone.now()
    agent = coarse(request.headers.get("User-Agent", ""))
    Use(now, now, address_of(request)[:50], agent).write(request.session)
    password_entered(request)
    Session.objects.filter(expire_date__lt=now).delete()


def touch(request: HttpRequest) -> None:
    """Write that the session is used, unless the page asked by itself."""
    use = Use.read(request.session)
    if use is None or _is_automatic(request):
        return
    now = timezone.now()
    if now - use.used_at > SELDOM:
        replace(use, used_at=now).write(request.session)


def _is_automatic(request: HttpRequest) -> bool:
    # (a browser sends no header of ours with an EventSource)
    streams = "text/event-stream" in request.headers.get("Accept", "")
    return streams or AUTOMATIC in request.headers


def password_entered(request: HttpRequest) -> None:
    """Note that the person has just entered their password."""
    request.session[_PASSWORD_AT] = timezone.now().isoformat()


def factor_shown(request: HttpRequest) -> None:
    """Note that the person has just shown a second factor."""
    request.session[_FACTOR_AT] = timezone.now().isoformat()


def has_shown_factor(request: HttpRequest) -> bool:
    """Return whether a second factor was shown in this session."""
    return _FACTOR_AT in request.session


def is_confirmed(request: HttpRequest) -> bool:
    """Return whether password or second factor need not be asked for again."""
    span = timedelta(minutes=settings.NOVAWEB_REAUTHENTICATE)
    return not span or _is_within(span, request, (_FACTOR_AT, _PASSWORD_AT))


def may_change_sign_in(request: HttpRequest, *, by_factor: bool) -> bool:
    """Return the same for who changes how they sign in, which is always confirmed.

    ``by_factor``: by a second factor, not by the password.
    """
    moments = (_FACTOR_AT,) if by_factor else (_FACTOR_AT, _PASSWORD_AT)
    span = timedelta(minutes=settings.NOVAWEB_REAUTHENTICATE or AT_LEAST)
    return _is_within(span, request, moments)


def _is_within(span: timedelta, request: HttpRequest, moments: tuple[str, ...]) -> bool:
    found = [request.session[name] for name in moments if name in request.session]
    now = timezone.now()
    return any(abs(now - datetime.fromisoformat(at)) <= span for at in found)


def of(person_id: int) -> QuerySet[Session]:
    """Return the sessions in which the person is signed in now, newest use first."""
    rows = Session.objects.filter(person=person_id, expire_date__gt=timezone.now())
    return rows.order_by("-used_at", "-began_at")


def reference(session_key: str | None) -> str:
    """Return what a page calls the session by; its key is the cookie itself."""
    return keyed_hash(f"session {session_key}")[:32]


def coarse(agent: str) -> str:
    """Return the browser and the system of a user agent, for people to know it by."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or "unknown program"
