"""The exact form in which audit entries are hashed and chained.

Standard library only. docs/audit.md describes it, and verifier/verify_audit.py
implements it again on purpose. It must never change for existing entries: a new field
would need a new form.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

# Every field that is hashed. ``actor`` is the account's number.
FIELDS = (
    "id",
    "at",
    "actor",
    "actor_name",
    "act",
    "verb",
    "cloud",
    "request_number",
    "run_number",
    "instance",
    "instance_name",
    "source",
    "target",
    "ticket",
    "note",
    "before",
    "after",
)
# What stands before the first entry.
GENESIS = "0" * 64


def moment(at: datetime) -> str:
    """Return the time in UTC with six digits of a second: 2026-01-31T23:59:59.000000Z.

    ``at`` must know its time zone.
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def storable(value: Any) -> Any:
    """Return the value as every database returns it: plain JSON.

    Whole floats become integers, because PostgreSQL's jsonb does not distinguish them;
    NUL and lone surrogates, which it refuses, become U+FFFD; keys become text; other
    types become text.
    """
    match value:
        case None | bool() | int():
            return value
        case str():
            text = value.replace("\0", "\ufffd")
            return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case float():
            if not math.isfinite(value):
                return str(value)
            return int(value) if value.is_integer() else value
        case Mapping():
            return {storable(str(key)): storable(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            items = sorted(value) if isinstance(value, (set, frozenset)) else value
            return [storable(item) for item in items]
        case datetime():
            return moment(value) if value.tzinfo else value.isoformat()
    return storable(str(value))


def fields_of(entry: Any) -> dict[str, Any]:
    """Return the hashed fields of a row, by the names in FIELDS."""
    found = {name: getattr(entry, name) for name in FIELDS if name not in ("actor",)}
    return found | {"actor": entry.actor_id, "at": moment(entry.at)}


def canonical(fields: Mapping[str, Any]) -> bytes:
    """Return the fields as JSON: keys sorted, no spaces, UTF-8, nothing escaped that
    JSON does not want escaped; whole floats as integers."""
    return _json(fields, FIELDS).encode("utf-8", "surrogatepass")


def around_number(fields: Mapping[str, Any]) -> tuple[str, str]:
    """Return the canonical form before and after the entry's number.

    So that it can be made ready before the number is known.
    """
    before = _json(fields, [name for name in FIELDS if name < "id"])
    after = _json(fields, [name for name in FIELDS if name > "id"])
    return f'{before[:-1]},"id":', f",{after[1:]}"


def _json(fields: Mapping[str, Any], names: Iterable[str]) -> str:
    return json.dumps(
        {name: _whole(fields[name]) for name in names},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return value


def content(fields: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical form of the fields, in hexadecimal."""
    return hashed(_json(fields, FIELDS))


def hashed(canonical_form: str) -> str:
    """Return the SHA-256 of a canonical form, in hexadecimal."""
    return hashlib.sha256(canonical_form.encode("utf-8", "surrogatepass")).hexdigest()


def digest(previous: str, content_hash: str) -> str:
    """Return the digest of an entry: SHA-256 over both, as 128 hexadecimal digits.

    ``previous`` is the digest of the entry before it, or GENESIS.
    """
    return hashlib.sha256(f"{previous}{content_hash}".encode("ascii")).hexdigest()
