"""Django's check of a name and a password, behind the throttle of all doors."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone

from migrations_app.access import passwords, sign_in_throttle
from migrations_app.errors import NotAllowed, NovawebError

_WAIT = "_novaweb_sign_in_wait"
_TROUBLE = "_novaweb_sign_in_trouble"
_PROGRAM = "_novaweb_program"
# A credential that lies in a program's configuration is no person who decides.
OF_A_PROGRAM = (
    "An application credential is for programs: they get a token of scope read or ask"
    " by it. People sign in by their own name."
)


class ThrottledBackend(ModelBackend):
    """Checks no password while the name or the address has to wait.

    Without a request nobody is at a door, and nothing is counted: a command of the
    machine itself.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Return the account. Raises PermissionDenied if the try has to wait."""
        if username is None or password is None:
            return None
        if request is None:
            return self.look_at(None, username, password)
        admission = sign_in_throttle.admit(
            name=username, address=address_of(request), now=timezone.now()
        )
        if admission.wait:
            has_to_wait(request, admission.wait)
            raise PermissionDenied
        user = self.look_at(request, username, password)
        if user is not None:
            admission.succeeded()
        elif trouble(request) is not None:
            admission.was_no_guess()
        return user

    def look_at(
        self, request: HttpRequest | None, username: str, password: str
    ) -> User | None:
        """Return the account whose name and password these are.

        A password that somebody else set, and that its owner has not changed in time,
        opens nothing: the door says why.
        """
        user = super().authenticate(request, username, password)
        if not isinstance(user, User):
            return None
        if sentence := passwords.why_expired(user.pk):
            has_trouble(request, NotAllowed(sentence))
            return None
        return user


def address_of(request: HttpRequest) -> str:
    """Return the client's address; the web server says who that is, no header does."""
    return str(request.META.get("REMOTE_ADDR") or "")


def has_to_wait(request: HttpRequest, wait: timedelta) -> None:
    """Note it, so that the door, which gets no exception, can say how long."""
    setattr(request, _WAIT, wait.total_seconds())


def has_trouble(request: HttpRequest | None, error: NovawebError) -> None:
    """Note why nobody is let in, though it is not said that the password is wrong."""
    if request is not None:
        setattr(request, _TROUBLE, error)


def trouble(request: HttpRequest | None) -> NovawebError | None:
    """Return that error, for the door to show."""
    found: NovawebError | None = getattr(request, _TROUBLE, None)
    return found


def is_program(user: User) -> None:
    """Note that it is no person who was let in, but a program of theirs."""
    setattr(user, _PROGRAM, True)


def came_by_program(user: Any) -> bool:
    """Return whether the account was let in by the credential of a program."""
    return bool(getattr(user, _PROGRAM, False))


def says(request: HttpRequest | None, *, wrong: str) -> str:
    """Return the sentence for who was not let in: wait, trouble, or what is wrong."""
    if seconds := seconds_to_wait(request):
        return says_wait(seconds)
    error = trouble(request)
    return error.sentence if error is not None else wrong


def seconds_to_wait(request: HttpRequest | None) -> int:
    """Return for how long the try has to wait; 0: its password was looked at."""
    return math.ceil(getattr(request, _WAIT, 0))


def says_wait(seconds: int) -> str:
    """Return the sentence for who has to wait."""
    minutes = math.ceil(seconds / 60)
    span = f"{seconds} seconds" if seconds < 100 else f"{minutes} minutes"
    return f"Too many sign-ins from here failed. Try again in {span}."
