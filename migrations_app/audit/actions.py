"""Actions on the proof of the audit trail: sign, verify a part, export."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from django.contrib.auth.models import User
from django.utils import timezone

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require
from migrations_app.audit import export as audit_export
from migrations_app.audit import recorder, signing
from migrations_app.audit.chain_check import Signed
from migrations_app.audit.export import Export, Narrow
from migrations_app.audit.verify import Verdict, verify_segment
from migrations_app.errors import Unfit
from migrations_app.models import AuditEntry, AuditHead

log = structlog.get_logger(__name__)
# So many entries are looked at for one page or answer.
MOST = 1000


def sign(*, by: User | None = None) -> Signed:
    """Sign the head of the chain. Raises NotAllowed; Unfit if signing is not possible.

    The signing is recorded first, so that the signature covers this entry.
    """
    if by is not None:
        require(by, Verb.SIGN)
    signing.private_key()  # nothing is recorded that cannot be
    recorder.record("audit.signed", by=by)
    signed = signing.sign(timezone.now())
    if signed is None:
        raise AssertionError("nobody else is waited for")
    return signed


def sign_due(now: datetime) -> bool:
    """Sign once a day; return whether this call made the signature."""
    if not signing.is_due(now):
        return False
    try:
        return signing.sign(now, unless_since=now - signing.EVERY) is not None
    except Unfit as error:
        log.error("audit not signed", reason=error.sentence)
        _alarm(error.sentence, now)
        return False


def _alarm(sentence: str, now: datetime) -> None:
    """Record that signing failed, so that people are notified once a day."""
    since = now - signing.EVERY
    said = AuditEntry.objects.filter(verb="audit.unsigned", at__gt=since)
    if not said.exists():
        recorder.record("audit.unsigned", note=sentence)


def segment(
    *, by: User, since: int | None = None, until: int | None = None
) -> tuple[int, int, Verdict]:
    """Verify the entries from one number to another; return both and the verdict.

    Without numbers the newest MOST entries. Raises NotAllowed; Unfit for more entries.
    """
    require(by, Verb.SEE_AUDIT)
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


def export(
    *, by: User, narrow: Narrow, filters: Mapping[str, str], until: int | None = None
) -> Export:
    """Return the content of an export; the export itself is recorded.

    Entries after number ``until`` are left out. The head of the chain is signed first
    if signing is configured; if that fails, the failure is logged, and the verifier
    reports that no signature covers the end. Raises NotAllowed.
    """
    require(by, Verb.SEE_AUDIT)
    span = audit_export.measure(narrow, until=until)
    facts = {"filters": dict(filters), "count": span.count, "until": span.until}
    recorder.record("audit.exported", by=by, after=facts)
    now = timezone.now()
    signed: list[dict[str, Any]] = []
    if signing.configured():
        try:
            signing.sign(now)
            signed = signing.signatures()
        except Unfit as error:
            log.error("export not signed", reason=error.sentence)
    return audit_export.prepare(narrow, span, filters=filters, signed=signed, now=now)
