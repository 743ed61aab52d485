"""Signed digests of the chain's head, in a file outside the database.

The chain alone does not show removed last entries, nor a complete rewrite. The file
does, as long as an attacker who can change the database has neither the file nor the
key.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from django.conf import settings

from migrations_app.audit.chain_check import Signed
from migrations_app.audit.hashing import moment
from migrations_app.errors import Unfit
from migrations_app.models import AuditHead

EVERY = timedelta(hours=24)
OLDEST = timedelta(hours=26)
# What is signed begins with this, so that no signature is good for anything else.
PREFIX = b"novaweb audit head 1\n"
_RAW = serialization.Encoding.Raw, serialization.PublicFormat.Raw
_PEM = serialization.Encoding.PEM


@dataclass(frozen=True, slots=True)
class Standing:
    """Status of the signatures; ``state`` is ok, off, missing, old or bad."""

    state: str
    sentence: str
    last: Signed | None = None

    @property
    def alarming(self) -> bool:
        """Whether signatures are configured but not in order."""
        return self.state not in ("ok", "off")


def configured() -> bool:
    """Return whether signing is configured."""
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


def message(facts: dict[str, Any]) -> bytes:
    """Return the signed bytes of {at, count, digest, entry, key}."""
    return PREFIX + json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()


def sign(now: datetime, *, unless_since: datetime | None = None) -> Signed | None:
    """Sign the head of the chain and append the signature to the file, synced to disk.

    Returns None if another process has signed since ``unless_since``. Raises Unfit if
    signing is not possible.
    """
    key = private_key()
    path = Path(settings.NOVAWEB_AUDIT_SIGNED)
    try:
        new = not path.exists()
        with path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if unless_since is not None:
                written = _lines(path)
                if written and written[-1]["at"] >= moment(unless_since):
                    return None
            head = AuditHead.objects.get(pk=1)
            facts: dict[str, Any] = {
                "at": moment(now),
                "count": head.count,
                "digest": head.digest,
                "entry": head.entry,
                "key": fingerprint(key.public_key()),
            }
            line = {**facts, "signature": key.sign(message(facts)).hex()}
            file.write(json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        if new:
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except OSError as error:
        why = error.strerror or str(error)
        raise Unfit(f"The signed digests {path} cannot be written: {why}.") from error
    return Signed(facts["at"], head.count, head.entry, head.digest)


def signatures() -> list[dict[str, Any]]:
    """Return every line of the file; each has a valid signature of our key.

    Raises Unfit for the first invalid one, or if the file cannot be read.
    """
    public = private_key().public_key()
    path = Path(settings.NOVAWEB_AUDIT_SIGNED)
    try:
        stat = path.stat()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Unfit(f"The signed digests {path} cannot be read: {error}.") from error
    # every page asks: only a file that has changed is read and verified again
    known = (str(path), stat.st_mtime_ns, stat.st_size, public.public_bytes(*_RAW))
    return list(_verified(known))


@lru_cache(maxsize=1)
def _verified(known: tuple[str, int, int, bytes]) -> tuple[dict[str, Any], ...]:
    public = Ed25519PublicKey.from_public_bytes(known[3])
    ours = fingerprint(public)
    found = _lines(Path(known[0]))
    for number, line in enumerate(found, 1):
        where = f"Line {number} of {known[0]}"
        facts = {name: line[name] for name in ("at", "count", "digest", "entry", "key")}
        if line["key"] != ours:
            raise Unfit(f"{where} was signed with another key than the one here.")
        try:
            public.verify(bytes.fromhex(line["signature"]), message(facts))
        except (InvalidSignature, ValueError) as error:
            raise Unfit(f"{where} has no good signature.") from error
    return tuple(found)


def places(lines: list[dict[str, Any]]) -> list[Signed]:
    """Return the positions in the chain that these lines sign."""
    return [Signed(x["at"], x["count"], x["entry"], x["digest"]) for x in lines]


def standing(now: datetime) -> Standing:
    """Return the status of the signatures, without verifying the chain."""
    if not configured():
        return Standing(
            "off",
            "The audit trail is not signed: removed or rewritten entries would not"
            " be detected. An administrator can set up signing (docs/audit.md).",
        )
    try:
        found = places(signatures())
    except Unfit as error:
        return Standing("bad", error.sentence)
    if not found:
        return Standing("missing", "The audit trail has not been signed yet.")
    last = max(found, key=lambda each: each.at)
    if last.at < moment(now - OLDEST):
        return Standing(
            "old",
            f"The audit trail was last signed at {last.at}, more than 26 hours ago: a"
            " worker should have signed it since. Check the logs of the workers.",
            last,
        )
    return Standing("ok", f"Signed at {last.at}, up to entry {last.entry}.", last)


def is_due(now: datetime) -> bool:
    """Tell whether the day's signature is still to be made."""
    if not (settings.NOVAWEB_AUDIT_KEY and settings.NOVAWEB_AUDIT_SIGNED):
        return False
    try:
        last = _last(Path(settings.NOVAWEB_AUDIT_SIGNED))
    except OSError:
        return True
    return last is None or last < moment(now - EVERY)


def _last(path: Path) -> str | None:
    """Return the time of the last line, without reading the others."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 4096))
        lines = file.read().splitlines()
    try:
        return str(json.loads(lines[-1])["at"])
    except (IndexError, KeyError, TypeError, ValueError):
        return None


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise Unfit(f"The signed digests {path} cannot be read: {error}.") from error
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            facts = json.loads(line)
            kinds: dict[str, type] = {
                "at": str,
                "key": str,
                "digest": str,
                "signature": str,
            }
            kinds |= {"count": int, "entry": int}
            if not all(type(facts[name]) is kind for name, kind in kinds.items()):
                raise ValueError(line)
        except (ValueError, KeyError, TypeError) as error:
            raise Unfit(f"Line {number} of {path} cannot be read.") from error
        found.append(facts)
    return found
