"""Audit entries for sign-in, sign-out and failed sign-in.

Signals are otherwise not used, but Django's pages, its admin, single sign-on and the
API all sign accounts in, and only these three signals cover them all.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import (
    user_logged_in,
    user_logged_out,
    user_login_failed,
)
from django.contrib.auth.models import AbstractBaseUser
from django.dispatch import receiver
from django.http import HttpRequest

from migrations_app.audit import recorder

LONGEST_NAME = 150


@receiver(user_logged_in)
def signed_in(
    sender: Any, request: HttpRequest | None, user: AbstractBaseUser, **kwargs: Any
) -> None:
    """Record that somebody signed in."""
    recorder.record("account.signed_in", by=user, note=_where(request))


@receiver(user_logged_out)
def signed_out(
    sender: Any,
    request: HttpRequest | None,
    user: AbstractBaseUser | None,
    **kwargs: Any,
) -> None:
    """Record a sign-out; an expired session records nothing."""
    if user is not None:
        recorder.record("account.signed_out", by=user, note=_where(request))


@receiver(user_login_failed)
def refused(
    sender: Any,
    credentials: dict[str, Any],
    request: HttpRequest | None = None,
    **kwargs: Any,
) -> None:
    """Record a failed sign-in, under the name that was entered."""
    name = str(credentials.get("username") or "").replace("\0", "")[:LONGEST_NAME]
    recorder.record(
        "account.refused", actor_name=name or "nobody", note=_where(request)
    )


def _where(request: HttpRequest | None) -> str:
    return f"At {request.path}" if request is not None else ""
