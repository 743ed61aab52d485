"""Signs the head of the chain whenever it has moved, and says how the proof stands.

The chain alone does not show removed last entries, nor a complete rewrite. Signatures
in a file outside the database do, as long as an attacker who can change the database
has neither the file nor the key. What is signed follows from what was signed last: a
chain that was rewritten or cut is not signed on, and people are notified at once.
"""

from __future__ import annotations

import fcntl
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from migrations_app.audit import second_place, signed_file
from migrations_app.audit.chain_check import Follower, Signed
from migrations_app.audit.hashing import GENESIS, moment
from migrations_app.audit.signing_key import (
    SIGNED,
    configured,
    private_key,
    signed_line,
)
from migrations_app.audit.verify import follow_to_head
from migrations_app.errors import Unfit
from migrations_app.models import AuditHead, AuditSignature, AuditWatch

EVERY = timedelta(minutes=1)
# So long entries may stay unsigned, and the trail unverified, before pages say so.
PATIENCE = timedelta(minutes=15)
UNSEEN = timedelta(hours=3)
# What a machine found that has been silent for so much longer than another is past.
GONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """Status of the proof; ``state`` is ok, off, missing, old or bad."""

    state: str
    sentence: str
    last: AuditSignature | None = None

    @property
    def alarming(self) -> bool:
        """Whether something is wrong, or signing configured but not done."""
        return self.state not in ("ok", "off")


def place() -> str:
    """Return where this process signs: its machine, and the path of the file."""
    return f"{socket.gethostname()}:{settings.NOVAWEB_AUDIT_SIGNED}"


def sign(now: datetime, *, unless_since: datetime | None = None) -> Signed | None:
    """Sign the head of the chain: into the file, synced to disk, and a second place.

    Returns None if nothing is to be signed: the head has not moved, or was signed after
    ``unless_since``. Raises Unfit if signing is not possible, and Bad, with nothing
    signed, if the chain does not follow from what was signed last.
    """
    key = private_key()
    path = Path(settings.NOVAWEB_AUDIT_SIGNED)
    try:
        with path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            last = signed_file.last_line(file, key.public_key())
            since = moment(unless_since) if unless_since else None
            if last and since and since < last["at"] <= moment(now):
                return None
            _require_whole(last)
            head = _followed(last)
            if last and last["count"] == head.count:
                AuditWatch.objects.filter(place=place()).update(signed_at=now)
                return None
            facts = {"at": moment(now), "count": head.count}
            facts |= {"digest": head.digest, "entry": head.entry}
            line = signed_line(key, facts)
            text = signed_file.append(file, line)
            _keep(line, now)
    except OSError as error:
        why = error.strerror or str(error)
        raise Unfit(f"The signed digests {path} cannot be written: {why}.") from error
    second_place.hand_on(text)
    return Signed(line["at"], line["count"], line["entry"], line["digest"])


def _require_whole(last: dict[str, Any] | None) -> None:
    """Raise Unfit if this file had a later signature: it was emptied or cut."""
    known = AuditSignature.objects.filter(place=place()).order_by("count").last()
    if known is not None and (last is None or last["count"] < known.count):
        what = "are gone" if last is None else "were cut"
        raise Unfit(
            f"The signed digests {settings.NOVAWEB_AUDIT_SIGNED} {what}, though entry"
            f" {known.entry} was signed there at {known.at}: put the file back, or"
            " begin another one under another name."
        )


def _followed(last: dict[str, Any] | None) -> AuditHead:
    """Return the head, to which the chain leads from the last signature. Raises Bad."""
    signed = signed_file.places([last] if last else [])
    begun = signed[0] if signed else Signed("", 0, 0, GENESIS)
    follower = Follower(
        signed, count=begun.count, entry=begun.entry, digest=begun.digest
    )
    return follow_to_head(follower)


def _keep(line: dict[str, Any], now: datetime) -> None:
    """Have the database know the day's last signature, for exports and pages."""
    last, _ = AuditSignature.objects.update_or_create(
        place=place(), day=now.astimezone(UTC).date(), defaults=line
    )
    found = {"signs": True, "last": last, "signed_at": now, "unsigned": ""}
    AuditWatch.objects.update_or_create(place=place(), defaults=found)


def daily(last: AuditSignature | None) -> list[dict[str, Any]]:
    """Return the last signature of each day by the key of that one, for an export."""
    if last is None:
        return []
    found = AuditSignature.objects.filter(key=last.key)
    return list(found.values(*SIGNED, "signature"))


def standing(now: datetime) -> Standing:
    """Return how the proof stands, as workers last found it; one query."""
    watches = list(AuditWatch.objects.select_related("last"))
    heard = [w.tended_at or w.signed_at or w.looked_at for w in watches]
    newest = max((at for at in heard if at is not None), default=None)
    fresh = [
        watch
        for watch, at in zip(watches, heard, strict=True)
        if at is None or newest is None or at > newest - GONE
    ]
    for found in (*(w.trouble for w in fresh), *(w.unsigned for w in fresh)):
        if found:
            return Standing("bad", found)
    return _unless_silent(fresh, now)


def _unless_silent(watches: list[AuditWatch], now: datetime) -> Standing:
    looked = max((w.looked_at for w in watches if w.looked_at), default=None)
    if looked is not None and looked < now - UNSEEN:
        return Standing(
            "old",
            f"The audit trail was last verified at {moment(looked)}: a worker should"
            " have verified it since. Check the logs of the workers.",
        )
    if not configured() and not any(watch.signs for watch in watches):
        return Standing(
            "off",
            "The audit trail is not signed: removed or rewritten entries would not"
            " be detected. An administrator can set up signing (docs/audit.md).",
        )
    signed = [
        (watch.signed_at, watch.last)
        for watch in watches
        if watch.last is not None and watch.signed_at is not None
    ]
    if not signed:
        return Standing("missing", "The audit trail has not been signed yet.")
    signed_at, last = max(signed, key=lambda each: each[0])
    if signed_at < now - PATIENCE:
        return Standing(
            "old",
            f"The audit trail was last signed at {last.at}: a worker should have"
            " signed it since. Check the logs of the workers.",
            last,
        )
    return Standing("ok", f"Signed at {last.at}, up to entry {last.entry}.", last)
