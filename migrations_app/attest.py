"""The verbs about the proof of the audit trail: sign it, look at a part of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.contrib.auth.models import User
from django.utils import timezone

from migrations_app import audit, policy
from migrations_app.errors import NotAllowed, Unfit
from migrations_app.models import AuditHead
from migrations_app.policy import Verb
from migrations_app.proof import signing
from migrations_app.proof.following import Signed
from migrations_app.proof.verify import Verdict, verify_segment

log = structlog.get_logger(__name__)
# So many entries are looked at for one page or answer.
MOST = 1000


def sign(*, by: User | None = None) -> Signed:
    """Sign where the chain ends now. Raises NotAllowed; Unfit when that cannot be.

    That it was signed is recorded first, so that the signature covers it.
    """
    if by is not None and (refusal := policy.why_not(policy.person(by), Verb.SIGN)):
        raise NotAllowed(refusal)
    signing.private_key()  # nothing is recorded that cannot be
    audit.record("audit.signed", by=by)
    signed = signing.sign(timezone.now())
    if signed is None:
        raise AssertionError("nobody else is waited for")
    return signed


def sign_due(now: datetime) -> bool:
    """Make the day's signature, unless it is made; return whether it was made here."""
    if not signing.due(now):
        return False
    try:
        return signing.sign(now, unless_since=now - signing.EVERY) is not None
    except Unfit as error:
        log.error("audit not signed", reason=error.sentence)
        return False


class Daily:
    """When a worker is to be rung for the day's signature: tried once a minute."""

    def __init__(self) -> None:
        self._asked: datetime | None = None

    def due(self, now: datetime) -> bool:
        """Tell whether to ring now."""
        if self._asked is not None and now - self._asked < timedelta(minutes=1):
            return False
        self._asked = now
        return signing.due(now)


def segment(
    *, by: User, since: int | None = None, until: int | None = None
) -> tuple[int, int, Verdict]:
    """Look at the entries from one number to another; return both and the verdict.

    Without numbers: the newest, MOST of them. Raises NotAllowed; Unfit for more.
    """
    if refusal := policy.why_not(policy.person(by), Verb.SEE_AUDIT):
        raise NotAllowed(refusal)
    last = AuditHead.objects.get(pk=1).entry
    until = last if until is None else until
    since = max(1, until - MOST + 1) if since is None else since
    if not 0 < since <= max(until, 1) or until > last:
        raise Unfit(f"There are entries from 1 to {last}: say which, in that order.")
    if until - since >= MOST:
        raise Unfit(
            f"At most {MOST} entries are looked at here; manage.py verify_audit looks"
            " at all."
        )
    return since, until, verify_segment(range(since, until + 1))
