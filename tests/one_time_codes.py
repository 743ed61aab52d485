"""What an authenticator app shows: TOTP (RFC 6238), computed without novaweb's code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from typing import Any

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import User

from migrations_app.access import second_factor

PERIOD = 30  # seconds


def code(secret: str, *, at: float) -> str:
    """Return the six digits that an app with this secret shows at that moment."""
    key = base64.b32decode(secret)
    counter = struct.pack(">Q", int(at) // PERIOD)
    digest = hmac.new(key, counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    (number,) = struct.unpack(">I", digest[start : start + 4])
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"


class Clock:
    """The time that codes are computed for: it stands until a test moves it."""

    def __init__(self, monkeypatch: Any) -> None:
        self.now = 1_800_000_000.0
        # (time.time itself must go on, for what waits beside the test)
        monkeypatch.setattr("allauth.mfa.totp.internal.auth.time", self)

    def time(self) -> float:
        """Return it, as the module ``time`` does."""
        return self.now


def app_of(user: User) -> str:
    """Give the person an app; return its secret."""
    secret: str = generate_totp_secret()
    TOTP.activate(user, secret)
    assert second_factor.has_one(user.pk)
    return secret
