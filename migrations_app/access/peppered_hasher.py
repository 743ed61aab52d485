"""Hashes of passwords that also take a secret which is not in the database (pepper)."""

from __future__ import annotations

import hmac
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.utils.crypto import constant_time_compare

log = structlog.get_logger(__name__)


class PepperedPBKDF2(PBKDF2PasswordHasher):
    """Django's PBKDF2 of the password's HMAC-SHA-256 with the secret.

    A hash has the name of its secret, ``ALGORITHM$NAME$ITERATIONS$SALT$HASH``, so that
    the secret can be changed: hashes with an older one, and with none, are made again
    when their owner signs in (django.contrib.auth.hashers, ``verify_password``).
    """

    algorithm = "pbkdf2_sha256_peppered"

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        """Return the hash with the newest secret."""
        return self._encode(
            settings.NOVAWEB_PASSWORD_PEPPER, password, salt, iterations
        )

    def decode(self, encoded: str) -> dict[str, Any]:
        """Return the parts of the hash; ``pepper`` is the name of its secret."""
        algorithm, pepper, rest = encoded.split("$", 2)
        return {**super().decode(f"{algorithm}${rest}"), "pepper": pepper}

    def verify(self, password: str, encoded: str) -> bool:
        """Return whether the hash is of that password.

        It is of none if its secret is not there any more; the log says so.
        """
        told = self.decode(encoded)
        secret = _secrets().get(told["pepper"])
        if secret is None:
            log.error(
                "password not checked: NOVAWEB_PASSWORD_PEPPER and its fallbacks have"
                " not the secret of its hash",
                pepper=told["pepper"],
            )
            return False
        again = self._encode(secret, password, told["salt"], told["iterations"])
        return constant_time_compare(encoded, again)

    def must_update(self, encoded: str) -> bool:
        """Return whether the hash is to be made again."""
        newest = name_of(settings.NOVAWEB_PASSWORD_PEPPER)
        return self.decode(encoded)["pepper"] != newest or super().must_update(encoded)

    def _encode(
        self, secret: str, password: str, salt: str, iterations: int | None
    ) -> str:
        mixed = hmac.digest(secret.encode(), password.encode(), "sha256").hex()
        algorithm, _, rest = super().encode(mixed, salt, iterations).partition("$")
        return f"{algorithm}${name_of(secret)}${rest}"


def name_of(secret: str) -> str:
    """Return what hashes call the secret by; it cannot be found out from that."""
    return hmac.digest(secret.encode(), b"name of a pepper", "sha256").hex()[:8]


def _secrets() -> dict[str, str]:
    given = (
        settings.NOVAWEB_PASSWORD_PEPPER,
        *settings.NOVAWEB_PASSWORD_PEPPER_FALLBACKS,
    )
    return {name_of(secret): secret for secret in given if secret}
