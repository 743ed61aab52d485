"""Secrets that are kept in the database: encrypted with a key derived from SECRET_KEY.

A copy of the database alone reads none of them. Each purpose has a key of its own.
"""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class OtherKeyError(Exception):
    """Neither SECRET_KEY nor a fallback is what the secret was encrypted with."""


def seal(secret: str, *, purpose: str) -> str:
    """Return the secret encrypted."""
    return _box(purpose).encrypt(secret.encode()).decode()


def unseal(sealed: str, *, purpose: str) -> str:
    """Return the secret. Raises OtherKeyError."""
    try:
        return _box(purpose).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise OtherKeyError from error


def resealed(sealed: str, *, purpose: str) -> str:
    """Return the secret encrypted with SECRET_KEY itself. Raises OtherKeyError."""
    try:
        return _box(purpose).rotate(sealed.encode()).decode()
    except InvalidToken as error:
        raise OtherKeyError from error


def _box(purpose: str) -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derived(key, purpose)) for key in keys])


def _derived(key: str, purpose: str) -> bytes:
    made = HKDF(hashes.SHA256(), length=32, salt=None, info=purpose.encode())
    return base64.urlsafe_b64encode(made.derive(key.encode()))
