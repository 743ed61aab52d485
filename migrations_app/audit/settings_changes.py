"""Records changed settings when a process starts.

Web and worker processes compare their settings at the start with the last ones of their
kind in the audit trail. Secrets, and settings that may contain secrets, are stored as
keyed fingerprints: a change is visible, the value is not.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, connections, transaction

from migrations_app.audit import recorder
from migrations_app.audit.hashing import storable
from migrations_app.audit.signing_key import fingerprint, private_key
from migrations_app.errors import Unfit
from migrations_app.models import AuditEntry, AuditHead

log = structlog.get_logger(__name__)
NAMES = (
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "DEBUG",
    "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS",
    "DATABASES",
    "TIME_ZONE",
    "HTTPS",
    "SECURE_HSTS_SECONDS",
    "SECURE_HSTS_INCLUDE_SUBDOMAINS",
    "SECURE_HSTS_PRELOAD",
)
AUDIT_KEY = "NOVAWEB_AUDIT_KEY (SHA-256 of the public key)"
_SECRET = re.compile(r"SECRET|TOKEN$|PASSWORD(?!_HOURS$)|DATABASES|(?<!TICKET)_URL$")


def now() -> dict[str, Any]:
    """Return the operator's settings, with secrets as fingerprints.

    Beside the path of the audit key stands the key's own fingerprint: another key may
    be put under the same path.
    """
    given = (name for name in dir(settings) if name.startswith("NOVAWEB_"))
    found = {
        name: shown(name, getattr(settings, name))
        for name in sorted({*given, *NAMES})
        if hasattr(settings, name)
    }
    if settings.NOVAWEB_AUDIT_KEY:
        found[AUDIT_KEY] = _audit_key()
    return found


def _audit_key() -> str:
    """Return the fingerprint of the key that signs, or why there is none."""
    try:
        return fingerprint(private_key().public_key())
    except Unfit as error:
        return error.sentence


def last(kind: str) -> dict[str, Any]:
    """Return the last settings of processes of that kind, from the audit trail."""
    found: dict[str, Any] = {}
    entries = AuditEntry.objects.filter(verb="settings.changed").order_by("pk")
    for after in entries.values_list("after", flat=True):
        if after.get("process") == kind:
            found |= after.get("settings", {})
            for name in after.get("gone", []):
                found.pop(name, None)
    return found


def compare(kind: str) -> bool:
    """Record the changes since the last start of a process of that kind (web, worker).

    If several start at once, one records them. Returns whether this one did.
    """
    with transaction.atomic():
        AuditHead.objects.select_for_update().get(pk=1)
        before, given = last(kind), now()
        changed = {k: v for k, v in given.items() if k not in before or before[k] != v}
        gone = sorted(set(before) - set(given))
        if not changed and not gone:
            return False
        recorder.record(
            "settings.changed",
            before={
                "settings": {k: before[k] for k in before if k in {*changed, *gone}}
            },
            after={"process": kind, "name": kind, "settings": changed, "gone": gone},
        )
    return True


def compare_beside(kind: str) -> None:
    """Call ``compare`` in a thread: a server must not wait for its database."""
    threading.Thread(target=_try, args=(kind,), daemon=True, name="settings").start()


def _try(kind: str) -> None:
    try:
        compare(kind)
    except (DatabaseError, AuditHead.DoesNotExist) as error:
        log.warning("settings not compared", reason=str(error))
    finally:
        connections.close_all()


def shown(name: str, value: Any) -> Any:
    """Return the value of a setting as the audit trail stores it."""
    if not _SECRET.search(name) or value in ("", None):
        return storable(value)
    text = json.dumps(value, default=str, sort_keys=True)
    key = hashlib.sha256(f"novaweb settings {settings.SECRET_KEY}".encode()).digest()
    return f"secret {hmac.digest(key, text.encode(), 'sha256').hex()[:16]}"
