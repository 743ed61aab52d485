"""Delegation of approval rights for a limited time, and its revocation."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from migrations_app.access import permissions
from migrations_app.access.permissions import Person, Refusal, Verb
from migrations_app.access.require import require, require_now
from migrations_app.audit import notes as audit_notes
from migrations_app.audit import recorder
from migrations_app.errors import TooLate, Unfit
from migrations_app.models import Delegation
from migrations_app.models.lookup import get_or_gone

LONGEST = timedelta(days=92)


def delegate(
    *, by: User, to: str, starts_at: datetime, ends_at: datetime, reason: str
) -> Delegation:
    """Delegate the approval right of ``by`` to the person of that name, for that time.

    Rights that were delegated to ``by`` are not part of it. Raises NotAllowed, Unfit.
    """
    require(by, Verb.DELEGATE)
    reason = audit_notes.note(
        reason, "Give a reason for the delegation (auditors read it)."
    )
    now = timezone.now()
    if ends_at <= starts_at:
        raise Unfit("The end is before the start.")
    if ends_at <= now:
        raise Unfit("The end is in the past.")
    if ends_at - max(starts_at, now) > LONGEST:
        raise Unfit(f"A delegation lasts at most {LONGEST.days} days.")
    taker = _taker(to.strip(), by)
    with transaction.atomic():
        require_now(by, Verb.DELEGATE)
        row = Delegation.objects.create(
            giver=by,
            giver_name=by.get_username(),
            taker=taker,
            taker_name=taker.get_username(),
            reason=reason,
            starts_at=starts_at,
            ends_at=ends_at,
            made_at=now,
        )
        recorder.record("delegation.made", by=by, note=reason, after=_told(row))
    return row


def revoke(number: int, *, by: User) -> Delegation:
    """End the delegation now; decisions made by it stay.

    Raises Gone, NotAllowed, and TooLate if it is over already.
    """
    row = get_or_gone(Delegation.objects.all(), number, "delegation")
    if refusal := why_not_revoke(permissions.person(by), row):
        raise refusal.error()
    now = timezone.now()
    with transaction.atomic():
        changed = Delegation.objects.filter(
            pk=row.pk, revoked_at=None, ends_at__gt=now
        ).update(revoked_at=now, revoked_by_name=by.get_username())
        if changed != 1:
            raise TooLate("The delegation has ended already.")
        recorder.record("delegation.revoked", by=by, before=_told(row))
    row.refresh_from_db()
    return row


def why_not_revoke(who: Person, row: Delegation) -> Refusal | None:
    """Return why the person may not end the delegation; None: they may."""
    administers = who.sets_policy or who.manages_accounts
    if who.id not in {row.giver_id, row.taker_id} and not administers:
        return Refusal(
            "Only the approver, the delegate or an administrator can end a delegation."
        )
    return None


def delegations() -> QuerySet[Delegation]:
    """Return every delegation, newest first."""
    return Delegation.objects.all()


def open_now() -> QuerySet[Delegation]:
    """Return the delegations that are not over, newest first."""
    return delegations().filter(revoked_at=None, ends_at__gt=timezone.now())


def _taker(name: str, by: User) -> User:
    taker = User.objects.filter(username=name, is_active=True).first()
    if taker is None:
        raise Unfit(f"There is no account called “{name[:60]}” here.")
    if taker.pk == by.pk:
        raise Unfit("You cannot delegate to yourself: choose another person.")
    if taker.is_superuser:
        raise Unfit(f"{name} is a superuser, and approvals by superusers do not count.")
    if permissions.why_not(permissions.person(taker), Verb.SEE):
        raise Unfit(
            f"{name} has no role and cannot see requests: ask an administrator of"
            " novaweb to give them a role."
        )
    return taker


def _told(row: Delegation) -> dict[str, str]:
    return {
        "giver": row.giver_name,
        "name": row.taker_name,
        "from": row.starts_at.isoformat(),
        "to": row.ends_at.isoformat(),
    }
