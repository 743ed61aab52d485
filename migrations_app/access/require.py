"""The check that every action of a person begins with."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, User

from migrations_app.access import permissions
from migrations_app.access.permissions import Person, Verb
from migrations_app.models import MigrationRequest, Run


def require(
    by: User | AnonymousUser,
    verb: Verb,
    *,
    request: MigrationRequest | None = None,
    run: Run | None = None,
) -> None:
    """Return if the person may do that, to this request or run if one is given.

    Raises NotAllowed if the person lacks the right, and TooLate if the state of the
    request or run does not allow it any more.
    """
    refusal = permissions.why_not(
        permissions.person(by), verb, request=request, run=run
    )
    if refusal is not None:
        raise refusal.error()


def require_now(
    by: User, verb: Verb, *, request: MigrationRequest | None = None
) -> Person:
    """Check as ``require`` does, with the person's rights read again; return them.

    For use under a row's lock, after something that took time: a right that was revoked
    meanwhile counts no more. Raises NotAllowed and TooLate.
    """
    who = permissions.current_person(by)
    refusal = permissions.why_not(who, verb, request=request)
    if refusal is not None:
        raise refusal.error()
    return who
