"""The Ed25519 key that signs the audit trail; only workers and commands have it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from django.conf import settings

from migrations_app.errors import Unfit

# What is signed begins with this, so that no signature is good for anything else.
PREFIX = b"novaweb audit head 1\n"
SIGNED = ("at", "count", "digest", "entry", "key")
_RAW = serialization.Encoding.Raw, serialization.PublicFormat.Raw
_PEM = serialization.Encoding.PEM


def configured() -> bool:
    """Return whether this process is to sign."""
    return bool(settings.NOVAWEB_AUDIT_KEY or settings.NOVAWEB_AUDIT_SIGNED)


def make_key(path: Path) -> str:
    """Create a private key in a file with mode 600; return the public key as PEM.

    Raises FileExistsError: a key is never overwritten.
    """
    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(
        _PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
    ) as f:
        f.write(text)
    return public_text(key.public_key())


def public_text(key: Ed25519PublicKey) -> str:
    """Return the public key as PEM, for auditors."""
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(_PEM, info).decode()


def fingerprint(key: Ed25519PublicKey) -> str:
    """Return the SHA-256 of the key's 32 bytes, in hexadecimal."""
    return hashlib.sha256(key.public_bytes(*_RAW)).hexdigest()


def private_key() -> Ed25519PrivateKey:
    """Return the signing key. Raises Unfit with the error."""
    path = settings.NOVAWEB_AUDIT_KEY
    if not path or not settings.NOVAWEB_AUDIT_SIGNED:
        raise Unfit(
            "The audit trail is not signed here: set NOVAWEB_AUDIT_KEY and"
            " NOVAWEB_AUDIT_SIGNED (manage.py audit_key makes a key)."
        )
    try:
        text = Path(path).read_bytes()
        key = serialization.load_pem_private_key(text, password=None)
    except OSError as error:
        why = error.strerror or str(error)
        raise Unfit(f"The audit key {path} cannot be read: {why}.") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Unfit(f"{path} is no private key without a password.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Unfit(f"The audit key {path} is not an Ed25519 key.")
    return key


def signed_line(key: Ed25519PrivateKey, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return {at, count, digest, entry} with the key's fingerprint and signature."""
    line = {**facts, "key": fingerprint(key.public_key())}
    return {**line, "signature": key.sign(_message(line)).hex()}


def require_good(line: Mapping[str, Any], public: Ed25519PublicKey, where: str) -> None:
    """Raise Unfit unless the line has a good signature of that key."""
    if line["key"] != fingerprint(public):
        raise Unfit(f"{where} was signed with another key than the one here.")
    try:
        public.verify(bytes.fromhex(line["signature"]), _message(line))
    except (InvalidSignature, ValueError) as error:
        raise Unfit(f"{where} has no good signature.") from error


def _message(line: Mapping[str, Any]) -> bytes:
    facts = {name: line[name] for name in SIGNED}
    return PREFIX + json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()
