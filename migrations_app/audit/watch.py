"""What each worker does for the proof of the trail by itself: sign, verify, alarm.

It asks no queue: an attacker who stops Redis must not stop this. The findings are in
the database for pages and metrics, in an entry of the trail for notifications, and in
the log for people who do not trust the database.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import connection
from django.db.models import Q

from migrations_app.audit import recorder, signed_file, signing, triggers
from migrations_app.audit.chain_check import Bad, Follower, Signed
from migrations_app.audit.hashing import GENESIS
from migrations_app.audit.signed_file import Known
from migrations_app.audit.signing_key import configured, private_key
from migrations_app.audit.verify import (
    Verdict,
    follow_to_head,
    verify_again,
    verify_all,
)
from migrations_app.errors import Unfit
from migrations_app.models import AuditEntry, AuditSignature, AuditWatch

log = structlog.get_logger(__name__)
LOOK_EVERY = timedelta(hours=1)
ALARM_EVERY = timedelta(days=1)
# So many older entries are verified again in each hour: seconds of one processor.
AGAIN = 20_000


def tend(now: datetime) -> None:
    """Sign what is new, once a minute, and verify, once an hour.

    One process of this place does it; the others find that it was done.
    """
    watch, _ = AuditWatch.objects.get_or_create(
        place=signing.place(), defaults={"signs": configured()}
    )
    if configured() and _claim(watch, "tended_at", now, signing.EVERY):
        sign_due(now)
    if _claim(watch, "looked_at", now, LOOK_EVERY):
        look(now)


def _claim(watch: AuditWatch, column: str, now: datetime, every: timedelta) -> bool:
    at = getattr(watch, column)
    if at is not None and now - every < at <= now:
        return False
    # a clock that was set back must not stop it: what is to come is not known
    due = Q(**{column: None}) | Q(**{f"{column}__lte": now - every})
    due |= Q(**{f"{column}__gt": now})
    rows = AuditWatch.objects.filter(due, pk=watch.pk)
    return bool(rows.update(**{column: now}))


def sign_due(now: datetime) -> None:
    """Sign the head if it has moved; what stands in the way is told."""
    sentence = ""
    try:
        signing.sign(now, unless_since=now - signing.EVERY)
    except Unfit as error:
        sentence = error.sentence
    except Bad as bad:
        sentence = f"The audit trail is not signed any more: {bad.sentence}"
    AuditWatch.objects.filter(place=signing.place()).update(
        signs=True, unsigned=sentence
    )
    if sentence:
        _alarm("audit.unsigned", sentence, now)


def look(now: datetime) -> str:
    """Verify what is new since the last time, and a stretch of what is older.

    Returns, and tells, what is wrong; empty: nothing.
    """
    watch = AuditWatch.objects.get(place=signing.place())
    try:
        found = _verified(watch, now)
    except (Bad, Unfit) as error:
        AuditWatch.objects.filter(pk=watch.pk).update(trouble=error.sentence)
        _alarm("audit.broken", error.sentence, now)
        return error.sentence
    AuditWatch.objects.filter(pk=watch.pk).update(trouble="", **found)
    return ""


def look_at_all(
    now: datetime, *, tell: Callable[[int, int], None] | None = None
) -> Verdict:
    """Verify everything: every entry, every signature, the triggers.

    What was found wrong before is forgotten if all is as it should be.
    """
    signed: list[Signed] = []
    known, trouble = Known(), None
    try:
        if configured():
            signed, known = _whole_file()
    except Unfit as error:
        trouble = Bad("signature", 0, error.sentence)
    verdict = verify_all(signed, tell=tell)
    trouble = verdict.bad or trouble or _around_the_chain(signed, now)
    found: dict[str, Any] = {"trouble": trouble.sentence if trouble else ""}
    if trouble is None:
        reached = verdict.proven if configured() else verdict.reached
        found |= _reached(reached, known)
    found |= {"looked_at": now, "signs": configured()}
    AuditWatch.objects.update_or_create(place=signing.place(), defaults=found)
    return replace(verdict, bad=trouble)


def _whole_file() -> tuple[list[Signed], Known]:
    path = Path(settings.NOVAWEB_AUDIT_SIGNED)
    lines, known = signed_file.news(path, private_key().public_key(), Known())
    return signed_file.places(lines), known


def _around_the_chain(signed: list[Signed], now: datetime) -> Bad | None:
    """Return what is wrong although the chain holds; None: nothing."""
    if wrong := _triggers_wrong():
        return Bad("triggers", 0, wrong)
    if not configured():
        return None
    there = {(each.count, each.digest) for each in signed}
    for row in AuditSignature.objects.filter(place=signing.place()):
        if (row.count, row.digest) not in there:
            return Bad(
                "signature",
                0,
                f"The signature that was made at {row.at} is missing in"
                f" {settings.NOVAWEB_AUDIT_SIGNED}: the file was cut or replaced.",
            )
    if not signed:
        return Bad("signature", 0, "The audit trail has not been signed yet.")
    last = max(signed, key=lambda each: each.count)
    rest = AuditEntry.objects.filter(pk__gt=last.entry, at__lt=now - signing.PATIENCE)
    if rest.exists():
        return Bad(
            "signature",
            0,
            f"The audit trail was last signed at {last.at}, and entries were added"
            f" since: nothing proves those after entry {last.entry} yet.",
        )
    return None


def _triggers_wrong() -> str:
    wrong = triggers.unlike(connection)
    if not wrong:
        return ""
    return (
        "The triggers that keep the audit trail from being changed are missing, out"
        f" of force or not novaweb's own: {', '.join(wrong)}. Find out who changed"
        " them, and verify the trail (manage.py verify_audit)."
    )


def _stretch(watch: AuditWatch, newest: int, now: datetime) -> tuple[int, int]:
    """Return behind which entry, and up to which, all is verified again in this hour.

    In each hour others are, so that all are in turn; all at once while there is
    trouble, which the next ones must not hide.
    """
    if watch.trouble:
        return 0, newest
    hour = int(now.timestamp() // LOOK_EVERY.total_seconds())
    after = hour % (newest // AGAIN + 1) * AGAIN
    return after, min(after + AGAIN, newest)


def _verified(watch: AuditWatch, now: datetime) -> dict[str, Any]:
    """Return up to where all is as it should be. Raises Bad, Unfit."""
    if wrong := _triggers_wrong():
        raise Unfit(wrong)
    known = Known(watch.size, watch.sha256)
    signed: list[Signed] = []
    if configured():
        public = private_key().public_key()
        path = Path(settings.NOVAWEB_AUDIT_SIGNED)
        lines, known = signed_file.news(path, public, known)
        signed = signed_file.places(lines)
    follower = Follower(
        signed,
        count=watch.count,
        entry=watch.entry,
        digest=watch.digest or GENESIS,
    )
    head = follow_to_head(follower)
    verify_again(*_stretch(watch, head.entry, now))
    # a signature that is made meanwhile must not lie before where we go on
    return _reached(follower.proven if configured() else follower.reached, known)


def _reached(reached: Signed | None, known: Known) -> dict[str, Any]:
    found: dict[str, Any] = {"size": known.size, "sha256": known.sha256}
    if reached is not None:
        found |= {"count": reached.count, "entry": reached.entry}
        found |= {"digest": reached.digest}
    return found


def _alarm(verb: str, sentence: str, now: datetime) -> None:
    """Log it, and record it once a day, so that people are notified."""
    log.critical("proof of the audit trail", verb=verb, reason=sentence)
    since = now - ALARM_EVERY
    if not AuditEntry.objects.filter(verb=verb, note=sentence, at__gt=since).exists():
        recorder.record(verb, note=sentence)
