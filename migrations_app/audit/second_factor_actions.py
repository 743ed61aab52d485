"""Second factors are set up, and taken away, each act with its entry in the trail."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.webauthn.internal.auth import WebAuthn
from django.contrib.auth.models import User
from django.db import transaction

from migrations_app.access import (
    credentials,
    permissions,
    second_factor,
    second_factor_check,
)
from migrations_app.audit import recorder
from migrations_app.errors import Gone, NotAllowed, TooLate, Unfit
from migrations_app.models import Session

MOST_KEYS = 10
LONGEST_NAME = 50
OFF = "Second factors are switched off here. Ask an administrator of novaweb."
WRONG_KEY = (
    "The security key was not added, since it did not answer as expected, or too late."
    " Try again."
)


def add_app(user: User, secret: str, *, code: str, here: str) -> list[str]:
    """Set up an app with that secret, which showed that code.

    Returns the recovery codes if there were none before. With the first factor the
    person's sessions end, but for the one whose key is ``here``: they were begun by a
    password alone. Raises Unfit for a wrong code, TooLate if there is an app.
    """
    _require_use()
    counter = second_factor_check.counter_of(secret, second_factor_check.plain(code))
    if counter is None:
        raise Unfit(second_factor_check.WRONG_CODE)
    with transaction.atomic():
        _lock(user)
        if second_factor.of(user.pk).filter(type=second_factor.APP).exists():
            raise TooLate("There is an app already: remove it before you add another.")
        second_factor_check.use(user.pk, counter)
        TOTP.activate(user, secret)
        return _added(user, "an app", here=here)


def add_key(user: User, answer: str, *, name: str, here: str) -> list[str]:
    """Set up the security key that gave this answer; the rest as with an app.

    Raises Unfit for another answer than was asked for, or too many keys.
    """
    _require_use()
    credential = second_factor_check.new_key(answer)
    if credential is None:
        raise Unfit(WRONG_KEY)
    with transaction.atomic():
        _lock(user)
        keys = second_factor.of(user.pk).filter(type=second_factor.KEY).count()
        if keys >= MOST_KEYS:
            raise Unfit(f"You have {keys} security keys: remove one first.")
        name = " ".join(name.split())[:LONGEST_NAME] or f"Key {keys + 1}"
        WebAuthn.add(user, name, credential)
        return _added(user, f"the security key “{name}”", here=here)


def make_codes(user: User) -> list[str]:
    """Give the person new recovery codes; the old ones end. Raises Unfit."""
    _require_use()
    with transaction.atomic():
        _lock(user)
        if not second_factor.has_one(user.pk):
            raise Unfit("Set up an app or a security key first.")
        second_factor.of(user.pk).filter(type=second_factor.CODES).delete()
        codes = list(RecoveryCodes.activate(user).get_unused_codes())
        recorder.record("account.codes_made", by=user, after=_named(user))
    return codes


def remove(user: User, number: int) -> None:
    """Remove one of the person's own factors. Raises Gone and NotAllowed.

    With the last one the recovery codes go; who must have one keeps it.
    """
    with transaction.atomic():
        _lock(user)
        factors = second_factor.of(user.pk).exclude(type=second_factor.CODES)
        row = factors.filter(pk=number).first()
        if row is None:
            raise Gone("You have no such second factor. You may have removed it.")
        last = not factors.exclude(pk=number).exists()
        if last and second_factor.is_required_of(permissions.person(user)):
            raise NotAllowed(
                "You must have a second factor: set up another one, then remove this."
            )
        what = says(row)
        row.delete()
        if last:
            second_factor.of(user.pk).delete()
        facts = {**_named(user), "second factor": what}
        recorder.record("account.factor_removed", by=user, before=facts)


def take_away(user: User, *, by: User | None, actor_name: str | None = None) -> int:
    """Remove all factors of somebody who has lost them; return how many these were.

    The person's sessions and tokens end. Raises NotAllowed for one's own: these are
    removed on the page for that, which asks for the factor.
    """
    if by is not None and by.pk == user.pk:
        raise NotAllowed(
            "Your own second factor is removed on the page “Second factor”, below your"
            " name. Another administrator can take it away, or manage.py second_factor."
        )
    with transaction.atomic():
        _lock(user)
        rows = list(second_factor.of(user.pk))
        factors = [says(row) for row in rows if row.type != second_factor.CODES]
        if not factors:
            return 0
        second_factor.of(user.pk).delete()
        ended = credentials.end_all(user.pk)
        facts = {**_named(user), "second factor": ", ".join(factors)}
        recorder.record(
            "account.factor_removed",
            by=by,
            actor_name=actor_name,
            before=facts,
            after={**_named(user), **ended.facts()},
        )
    return len(factors)


def says(row: Authenticator) -> str:
    """Return what a factor is, in words."""
    if row.type == second_factor.KEY:
        return f"the security key “{row.wrap().name}”"
    return "an app" if row.type == second_factor.APP else "recovery codes"


def _added(user: User, what: str, *, here: str) -> list[str]:
    """Record it, as the last write; see ``add_app``."""
    rows = second_factor.of(user.pk)
    facts: dict[str, Any] = {**_named(user), "second factor": what}
    codes: list[str] = []
    if not rows.filter(type=second_factor.CODES).exists():
        codes = list(RecoveryCodes.activate(user).get_unused_codes())
        facts["recovery codes"] = len(codes)
    if rows.exclude(type=second_factor.CODES).count() == 1:
        others = Session.objects.filter(person=user).exclude(pk=here)
        ended, _ = others.delete()
        if ended:
            facts["sessions ended"] = ended
    recorder.record("account.factor_added", by=user, after=facts)
    return codes


def _named(user: User) -> dict[str, Any]:
    return {"name": user.get_username(), "account": user.pk}


def _lock(user: User) -> None:
    User.objects.select_for_update().get(pk=user.pk)


def _require_use() -> None:
    if not second_factor.is_in_use():
        raise NotAllowed(OFF)
