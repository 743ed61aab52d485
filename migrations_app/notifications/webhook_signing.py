"""Secrets of webhooks: made, kept encrypted, and used for nothing but signing.

They are encrypted with a key that is derived from SECRET_KEY, so that a copy of the
database alone signs nothing. See docs/adr/0010-the-trail-is-the-outbox.md.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from migrations_app.access import sealing
from migrations_app.errors import Refused

PREFIX = "whsec_"
_PURPOSE = "novaweb webhook secrets"


def new() -> str:
    """Return a new secret, as Standard Webhooks writes it: 32 random bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def seal(secret: str) -> str:
    """Return the secret encrypted."""
    return sealing.seal(secret, purpose=_PURPOSE)


def unseal(sealed: str) -> str:
    """Return the secret. Raises Refused if SECRET_KEY has changed."""
    try:
        return sealing.unseal(sealed, purpose=_PURPOSE)
    except sealing.OtherKeyError as error:
        raise _unread() from error


def resealed(sealed: str) -> str:
    """Return the secret encrypted with SECRET_KEY itself, for it may be an older key's.

    Raises Refused if none of the keys reads it.
    """
    try:
        return sealing.resealed(sealed, purpose=_PURPOSE)
    except sealing.OtherKeyError as error:
        raise _unread() from error


def signature(secret: str, *, id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of Standard Webhooks 1.0: HMAC-SHA256 of id.time.body."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _unread() -> Refused:
    return Refused(
        "The webhook's secret cannot be read, since NOVAWEB_SECRET_KEY has changed:"
        " add the old one to NOVAWEB_SECRET_KEY_FALLBACKS, or make a new secret on the"
        " webhook's page."
    )
