"""Actions on the proof of the audit trail: sign, verify a part, export."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib.auth.models import User
from django.utils import timezone

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require
from migrations_app.audit import export as audit_export
from migrations_app.audit import recorder, signing
from migrations_app.audit.chain_check import Bad, Signed
from migrations_app.audit.export import Export, Narrow
from migrations_app.audit.signing import Standing
from migrations_app.audit.signing_key import fingerprint, private_key
from migrations_app.audit.verify import Verdict, verify_segment
from migrations_app.errors import Unfit
from migrations_app.models import AuditEntry, AuditHead

# So many entries are looked at for one page or answer.
MOST = 1000


def sign() -> Signed:
    """Sign the head of the chain, by command. Raises Unfit if that is not possible.

    The signing is recorded first, so that the signature covers this entry.
    """
    key = fingerprint(private_key().public_key())  # nothing is recorded that cannot be
    recorder.record("audit.signed", after={"key": key})
    try:
        signed = signing.sign(timezone.now())
    except Bad as bad:
        raise Unfit(f"Nothing was signed: {bad.sentence}") from bad
    if signed is None:
        raise Unfit("A worker has just signed it.")
    return signed


def ask_to_sign(*, by: User) -> Standing:
    """Have a worker sign the trail, which it does within a minute; return the standing.

    The wish is recorded, once a minute at most, with the fingerprint of the key that
    signed last. Raises NotAllowed; Unfit if signing is not set up.
    """
    require(by, Verb.SIGN)
    now = timezone.now()
    found = signing.standing(now)
    if found.state == "off":
        raise Unfit(found.sentence)
    since = now - signing.EVERY
    if not AuditEntry.objects.filter(verb="audit.signed", at__gt=since).exists():
        key = found.last.key if found.last else ""
        recorder.record("audit.signed", by=by, after={"key": key})
    return found


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

    Entries after number ``until`` are left out, and those that are not signed yet: the
    export ends where a signature proves it. If the trail is not signed as it should be,
    all entries are in it, and the verifier reports that no signature covers the end.
    Raises NotAllowed.
    """
    require(by, Verb.SEE_AUDIT)
    now = timezone.now()
    found = signing.standing(now)
    end = None
    if found.state == "ok" and found.last is not None:
        end = Signed(
            found.last.at, found.last.count, found.last.entry, found.last.digest
        )
        until = end.entry if until is None else min(until, end.entry)
    span = audit_export.measure(narrow, until=until)
    facts = {"filters": dict(filters), "count": span.count, "until": span.until}
    recorder.record("audit.exported", by=by, after=facts)
    signed = signing.daily(found.last)
    return audit_export.prepare(
        narrow, span, filters=filters, signed=signed, now=now, end=end
    )
